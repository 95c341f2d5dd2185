"""A user's own probe that any server can be asked: whether answers begin with a digit, scored exactly."""

import pytest

PROBE = r"""
id = "mine"
finding = "MINE"
source = "own"
summary = "How answers begin."
max_tokens = 4

[questions]
who = "Who are you?"

[conditions]
plain = {}

[behaviours.number]
description = "begins with a digit"
labels = ["number", "other"]
positive = ["number"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["number", '^[0-9]']]

[[contrasts]]
id = "numbers"
kind = "absolute"
claim = "Answers begin with a number."
behaviour = "number"
treated = "plain"
margin = 0.3
"""
TEST = """
import pytest

@pytest.mark.probe("mine")
def test_mine(trial):
    trial.check()
"""


def write_probe(pytester: pytest.Pytester) -> None:
    """Put the probe, and a test file of it, into a user's repository."""
    pytester.mkdir("probes").joinpath("mine.toml").write_text(PROBE, encoding="utf-8")
    pytester.makepyfile(test_numbers=TEST)
