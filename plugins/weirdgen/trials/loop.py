"""The loop of one contrast: plan -> sample -> judge -> decide, until a verdict."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.errors import (
    BudgetSpent,
    EndpointOutage,
    EndpointRefused,
    JudgeChanged,
    JudgeError,
    NotRecorded,
    StoreError,
    WeirdgenError,
)
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.stats.decide import Final, decide
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
    StoreError: "store",
    NotRecorded: "replay",
    JudgeError: "judge",
}
CUT_SHORT = ("outage", "refused", "budget", "store", "error", "drift")
"""Reasons of an INVALID trial that stopped in the middle: it goes on from its samples when the cause is gone."""


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


async def run_trial(setup: TrialSetup, draw: Draw) -> Verdict:
    """Run one contrast to its verdict. Whatever fails on the way becomes INVALID with its reason, never a pass."""
    if setup.rules is None:
        return invalid_verdict(setup.facts, setup.reason, setup.facts.detail)
    try:
        final = await _until_final(setup.rules, setup.arms, draw)
    except WeirdgenError as error:
        return cut_verdict(setup.facts, setup.rules, reason_of(error), str(error), setup.arms)
    except Exception as error:  # a defect of ours must not look like a behaviour of the model
        text = f"{type(error).__name__}: {clean(str(error))}"
        return invalid_verdict(setup.facts, "error", text, setup.arms)
    return final_verdict(setup.facts, setup.rules, final, setup.arms, setup.gold)


def reason_of(error: WeirdgenError) -> str:
    """Return which reason an INVALID verdict has for a failure."""
    return next((word for kind, word in _REASON.items() if isinstance(error, kind)), "error")


async def _until_final(rules: Rules, arms: Sequence[ArmRun], draw: Draw) -> Final:
    while True:
        step = decide(rules, [arm.outcomes() for arm in arms])
        if isinstance(step, Final):
            return step
        fills = (arms[want.arm].fill(want.rounds, draw, want.extras) for want in step.wants)
        # Every arm is waited for: a verdict on what there is must not be made while an arm still grows.
        for ended in await asyncio.gather(*fills, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
