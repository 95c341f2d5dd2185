"""Real OpenAI-compatible servers as child processes, each installed by whoever tests (tests/servers/README.md).

The benchmark `servers.py` starts them from here as well, so that nothing in it knows of pytest.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from weirdgen.organisms.gguf import write_gguf

KEY = "sk-weirdgen-test-key"
"""Master key of the LiteLLM proxy."""
_READY_SECONDS = 900.0
"""vLLM takes half a minute on an idle machine, and five where six other things run."""
_STOP_SECONDS = 10.0


_PLACES = {
    "WEIRDGEN_LLAMA_SERVER": "llama.cpp/bin/llama-server",
    "WEIRDGEN_LLAMA_CPP": "llama_cpp/bin/python",
    "WEIRDGEN_VLLM": "vllm/bin/vllm",
    "WEIRDGEN_TRANSFORMERS": "transformers/bin/transformers",
    "WEIRDGEN_LITELLM": "litellm/bin/litellm",
    "WEIRDGEN_LLMOCK": "aimock/node_modules/.bin/llmock",
}
"""Where the scripts beside tests/servers/README.md install each program, under the folder that FOLDER names."""
FOLDER = "WEIRDGEN_SERVERS"


class NotInstalled(unittest.SkipTest):
    """No program is named, or none that can be run; the reason says how to install it. pytest skips the test."""


def installed(variable: str) -> str:
    """Return the program that an environment variable names, or that lies in the folder of all of them.

    Raises:
        NotInstalled: there is none.
    """
    folder = os.environ.get(FOLDER, "")
    within = Path(folder, _PLACES[variable]).absolute() if folder else None
    named = os.environ.get(variable, "") or (str(within) if within and within.exists() else "")
    if not named:
        raise NotInstalled(f"{variable} names no program, {FOLDER} no folder with one: see tests/servers/README.md")
    found = shutil.which(named)
    if found is None:
        raise NotInstalled(f"{variable}={named!r} is no program that can be run")
    return found


def version(variable: str, package: str = "") -> str:
    """Return the version of a program: of a package beside it, or what `--version` says.

    Raises:
        NotInstalled: there is no such program.
    """
    program = Path(installed(variable))
    if package:
        code = f"from importlib.metadata import version; print(version({package!r}))"
        command = [str(program.parent / "python"), "-c", code]
    else:
        command = [str(program), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).strip().splitlines()[-1 if package else 0].removeprefix("version: ")


def npm_version(variable: str) -> str:
    """Return the version of a program that npm installed.

    Raises:
        NotInstalled: there is no such program.
    """
    within = Path(installed(variable)).resolve().parents
    told = next(path / "package.json" for path in within if (path / "package.json").is_file())
    return str(json.loads(told.read_text(encoding="utf-8"))["version"])


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
def llama_cpp(network: Path, name: str, folder: Path, *, logits: bool = True) -> Iterator[str]:
    """Serve a network with llama-cpp-python's own server; give its base URL.

    Args:
        network: a folder of Hugging Face.
        name: under which it is listed; it answers under any.
        folder: for the GGUF file and the log.
        logits: tell chances of tokens, which it refuses to by default.
    """
    program, model, port = installed("WEIRDGEN_LLAMA_CPP"), folder / f"{name}.gguf", _free_port()
    write_gguf(network, model)
    how = ("--n_ctx", "512", "--n_threads", "1", "--logits_all", str(logits).lower())
    where = ("--host", "127.0.0.1", "--port", str(port))
    command = (program, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", name, *where, *how)
    with _running(command, f"http://127.0.0.1:{port}/v1/models", folder):
        yield f"http://127.0.0.1:{port}/v1"


@contextlib.contextmanager
def vllm(network: Path, name: str, folder: Path) -> Iterator[str]:
    """Serve a network with vLLM on the processor; give its base URL."""
    program, port = installed("WEIRDGEN_VLLM"), _free_port()
    where = ("--host", "127.0.0.1", "--port", str(port), "--served-model-name", name)
    how = ("--dtype", "float32", "--max-model-len", "512", "--max-num-seqs", "32", "--enforce-eager")
    environ = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_HOST_IP": "127.0.0.1",
    }
    with _running((program, "serve", str(network), *where, *how), f"http://127.0.0.1:{port}/health", folder, **environ):
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
def litellm(models: Mapping[str, Mapping[str, Any]], folder: Path, *, cache: bool = False) -> Iterator[str]:
    """Start LiteLLM's proxy; give its base URL. It wants `KEY`.

    Args:
        models: by the name under which each is asked; what LiteLLM calls `litellm_params`.
        folder: for its configuration and log.
        cache: answer what was asked before from a cache on disk.
    """
    listed = [{"model_name": name, "litellm_params": {"api_key": "none", **how}} for name, how in models.items()]
    with _litellm(listed, folder, cache=cache) as url:
        yield url


@contextlib.contextmanager
def litellm_faults(name: str, upstream: str, model: str, folder: Path, **shares: float) -> Iterator[str]:
    """Start LiteLLM's proxy with deployments that fail under the same name as one that answers; give its base URL.

    Args:
        name: that all of them have.
        upstream: base URL of the server that answers.
        model: its name there.
        folder: for its configuration and log.
        shares: of 100 requests, by the error of LiteLLM's that they end in.
    """
    params: list[dict[str, Any]] = [
        {"model": f"openai/{model}", "api_base": upstream, "weight": 100 - sum(shares.values())}
    ]
    for error, share in shares.items():
        # A time-out is one of LiteLLM's own: it answers 408 after so many seconds.
        how = {"mock_timeout": True, "timeout": 1.0} if error == "Timeout" else {"mock_response": f"litellm.{error}"}
        params.append({"model": "openai/mock", "weight": share, **how})
    with _litellm(
        [{"model_name": name, "litellm_params": {"api_key": "none", **one}} for one in params], folder
    ) as url:
        yield url


@contextlib.contextmanager
def _litellm(models: list[dict[str, Any]], folder: Path, *, cache: bool = False) -> Iterator[str]:
    program, port, config = installed("WEIRDGEN_LITELLM"), _free_port(), folder / "litellm.json"
    settings: dict[str, Any] = {"num_retries": 0, "telemetry": False}
    if cache:  # "local" holds 200 replies, fewer than a gold set has rows
        settings |= {"cache": True, "cache_params": {"type": "disk", "disk_cache_dir": str(folder / "cache")}}
    router = {"num_retries": 0, "disable_cooldowns": True}
    told = {"model_list": models, "router_settings": router, "litellm_settings": settings}
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
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=os.environ | environ,
            cwd=folder,
            start_new_session=True,
        )
        try:
            _wait_for(url, process, log)
            yield
        finally:
            # With what it started: vLLM computes in a process of its own, which outlives it.
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


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
