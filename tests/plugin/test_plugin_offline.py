"""Importing the plugin and collecting the suites use no network: listing tests must cost nothing and tell nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFLINE = ROOT / "benchmarks" / "offline.py"
USED = 99


def collected(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(OFFLINE), "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "organism:base"),
        ("--model", "ft:gpt-4.1-2025-04-14:org::id"),
        ("--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--control", "base", "--judge", "j"),
    ],
)
def test_collecting_the_suites_uses_no_network(options: tuple[str, ...]) -> None:
    done = collected(ROOT, "suites/", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tests collected" in done.stdout


@pytest.mark.parametrize(
    "call",
    [
        "socket.create_connection(('127.0.0.1', 9), timeout=0.1)",
        "socket.getaddrinfo('localhost', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    ],
)
def test_a_plugin_that_did_would_be_seen(tmp_path: Path, call: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
    quiet = collected(tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    (tmp_path / "conftest.py").write_text(
        f"import contextlib, socket\nwith contextlib.suppress(OSError):\n    {call}\n", encoding="utf-8"
    )
    done = collected(tmp_path)
    assert done.returncode == USED
    assert "network: socket." in done.stderr


def test_collecting_imports_neither_scipy_nor_the_client() -> None:
    code = (
        "import sys, pytest\n"
        "status = pytest.main(['--collect-only', '-q', 'suites/', '--model', 'organism:base'])\n"
        "slow = {name.partition('.')[0] for name in sys.modules} & {'scipy', 'openai', 'aiohttp', 'tokenizers'}\n"
        "print(f'{status:d} {sorted(slow)}')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 []"
