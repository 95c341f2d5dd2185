"""The loop of one contrast: plan -> sample -> judge -> decide, until a verdict."""

import asyncio
from dataclasses import dataclass

from weirdgen.errors import EndpointOutage, EndpointRefused, JudgeError, StoreError, WeirdgenError
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.stats.decide import Continue, Final, decide
from weirdgen.stats.rules import Rules
from weirdgen.trials.arm import ArmRun, Draw
from weirdgen.trials.verdicts import Facts, final_verdict, invalid_verdict

_REASON: dict[type[WeirdgenError], str] = {
    EndpointOutage: "outage",
    EndpointRefused: "refused",
    StoreError: "store",
    JudgeError: "judge",
}
CUT_SHORT = ("outage", "refused", "store", "error")
"""Reasons of an INVALID trial that stopped in the middle: it goes on from its samples when the cause is gone."""


@dataclass(frozen=True, slots=True)
class TrialSetup:
    """A contrast ready to run. `rules` is None where no verdict is possible; `facts.detail` then says why."""

    facts: Facts
    rules: Rules | None
    treated: ArmRun
    control: ArmRun | None


async def run_trial(setup: TrialSetup, draw: Draw) -> Verdict:
    """Run one contrast to its verdict. Whatever fails on the way becomes INVALID with its reason, never a pass."""
    if setup.rules is None:
        return invalid_verdict(setup.facts, "judge", setup.facts.detail)
    try:
        final = await _until_final(setup.rules, setup.treated, setup.control, draw)
    except WeirdgenError as error:
        reason = next((word for kind, word in _REASON.items() if isinstance(error, kind)), "error")
        return invalid_verdict(setup.facts, reason, str(error), setup.treated, setup.control)
    except Exception as error:  # a defect of ours must not look like a behaviour of the model
        text = f"{type(error).__name__}: {clean(str(error))}"
        return invalid_verdict(setup.facts, "error", text, setup.treated, setup.control)
    return final_verdict(setup.facts, setup.rules, final, setup.treated, setup.control)


async def _until_final(rules: Rules, treated: ArmRun, control: ArmRun | None, draw: Draw) -> Final:
    while True:
        step = decide(rules, treated.outcomes(), control.outcomes() if control is not None else None)
        if isinstance(step, Final):
            return step
        await asyncio.gather(*(arm.fill(step.rounds, draw) for arm in _arms(step, treated, control)))


def _arms(step: Continue, treated: ArmRun, control: ArmRun | None) -> list[ArmRun]:
    if step.sample == "treated":
        return [treated]
    if control is None:
        raise JudgeError(f"the decision asks for {step.sample} without a comparator")
    return [control] if step.sample == "control_catch_up" else [treated, control]
