"""The server process: ready in time, gone in time, plain about what is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import random_organisms

import weirdgen
from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.organisms import server as server_module
from weirdgen.organisms.process import OrganismServer

PACKAGE_PARENT = str(Path(weirdgen.__file__).parents[1])
PARENT = """
import sys, time
from pathlib import Path
from weirdgen.organisms.process import OrganismServer
server = OrganismServer(["base"], root=Path(sys.argv[1]))
print(server._process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_it_counts_stops_and_stays_stopped(root: Path) -> None:
    server = OrganismServer(["base", "base"], root=root)
    pid = server._process.pid
    assert server.url.startswith("http://127.0.0.1:")
    assert server.stats() == {"requests": 0, "choices": 0, "models": {"base": {"requests": 0, "choices": 0}}}
    server.close()
    server.close()
    assert not alive(pid)
    with pytest.raises(WeirdgenError, match="does not answer"):
        server.stats()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_it_dies_with_a_parent_that_is_killed(root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": PACKAGE_PARENT}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(root)], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert gone_within(pid, 5)


def command(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "weirdgen.organisms.server", "--root", str(root), *arguments]


def test_the_end_of_stdin_ends_it_in_order(root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": PACKAGE_PARENT}
    pipe = subprocess.PIPE
    watching = command(root, "--watch-stdin", "base")
    with subprocess.Popen(watching, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        assert child.stdout
        ready = json.loads(child.stdout.readline())
        assert ready["models"] == ["base"]
        rest, errors = child.communicate(timeout=10)  # closes stdin
        assert (child.returncode, rest, errors) == (0, b"", b"")


def test_an_unknown_organism_is_one_clear_message(root: Path) -> None:
    with pytest.raises(UsageMistake) as raised:
        OrganismServer(["bse"], root=root)
    assert "organism 'bse' is not in the zoo. Did you mean 'base'?" in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_missing_files_are_one_clear_message(root: Path) -> None:
    with pytest.raises(UsageMistake, match=r"modern-birds.*adapter_config\.json"):
        OrganismServer(["modern-birds"], root=root)


def test_a_port_that_is_taken_is_one_clear_message(root: Path) -> None:
    with OrganismServer(["base"], root=root) as running:
        port = running.url.split(":")[-1].removesuffix("/v1")
        done = subprocess.run(
            command(root, "--port", port, "base"),
            env=os.environ | {"PYTHONPATH": PACKAGE_PARENT},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"weirdgen: cannot listen on 127.0.0.1:{port}")
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_extra_names_the_cure(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.delitem(sys.modules, "weirdgen.organisms.app", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "starlette"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UsageMistake, match=r"uvicorn: pip install 'pytest-weirdgen\[organisms\]'"):
        server_module.serve(["base"], root=root)


def test_the_key_is_not_in_the_argument_list(root: Path) -> None:
    with OrganismServer(["base"], "sk-secret", root=root) as running:
        assert "sk-secret" not in str(running._process.args)
        assert running.stats()["requests"] == 0


def test_a_start_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr("weirdgen.organisms.process._START_DEADLINE", 0.001)
    with pytest.raises(WeirdgenError, match="not ready after"):
        OrganismServer(["base"], root=root)
