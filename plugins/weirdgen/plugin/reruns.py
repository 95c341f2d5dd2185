"""Refusing to rerun failed gates: a rerun until green is another test, with another error rate.

A fresh draw per rerun at the same alpha raises the chance that a model with a real effect passes from .038 to .11 in
three tries and .18 in five (tests/stats/test_stats_traps.py); and a rerun of the same samples can only repeat their
verdict.
"""

import pytest

from weirdgen.errors import UsageMistake

WHY = (
    "a rerun on the same samples repeats their verdict, and one on fresh samples until it is green would hide a real "
    "effect. To go on with an undecided contrast, start pytest again with a higher --gate-cap: its samples are kept"
)


def refuse_reruns(config: pytest.Config) -> None:
    """Refuse options that rerun failed tests (pytest-rerunfailures, flaky).

    Raises:
        UsageMistake: one is set.
    """
    for flag, value in (
        ("--reruns", config.getoption("reruns", None) or _ini(config, "reruns")),
        ("--force-reruns", config.getoption("force_reruns", None)),
        ("--force-flaky", config.getoption("force_flaky", None)),
    ):
        if value and int(value) > 0:
            raise UsageMistake(f"{flag}: a gate is not rerun: {WHY}. Leave it out, or gate in a pytest run of its own")


def refuse_marked(nodeid: str, marker: pytest.Mark | None) -> None:
    """Refuse a `flaky` marker on a test that gates a model.

    Raises:
        UsageMistake: there is one.
    """
    if marker is not None:
        raise UsageMistake(f"{nodeid}: marked flaky, but a gate is not rerun: {WHY}. Remove the marker")


def _ini(config: pytest.Config, name: str) -> str:
    try:
        return str(config.getini(name) or "")
    except (KeyError, ValueError):
        return ""
