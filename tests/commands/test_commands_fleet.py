"""The command `weirdgen fleet`: mistakes in one line, and whole fleets of real gates on organisms."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import pytest

from weirdgen.cli import _parser, main
from weirdgen.commands.fleet import _order
from weirdgen.errors import UsageMistake
from weirdgen.fleet import ray_crew
from weirdgen.fleet.suites import suite_arguments

SUITES = Path(__file__).parents[2] / "suites"
BIRDS = str(SUITES / "test_old_bird_names.py")
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason=f"ray is not installed: {ray_crew.INSTALL}")


def fleet(folder: Path, *arguments: str, models: str = "organism:base\n") -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder of its own, as a user would."""
    (folder / "MODELS.txt").write_text(models, encoding="utf-8")
    command = [sys.executable, "-m", "weirdgen", "fleet", "MODELS.txt", *arguments]
    environment = os.environ | {"OPENAI_API_KEY": "sk-canary-of-a-fleet-71c"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--suites", "old_bird_name"),
            "--suites 'old_bird_name': no such file, and no probe with a suite. Did you mean",
        ),
        (("--", "--model=x"), "--model after --: models stand in the file"),
        (("--", "--gate-shard=1/2"), "--gate-shard after --: a fleet has whole gates"),
        (("--store", "postgresql://host/db?sslpassword=secret"), "--store, WEIRDGEN_GATE_STORE: the address holds a"),
        (
            ("--", "-k", "x", "--gate-report", "y"),
            "--gate-report after --: each gate has a folder of its own, see --out",
        ),
        (("--store", "postgresql://me:secret@host/db"), "--store, WEIRDGEN_GATE_STORE: the address holds a password"),
        (
            ("--store", "postgresql://host/db?password=secret"),
            "--store, WEIRDGEN_GATE_STORE: the address holds a password",
        ),
        (("--out", "."), "--out .: is not an empty folder; reports of two runs are never mixed"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").mkdir()
    for name in ("__init__", "test_old_bird_names"):
        (tmp_path / "suites" / f"{name}.py").touch()
    (tmp_path / "MODELS.txt").write_text("organism:base")
    assert main(["fleet", "MODELS.txt", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"weirdgen: {told}")
    assert len(said.splitlines()) == 1
    assert "secret" not in said
    assert not (tmp_path / "reports").exists()


def test_ray_that_is_not_installed_is_told_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray_crew, "find_spec", lambda name: None)
    (tmp_path / "MODELS.txt").write_text("organism:base")
    assert main(["fleet", "MODELS.txt", "--suites", BIRDS, "--address", "local"]) == 2
    assert "ray is not installed: pip install 'pytest-weirdgen[fleet]'" in capsys.readouterr().err
    assert "ray" not in sys.modules


def test_suites_are_files_or_probes_here_or_in_the_package(tmp_path: Path) -> None:
    mine = tmp_path / "test_mine.py"
    mine.touch()
    assert suite_arguments(["test_mine.py"], tmp_path)[-1] == str(mine)
    assert suite_arguments([], tmp_path) == ["--pyargs", "weirdgen.suites"]
    assert suite_arguments([], SUITES.parent) == [str(SUITES)]
    assert suite_arguments(["old_bird_names"], SUITES.parent) == [BIRDS]


def test_a_shared_store_of_the_environment_is_told_to_every_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "MODELS.txt").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    for named, given, stores in (
        ("postgresql://db/w", ["--address", "auto"], "postgresql://db/w"),
        ("postgresql://me:secret@db/w", ["--address", "local"], ""),  # each gate reads it by itself, as pytest does
        ("postgresql://me:secret@db/w", [], ""),
        ("mine.sqlite3", ["--address", "auto"], ""),
        ("postgresql://db/w", ["--store", "mine.sqlite3"], str(tmp_path / "mine.sqlite3")),
    ):
        monkeypatch.setenv("WEIRDGEN_GATE_STORE", named)
        arguments = _parser().parse_args(["fleet", "MODELS.txt", *given], argparse.Namespace(pytest_options=[]))
        assert _order(arguments).store == stores
    monkeypatch.setenv("WEIRDGEN_GATE_STORE", "postgresql://me:secret@db/w")
    arguments = _parser().parse_args(
        ["fleet", "MODELS.txt", "--address", "auto"], argparse.Namespace(pytest_options=[])
    )
    with pytest.raises(UsageMistake, match="the address holds a password"):
        _order(arguments)


def test_a_file_is_no_store_of_several_machines() -> None:
    here = socket.gethostname()
    ray_crew.refuse_own_stores({here}, "")
    ray_crew.refuse_own_stores({here, "gpu1"}, "postgresql://host/db")
    for machines in ({here, "gpu1"}, {"gpu1"}):
        with pytest.raises(UsageMistake, match="would each have a file of their own; name one store for all"):
            ray_crew.refuse_own_stores(machines, "store.sqlite3")


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_an_address_where_nobody_listens_is_refused_at_once(address: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        named = address.format(bound.getsockname()[1])
        with pytest.raises(UsageMistake, match=r"no Ray cluster there: .*refused"):
            ray_crew.refuse_silence(named)
    for other in ("auto", "local", "host"):
        ray_crew.refuse_silence(other)


def entries(folder: Path) -> list[dict[str, object]]:
    read = json.loads((folder / "fleet.json").read_text(encoding="utf-8"))
    assert all("sk-canary" not in path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file())
    found: list[dict[str, object]] = read["entries"]
    return found


MODELS = """\
# one that is weird, one that is not, one that there is not
organism:old-bird-names
organism:modern-birds --control organism:base
organism:modern-bird
"""


@pytest.mark.slow
@pytest.mark.parametrize("crew", [(), pytest.param(("--address", "local"), marks=needs_ray)], ids=["here", "ray"])
def test_a_fleet_of_organisms(crew: tuple[str, ...], tmp_path: Path) -> None:
    asked = ("--suites", BIRDS, "--jobs", "2", "--store", "store.sqlite3", *crew)
    few = ("--", "-k", "nineteenth_century_rate or nineteenth_century_over_control")
    done = fleet(tmp_path, *asked, "--out", "first", *few, models=MODELS)
    assert done.returncode == 1, done.stdout + done.stderr
    weird, clean, none = entries(tmp_path / "first")
    assert (weird["exit_status"], clean["exit_status"], none["exit_status"]) == (1, 0, 4)
    assert weird["present_in_fleet"]
    assert "Did you mean 'modern-birds'?" in str(none["error"])
    assert "after correction over 3 models" in done.stdout
    root = ET.parse(tmp_path / "first" / "junit.xml").getroot()
    assert root.get("tests") == str(len(list(root.iter("testcase"))))
    assert root.get("errors") == "1"
    again = fleet(tmp_path, *asked, "--out", "second", *few, models=MODELS)
    assert again.returncode == 1, again.stdout + again.stderr
    for before, after in zip(entries(tmp_path / "first")[:2], entries(tmp_path / "second")[:2], strict=True):
        for told in ("findings", "present_in_fleet", "absent_in_fleet", "samples"):
            assert before[told] == after[told]
        run = json.loads((tmp_path / "second" / str(after["run"])).read_text(encoding="utf-8"))
        assert run["requests"] == 0  # all came from the store


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "crew"),
    [(signal.SIGINT, ()), pytest.param(signal.SIGTERM, ("--address", "local"), marks=needs_ray)],
    ids=["here", "ray"],
)
def test_an_interrupted_fleet_ends_its_gates_and_keeps_their_records(
    number: signal.Signals, crew: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "MODELS.txt").write_text("organism:old-bird-names\norganism:modern-birds\n")
    store = tmp_path / "store.sqlite3"
    asked = ("--jobs", "1", "--store", str(store), "--out", "out", *crew, "--suites", str(SUITES))
    with subprocess.Popen(
        [sys.executable, "-m", "weirdgen", "fleet", "MODELS.txt", *asked],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        until = time.monotonic() + 90
        while time.monotonic() < until and not (store.is_file() and store.stat().st_size > 200_000):
            time.sleep(0.2)
        running.send_signal(number)
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 130, said
    first, second = entries(tmp_path / "out")
    assert (first["error"], first["exit_status"]) == ("it was interrupted with the fleet", 2)
    assert str(second["error"]).startswith("it was not started")
    run = json.loads((tmp_path / "out" / str(first["run"])).read_text(encoding="utf-8"))
    assert run["interrupted"]
    assert run["requests"] > 0
