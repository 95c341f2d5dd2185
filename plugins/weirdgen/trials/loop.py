"""The loop of one contrast: plan -> sample -> judge -> decide, until a verdict."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from weirdgen.errors import (
    BatchPending,
    BudgetSpent,
    EndpointOutage,
    EndpointRefused,
    JudgeChanged,
    JudgeError,
    NotRecorded,
    StoreError,
    WeirdgenError,
)
from weirdgen.schema.sample import SampleRequest
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.expected import expected
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.rules import Rules
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.asking import Draw
from weirdgen.trials.verdicts import Facts, cut_verdict, final_verdict, invalid_verdict

_REASON: dict[type[WeirdgenError], str] = {
    JudgeChanged: "drift",
    EndpointOutage: "outage",
    EndpointRefused: "refused",
    BudgetSpent: "budget",
    BatchPending: "batch",
    StoreError: "store",
    NotRecorded: "replay",
    JudgeError: "judge",
}
CUT_SHORT = ("outage", "refused", "budget", "batch", "store", "error", "drift")
"""Reasons of an INVALID trial that stopped in the middle: it goes on from its samples when the cause is gone."""

Expect = Callable[[str, Callable[[], Iterable[SampleRequest]] | None], None]
"""Hears, by trial, what it is expected to need; see `Engine.expect`."""


@dataclass(frozen=True, slots=True)
class TrialSetup:
    """A contrast ready to run. `rules` is None where no verdict is possible; `facts.detail` then says why."""

    facts: Facts
    rules: Rules | None
    arms: tuple[ArmRun, ...]
    """In the order of `rules.signs`."""
    gold: GoldCounts | None
    """The judge's record on labelled answers; None where it is not used."""
    reason: str = "judge"
    """Why no verdict is possible, where `rules` is None."""


def expect_nothing(trial: str, requests: Callable[[], Iterable[SampleRequest]] | None) -> None:
    """Hear what a trial expects, where nothing is asked ahead."""


async def run_trial(setup: TrialSetup, draw: Draw, expect: Expect = expect_nothing) -> Verdict:
    """Run one contrast to its verdict. Whatever fails on the way becomes INVALID with its reason, never a pass.

    Args:
        setup: of the trial.
        draw: of the engine.
        expect: hears what else the trial may need, for an engine that asks for much at once.
    """
    if setup.rules is None:
        return invalid_verdict(setup.facts, setup.reason, setup.facts.detail)
    try:
        final = await _until_final(setup, setup.rules, draw, expect)
    except WeirdgenError as error:
        return cut_verdict(setup.facts, setup.rules, reason_of(error), str(error), setup.arms)
    except Exception as error:  # a defect of ours must not look like a behaviour of the model
        text = f"{type(error).__name__}: {clean(str(error))}"
        return invalid_verdict(setup.facts, "error", text, setup.arms)
    finally:
        expect(setup.facts.trial_id, None)
    return final_verdict(setup.facts, setup.rules, final, setup.arms, setup.gold)


def reason_of(error: WeirdgenError) -> str:
    """Return which reason an INVALID verdict has for a failure."""
    return next((word for kind, word in _REASON.items() if isinstance(error, kind)), "error")


async def _until_final(setup: TrialSetup, rules: Rules, draw: Draw, expect: Expect) -> Final:
    arms = setup.arms
    while True:
        step = decide(rules, [arm.outcomes() for arm in arms])
        if isinstance(step, Final):
            return step
        expect(setup.facts.trial_id, partial(_expected, rules, arms, {want.arm for want in step.wants}))
        fills = (arms[want.arm].fill(want.rounds, draw, want.extras) for want in step.wants)
        # Every arm is waited for: a verdict on what there is must not be made while an arm still grows.
        for ended in await asyncio.gather(*fills, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended


def _expected(rules: Rules, arms: Sequence[ArmRun], wanted: Collection[int]) -> Iterable[SampleRequest]:
    """Yield what a trial needs of the arms that it samples now, if it goes on as it began.

    It is no part of them before they want it, and arms that may never be needed are not sampled ahead.
    """
    for want in expected(rules, [arm.outcomes() for arm in arms]):
        if want.arm in wanted:
            yield from arms[want.arm].requests(want.rounds, want.extras)
