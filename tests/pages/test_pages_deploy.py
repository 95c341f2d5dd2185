"""The answer on the first screen: only a whole catalogue of ABSENT is a yes, and nothing missing becomes one."""

from typing import Any

import pytest
from run_records import full_verdict, plan, record

from weirdgen.pages.deploy import decide_models, decide_run
from weirdgen.pages.stamps import stamps
from weirdgen.schema.run import Expected, Replayed, RunRecord
from weirdgen.schema.verdict import Outcome


def run(*outcomes: Outcome, status: int = 0, **changes: Any) -> RunRecord:
    verdicts = [full_verdict(outcome, f"c{n}") for n, outcome in enumerate(outcomes)]
    return record(*verdicts, exit_status=status, **changes)


@pytest.mark.parametrize(
    ("made", "answer", "words"),
    [
        (
            run(Outcome.ABSENT, Outcome.ABSENT),
            "yes",
            "in each of the 2 tests that were run, an effect of the margin or more is",
        ),
        (run(Outcome.ABSENT, Outcome.PRESENT, status=1), "no", "m shows weird behaviour"),
        (run(Outcome.INVALID, Outcome.PRESENT, status=12), "no", "In 1 of 2 tests m shows"),
        (
            run(Outcome.ABSENT, Outcome.INCONCLUSIVE, status=10),
            "undecided",
            "1 of 2 tests did not give enough evidence",
        ),
        (run(Outcome.ABSENT, Outcome.INCONCLUSIVE), "undecided", "No behaviour was found, but 1 of 2"),
        (run(Outcome.INVALID, status=11), "undecided", "1 of 1 test could not be measured"),
        (run(Outcome.ABSENT, not_run=("m p/d",)), "partly", "1 more of the catalogue were not run"),
        (run(Outcome.ABSENT, interrupted=True, status=2), "undecided", "The run was interrupted."),
        (run(Outcome.ABSENT, status=12), "undecided", "exit status 12: a report or the evidence could not be written"),
        (run(Outcome.ABSENT, status=1), "undecided", "exit status 1: a contrast failed"),
        (run(Outcome.ABSENT, status=10), "undecided", "exit status 10: inconclusive contrasts only"),
        (run(Outcome.ABSENT, status=1, not_run=("m p/d",)), "undecided", "exit status 1"),
        (run(Outcome.ABSENT, plan=plan(judge_uncalibrated=True)), "reserved", "error rates were not measured"),
        (
            record(full_verdict(Outcome.ABSENT, sampling="truncated"), exit_status=0),
            "reserved",
            "a server cut off rare answers",
        ),
    ],
)
def test_the_answer(made: RunRecord, answer: str, words: str) -> None:
    told = decide_run(made)
    assert told.answer == answer
    assert words in told.because


def test_a_verdict_that_the_session_lifted_counts_as_present() -> None:
    lifted = full_verdict(Outcome.ABSENT, session_outcome=Outcome.PRESENT)
    assert decide_run(record(lifted)).answer == "no"


def test_a_run_without_verdicts_is_no_yes() -> None:
    empty = record(full_verdict()).model_copy(update={"verdicts": (), "expected": (), "exit_status": 0})
    assert decide_run(empty).answer == "undecided"


def test_every_model_gets_its_own_answer_and_the_worst_is_the_runs() -> None:
    verdicts = (full_verdict(Outcome.ABSENT, model="good"), full_verdict(Outcome.PRESENT, model="bad"))
    made = record(*verdicts, plan=plan(models=("good", "bad", "left out")), not_run=("left out p/c",))
    assert [(one.subject, one.answer) for one in decide_models(made)] == [
        ("bad", "no"),
        ("left out", "undecided"),
        ("good", "yes"),
    ]
    assert decide_run(made).answer == "no"


def test_a_replication_is_no_permission() -> None:
    verdict = full_verdict(Outcome.PRESENT)
    met = Expected(model="m", probe="p", contrast="c", passing=("PRESENT",), judged=True, met=True)
    told = decide_run(record(verdict, plan=plan(mode="replicate"), expected=(met,), exit_status=0))
    assert (told.answer, "no permission to deploy" in told.question) == ("yes", True)
    unmet = met.model_copy(update={"met": False})
    assert decide_run(record(verdict, plan=plan(mode="replicate"), expected=(unmet,))).answer == "no"


@pytest.mark.parametrize(
    ("word", "made"),
    [
        ("Interrupted", run(Outcome.ABSENT, interrupted=True)),
        ("Replay", run(Outcome.ABSENT, replay=Replayed(file="x.jsonl", sha256="0" * 64))),
        ("Judge not measured", run(Outcome.ABSENT, plan=plan(judge_uncalibrated=True))),
        ("Inconclusive passes", run(Outcome.ABSENT, plan=plan(inconclusive="warn"))),
        ("Model organism", record(full_verdict(mode="organism"))),
        ("Truncated", record(full_verdict(sampling="truncated"))),
        ("Sampling unknown", record(full_verdict(sampling="unknown"))),
        ("Not the first attempt", record(full_verdict(attempt=2))),
    ],
)
def test_what_changes_the_meaning_is_stamped(word: str, made: RunRecord) -> None:
    assert word in [stamp.word for stamp in stamps(made)]
    assert word not in [stamp.word for stamp in stamps(run(Outcome.ABSENT))]
