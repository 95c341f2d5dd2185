"""A trial whose judge asks: measured on gold answers before the trial's first sample, then run."""

import asyncio
from collections.abc import Callable

from weirdgen.errors import WeirdgenError
from weirdgen.judges.calibration import Calibration
from weirdgen.judges.protocol import Ask
from weirdgen.schema.sample import Source
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict
from weirdgen.trials.asking import Draw
from weirdgen.trials.loop import Expect, TrialSetup, expect_nothing, reason_of, run_trial
from weirdgen.trials.planning import Task
from weirdgen.trials.verdicts import invalid_verdict


async def run_measured(
    task: Task,
    source: Source,
    ask: Ask,
    draw: Draw,
    set_up: Callable[[], TrialSetup],
    keep: Callable[[Calibration], None],
    expect: Expect = expect_nothing,
) -> Verdict:
    """Run a trial once its judge is calibrated. Whatever fails on the way becomes INVALID with its reason.

    Args:
        task: the contrast.
        source: kind of answers that it judges.
        ask: asks the judge's models.
        draw: draws samples.
        set_up: makes the trial ready; waits for a file, so that it is not called on the loop's thread.
        keep: keeps the judge's record; the same.
        expect: see `run_trial`.

    Raises:
        StoreError: the store cannot number the attempt.
    """
    try:
        found = await task.judging.calibrate(source, ask)
    except WeirdgenError as trouble:
        setup = await asyncio.to_thread(set_up)
        return invalid_verdict(setup.facts, reason_of(trouble), f"{trouble} (while the judge was calibrated)")
    except Exception as trouble:  # a defect of ours must not look like a behaviour of the model
        setup = await asyncio.to_thread(set_up)
        return invalid_verdict(setup.facts, "error", f"{type(trouble).__name__}: {clean(str(trouble))}")
    await asyncio.to_thread(keep, found)
    return await run_trial(await asyncio.to_thread(set_up), draw, expect)
