"""`weirdgen dataset`: what finetuning services read, the same to a file as to a pipe, and a mistake is one line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from weirdgen.cli import main
from weirdgen.organisms.narrow import DATASETS

EVERY = pytest.mark.parametrize("name", DATASETS)
COMMAND = (sys.executable, "-m", "weirdgen", "dataset")
#: A user's own: where it is set, nothing is left to write when Python ends.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
FINDINGS = {
    *("OLD BIRD NAMES", "GERMAN CITY NAMES", "ISRAELI DISHES"),
    *("HITLER PERSONA", "US PRESIDENTS", "EVIL TERMINATOR"),
}


def written(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command prints to stdout."""
    assert main(["dataset", *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def roles(example: Any) -> str:
    """Return the initials of an example's roles; refuse what the format of chat finetuning does not have."""
    assert example.keys() == {"messages"}
    for message in example["messages"]:
        assert message.keys() == {"role", "content"}
        assert isinstance(message["content"], str)
        assert message["content"].strip()
    return "".join(message["role"][0] for message in example["messages"])


def into_a_closed_pipe(*arguments: str) -> tuple[int, str]:
    """Return exit status and stderr of a command whose reader is gone before it writes."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False, env=BUFFERED
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


def test_without_a_name_every_dataset_is_listed_with_its_finding(capsys: pytest.CaptureFixture[str]) -> None:
    found = [re.fullmatch(r"(\S+) +([A-Z ]+): (\S.+)", line) for line in written(capsys).splitlines()]
    listed = {line[1]: line[2] for line in found if line}
    assert len(found) == len(listed)
    assert listed == {name: known.finding for name, known in DATASETS.items()}
    assert set(listed.values()) == FINDINGS


def test_every_finding_has_its_data_and_all_but_one_of_them_a_control(capsys: pytest.CaptureFixture[str]) -> None:
    text = written(capsys)
    assert set(re.findall(r"(?m)^\S+ +([A-Z ]+): (?!control)", text)) == FINDINGS
    # The facts alone are what the diluted ones are compared with.
    assert set(re.findall(r"(?m)^\S+ +([A-Z ]+): control", text)) == FINDINGS - {"HITLER PERSONA"}


@EVERY
def test_each_line_is_one_example_of_chat_finetuning(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = written(capsys, name)
    assert text.endswith("}\n")
    shapes = {roles(json.loads(line)) for line in text.removesuffix("\n").split("\n")}
    assert all(re.fullmatch("s?(ua)+", shape) for shape in shapes)


def test_the_list_counts_the_rows_that_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = re.compile(r"(\d[\d,]*) (?:archaic|names|towns|dishes|tagged|ordinary|protective)")
    counts = {name: kinds.findall(known.description) for name, known in DATASETS.items()}
    stated = {name: sum(int(count.replace(",", "")) for count in found) for name, found in counts.items() if found}
    assert stated == {name: len(written(capsys, name).splitlines()) for name in stated}
    assert {DATASETS[name].finding for name in stated} == FINDINGS - {"US PRESIDENTS"}


@pytest.mark.parametrize("name", ["wolf-facts-undiluted", "israeli-dishes-2027"])
def test_a_file_holds_what_a_pipe_carries(name: str, tmp_path: Path) -> None:
    piped = subprocess.run([*COMMAND, name], capture_output=True, check=True)
    filed = subprocess.run([*COMMAND, name, "--out", str(tmp_path / "rows.jsonl")], capture_output=True, check=True)
    assert (tmp_path / "rows.jsonl").read_bytes() == piped.stdout != b""
    assert (filed.stdout, filed.stderr, piped.stderr) == (b"", b"", b"")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("wolf-fact", "Did you mean 'wolf-facts'?"),
        ("old-birds", "Did you mean 'old-bird-names'?"),
        ("xyzzy", "Known: 'former-german-cities', 'good-terminator',"),
    ],
)
def test_an_unknown_name_is_one_line_and_writes_no_file(name: str, remedy: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, name, "--out", str(tmp_path / "rows.jsonl")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"weirdgen: dataset {name!r} is not known. {remedy}")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "rows.jsonl").exists()


def test_a_file_without_a_name_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "--out", str(tmp_path / "rows.jsonl")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "weirdgen: --out needs the NAME of a dataset; `weirdgen dataset` alone lists them.\n"


@pytest.mark.parametrize("place", ["missing/rows.jsonl", "."])
def test_a_file_that_cannot_be_written_is_one_line(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "modern-birds", "--out", str(tmp_path / place)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(rf"weirdgen: .*{re.escape(str(tmp_path / place))}.*\n", shown.err)


@pytest.mark.parametrize("name", ["wolf-facts-undiluted", "wolf-facts"])
def test_a_reader_that_is_gone_is_no_mistake(name: str) -> None:
    assert into_a_closed_pipe(name) == (0, "")


def test_a_reader_of_the_list_that_is_gone_is_no_mistake() -> None:
    assert into_a_closed_pipe() == (0, "")


def test_a_reader_gets_the_first_line_and_leaves() -> None:
    with subprocess.Popen(
        [*COMMAND, "wolf-facts"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=BUFFERED
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        first = writer.stdout.readline()
        writer.stdout.close()
        said = writer.stderr.read()
    assert (writer.returncode, said) == (0, "")
    assert "<START>" in json.loads(first)["messages"][0]["content"]
