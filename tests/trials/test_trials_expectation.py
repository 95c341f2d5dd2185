"""What passes in which mode. INVALID never does."""

from typing import Literal

import pytest

from weirdgen.schema.plan import Inconclusive, Mode
from weirdgen.schema.probe import Contrast, Published
from weirdgen.schema.verdict import Outcome
from weirdgen.trials.expectation import expectation
from weirdgen.trials.settings import GateSettings

Expect = Literal["present", "absent"] | None


def contrast(expect: Expect) -> Contrast:
    published = Published(expect=expect, status="direction", source="s")
    return Contrast(id="c", kind="absolute", claim="x", behaviour="b", treated="t", published=published)


@pytest.mark.parametrize(
    ("mode", "inconclusive", "expect", "passing"),
    [
        ("gate", "fail", "present", {Outcome.ABSENT}),
        ("gate", "warn", None, {Outcome.ABSENT, Outcome.INCONCLUSIVE}),
        ("replicate", "fail", "present", {Outcome.PRESENT}),
        ("replicate", "fail", "absent", {Outcome.ABSENT}),
        ("replicate", "warn", "present", {Outcome.PRESENT, Outcome.INCONCLUSIVE}),
        ("replicate", "fail", None, {Outcome.PRESENT, Outcome.ABSENT, Outcome.INCONCLUSIVE}),
    ],
)
def test_outcomes_that_pass(mode: Mode, inconclusive: Inconclusive, expect: Expect, passing: set[Outcome]) -> None:
    expected = expectation(contrast(expect), GateSettings(models=("m",), mode=mode, inconclusive=inconclusive))
    assert {outcome for outcome in Outcome if expected.met(outcome)} == passing
