"""What no run can have recorded is a problem, and what its opening told otherwise a note."""

import pytest
from records import run_of
from verdicts import verdict

from weirdgen.evidence.told import impossible, untold
from weirdgen.schema.run import Replayed, RunRecord
from weirdgen.schema.sample import Identity
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening

PRESENT, ABSENT, INCONCLUSIVE, INVALID = Outcome.PRESENT, Outcome.ABSENT, Outcome.INCONCLUSIVE, Outcome.INVALID


ARM = OpenArm(model="m", role="treated", identity=Identity(kind="organism", model="m", digest="0"))


def opening(*warnings: str, generation: str = "") -> Opening:
    return Opening(arms=(ARM,), generation=generation, plan_sha256="0", opened_at=5.0, warnings=warnings)


def problems(record: RunRecord) -> str:
    return "\n".join(impossible(record, [opening()]))


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (verdict(ABSENT), ""),
        (verdict(PRESENT), ""),  # its test may have said that it expects this
        (verdict(INVALID), "is INVALID"),
        (verdict(INCONCLUSIVE), "is INCONCLUSIVE"),
        (verdict(INCONCLUSIVE, session_outcome=PRESENT), "is INCONCLUSIVE"),
        (verdict(ABSENT, session_outcome=PRESENT), "is PRESENT by the family's procedure"),
    ],
)
def test_no_test_can_let_these_pass(one: Verdict, told: str) -> None:
    found = problems(run_of(one, exit_status=0))
    assert found.endswith(told)
    assert bool(found) is bool(told)
    assert problems(run_of(one, exit_status=1)) == ""


def test_what_the_mode_lets_pass_may_pass() -> None:
    record = run_of(verdict(INCONCLUSIVE), exit_status=0)
    accepted = record.expected[0].model_copy(update={"passing": ("ABSENT", "INCONCLUSIVE"), "met": True})
    assert problems(record.model_copy(update={"expected": (accepted,)})) == ""


def test_a_gate_that_no_opening_is_of() -> None:
    assert list(impossible(run_of(), [opening(generation="a")])) == [
        "run.json: generation: no opening among the samples is of this gate",
        "run.json: exit_status: 0 is recorded of a run that was interrupted, or came to no verdict",
    ]


def test_an_opening_that_was_told_otherwise_is_noted() -> None:
    record = run_of(identities={"m (treated)": ARM.told}, warnings=("a",), opened_at=5.0)
    assert list(untold(record, [opening("a")])) == []
    assert list(untold(record, [opening("a", "b\x1b[2J")])) == [
        "the opening warned, and run.json does not tell it: b\\x1b[2J"
    ]
    assert list(untold(record, [opening()])) == ["run.json tells a warning that no opening among the samples gave: a"]


def test_warnings_of_others_are_nobodys() -> None:
    """A cassette holds openings of other gates, too."""
    assert list(untold(run_of(), [opening("a")])) == []


def test_a_replay_that_is_told_as_a_live_run_is_noted() -> None:
    """It is opened after the gate that its cassette was recorded in, and a live run is not."""
    record = run_of(identities={"m (treated)": ARM.told}, opened_at=6.0)
    (note,) = untold(record, [opening()])
    assert note == "run.json tells of a live run, and all openings among the samples are from before it"
    replay = record.model_copy(update={"replay": Replayed(file="c.jsonl", sha256="0")})
    assert list(untold(replay, [opening()])) == []
