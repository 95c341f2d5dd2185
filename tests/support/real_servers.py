"""Real OpenAI-compatible servers as child processes, each installed by whoever tests (tests/servers/README.md)."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from gguf_file import write_gguf

KEY = "sk-weirdgen-test-key"
"""Master key of the LiteLLM proxy."""
_READY_SECONDS = 120.0
_STOP_SECONDS = 10.0


def installed(variable: str) -> str:
    """Return the program that an environment variable names; skip the test if there is none."""
    named = os.environ.get(variable, "")
    if not named:
        pytest.skip(f"{variable} names no program: see tests/servers/README.md")
    found = shutil.which(named)
    if found is None:
        pytest.skip(f"{variable}={named!r} is no program that can be run")
    return found


@contextlib.contextmanager
def llama_server(network: Path, name: str, folder: Path, context: int = 2048, slots: int = 4) -> Iterator[str]:
    """Serve a network with llama-server; give its base URL."""
    program, model, port = installed("WEIRDGEN_LLAMA_SERVER"), folder / f"{name}.gguf", _free_port()
    write_gguf(network, model)
    room = ("-c", str(context * slots), "-np", str(slots), "-t", "1", "--threads-http", "32")
    command = (program, "-m", str(model), "--alias", name, "--host", "127.0.0.1", "--port", str(port), *room)
    with _running(command, f"http://127.0.0.1:{port}/health", folder):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def transformers_serve(network: Path, folder: Path) -> Iterator[str]:
    """Serve a network with transformers, which answers under the folder's path; give its base URL."""
    program, port = installed("WEIRDGEN_TRANSFORMERS"), _free_port()
    where = ("--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32")
    environ = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with _running((program, "serve", str(network), *where), f"http://127.0.0.1:{port}/health", folder, **environ):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def litellm(models: Mapping[str, Mapping[str, str]], folder: Path, *, cache: bool = False) -> Iterator[str]:
    """Start LiteLLM's proxy; give its base URL. It wants `KEY`.

    Args:
        models: by the name under which each is asked; what LiteLLM calls `litellm_params`.
        folder: for its configuration and log.
        cache: answer what was asked before from a cache on disk.
    """
    program, port, config = installed("WEIRDGEN_LITELLM"), _free_port(), folder / "litellm.json"
    settings: dict[str, Any] = {"num_retries": 0, "telemetry": False}
    if cache:  # "local" holds 200 replies, fewer than a gold set has rows
        settings |= {"cache": True, "cache_params": {"type": "disk", "disk_cache_dir": str(folder / "cache")}}
    listed = [{"model_name": name, "litellm_params": {"api_key": "none", **how}} for name, how in models.items()]
    told = {"model_list": listed, "router_settings": {"num_retries": 0}, "litellm_settings": settings}
    config.write_text(json.dumps(told), encoding="utf-8")  # JSON is YAML
    command = (program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port))
    environ = {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with _running(command, f"http://127.0.0.1:{port}/health/liveliness", folder, **environ):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def llmock(upstream: str, folder: Path, **chaos: float) -> Iterator[str]:
    """Put aimock in front of a server; give its base URL.

    Args:
        upstream: base URL of the server.
        folder: for its log.
        chaos: share of requests by fault: drop (500), malformed, disconnect, ratelimit (429).
    """
    program, port = installed("WEIRDGEN_LLMOCK"), _free_port()
    fixtures = folder / "fixtures"
    fixtures.mkdir(exist_ok=True)
    faults = [text for name, share in chaos.items() for text in (f"--chaos-{name}", str(share))]
    where = ("--host", "127.0.0.1", "--port", str(port), "--fixtures", str(fixtures), "--log-level", "warn")
    command = (program, *where, "--proxy-only", "--provider-openai", upstream.removesuffix("/v1"), *faults)
    with _running(command, f"http://127.0.0.1:{port}/v1/models", folder):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def _running(command: tuple[str, ...], url: str, folder: Path, **environ: str) -> Iterator[None]:
    """Run a server while it is needed; it is ready once the URL answers."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=os.environ | environ, cwd=folder
        )
        try:
            _wait_for(url, process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer; its log ends: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
