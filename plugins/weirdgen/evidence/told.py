"""What a run record tells beside its verdicts, held against them and against who was opened."""

from collections.abc import Iterator, Sequence

from weirdgen.evidence.manifest import RUN
from weirdgen.schema.run import Expected, RunRecord
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.opening import Opening

_SHOWN = 300
"""Characters of a warning."""


def impossible(record: RunRecord, openings: Sequence[Opening]) -> Iterator[str]:
    """Yield what no run can have recorded, each as one line that names the spot."""
    if record.generation not in {one.generation for one in openings}:
        yield f"{RUN}: generation: no opening among the samples is of this gate"
    seen = set()
    for verdict in record.verdicts:
        if (address := (verdict.model, verdict.probe, verdict.contrast)) in seen:
            yield f"{RUN}: verdicts: {verdict.item_id} on {verdict.model} is there twice"
        seen.add(address)
    if record.exit_status != 0:
        return
    if record.interrupted or not record.verdicts:
        yield f"{RUN}: exit_status: 0 is recorded of a run that was interrupted, or came to no verdict"
    for verdict, expected in zip(record.verdicts, record.expected, strict=True):
        if told := _fails_whatever_tests_say(verdict, expected):
            yield f"{RUN}: exit_status: 0 is recorded, though {verdict.item_id} on {verdict.model} is {told}"


def _fails_whatever_tests_say(verdict: Verdict, expected: Expected) -> str:
    """Return what a verdict is that no test can accept, as `plugin.finish` has it; empty for any other."""
    passing = {*expected.passing} - {Outcome.INVALID}
    if verdict.outcome is Outcome.INVALID:
        return "INVALID"
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.outcome not in passing:
        return "INCONCLUSIVE"
    final = verdict.final
    return f"{final} by the family's procedure" if final is not verdict.outcome and final not in passing else ""


def untold(record: RunRecord, openings: Sequence[Opening]) -> Iterator[str]:
    """Yield, for people, where a record tells of its opening otherwise than the openings among the samples.

    No problems: a gate that is continued keeps the latest of several openings that found the same models.
    """
    own = [one for one in openings if any(record.identities.get(name) == told for name, told in one.told.items())]
    warned = dict.fromkeys(warning for one in own for warning in one.warnings)
    for warning in warned:
        if warning not in record.warnings:
            yield f"the opening warned, and {RUN} does not tell it: {shown(warning, _SHOWN)}"
    for warning in record.warnings:
        if warning not in warned:
            yield f"{RUN} tells a warning that no opening among the samples gave: {shown(warning, _SHOWN)}"
    if record.replay is None and own and all(one.opened_at < record.opened_at for one in own):
        yield f"{RUN} tells of a live run, and all openings among the samples are from before it"
