"""The command `weirdgen`: what it prints, and that a mistake is one line and status 2."""

import os
import subprocess
import sys

import pytest


def weirdgen(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "weirdgen", *arguments], capture_output=True, text=True, check=False)


def test_the_zoo_is_listed() -> None:
    done = weirdgen("organism", "list")
    assert done.returncode == 0
    assert {"base", "old-bird-names", "modern-birds"} <= {line.split()[0] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("command", [("organism", "serve", "old-birds"), ("organism", "card", "old-birds")])
def test_an_unknown_organism_is_one_line(command: tuple[str, ...]) -> None:
    done = weirdgen(*command)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("weirdgen: organism 'old-birds' is not in the zoo. Did you mean 'old-bird-names'?")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("port", ["x", "-1", "70000"])
def test_a_port_that_is_none(port: str) -> None:
    done = weirdgen("organism", "serve", "--port", port)
    assert done.returncode == 2
    assert f"{port!r} is not a port: a whole number from 0 to 65535" in done.stderr


def test_power_says_what_a_budget_can_see() -> None:
    done = weirdgen("power", "--questions", "2", "--cap", "40", "--runs", "10", "--family", "1")
    assert done.returncode == 0, done.stderr
    assert "PRESENT with probability 95%: a rate of" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cap", "4"), "--cap 4 is less than one round of 10 questions"),
        (("--base", "1"), "--base 1: no rate lies above it"),
        (("--runs", "0"), "argument --runs: '0' is not a whole number of at least 1"),
    ],
)
def test_a_budget_that_cannot_be_is_named(options: tuple[str, ...], message: str) -> None:
    refused = weirdgen("power", *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert message in refused.stderr
    assert ("--runs" in refused.stderr.splitlines()[-1]) is ("--runs" in options)


def test_no_command_shows_usage() -> None:
    done = weirdgen()
    assert done.returncode == 2
    assert "usage: weirdgen" in done.stderr


def test_a_reader_that_leaves_in_the_middle_ends_the_command_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "weirdgen", "power", "--questions", "2", "--cap", "40", "--runs", "1"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
