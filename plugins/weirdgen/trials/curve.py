"""Readings under each condition of a probe's curve: a fixed number of each, shared by all contrasts that read features.

They are samples like those of trials, some of them the same, so that stores, replays and bundles hold them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from weirdgen.catalog import prompt
from weirdgen.errors import WeirdgenError
from weirdgen.schema.probe import Probe
from weirdgen.schema.sample import SampleRequest, Sampling
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.trials.asking import Draw
from weirdgen.trials.loop import TrialSetup, reason_of, run_trial
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.verdicts import invalid_verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """One reading of a curve."""

    condition: str
    question: str
    request: SampleRequest


def curve_requests(probe: Probe, arm: OpenArm, seed: int | None) -> list[Asked]:
    """Return all readings of a network's curve, in the order of conditions, questions and replicates.

    Args:
        probe: with the table `whitebox`.
        arm: answers with readings.
        seed: of the gate.
    """
    study = probe.whitebox
    if study is None:
        return []
    sampling = Sampling(max_tokens=probe.max_tokens, seed=seed)
    return [
        Asked(
            condition,
            question,
            SampleRequest(
                identity=arm.identity,
                role="treated",
                messages=prompt(probe, condition, question, replicate),
                sampling=sampling,
                replicate=replicate,
            ),
        )
        for condition in study.curve
        for question in read_questions(probe)
        for replicate in range(study.curve_replicates)
    ]


def read_questions(probe: Probe) -> list[str]:
    """Return the questions on which features are read, in the probe's order."""
    reading = [c for c in probe.contrasts if c.inside is not None and c.inside.reads is not None]
    pooled = {question for contrast in reading for question in probe.questions_of(contrast)}
    return [question for question in probe.questions if question in pooled]


async def drawn(requests: list[Asked], draw: Draw) -> None:
    """Draw all readings of a curve.

    Raises:
        WeirdgenError: the first failure, once all have ended.
    """
    for ended in await asyncio.gather(*(draw(one.request) for one in requests), return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


async def run_read(curve: Awaitable[None], draw: Draw, set_up: Callable[[], TrialSetup]) -> Verdict:
    """Run a trial on readings once the network's curve is there. Whatever fails becomes INVALID with its reason.

    Args:
        curve: the work that all such trials share.
        draw: draws samples.
        set_up: makes the trial ready; waits for a file, so that it is not called on the loop's thread.

    Raises:
        StoreError: the store cannot number the attempt.
    """
    try:
        await curve
    except WeirdgenError as trouble:
        setup = await asyncio.to_thread(set_up)
        return invalid_verdict(setup.facts, reason_of(trouble), f"{trouble} (while the curve was read)")
    except Exception as trouble:  # a defect of ours must not look like a behaviour of the model
        setup = await asyncio.to_thread(set_up)
        return invalid_verdict(setup.facts, "error", f"{type(trouble).__name__}: {clean(str(trouble))}")
    return await run_trial(await asyncio.to_thread(set_up), draw)
