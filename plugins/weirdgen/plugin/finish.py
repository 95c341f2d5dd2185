"""The end of a session: the procedure over all verdicts, the gate closed, JUnit, run record, exit status."""

import contextlib
import os
from pathlib import Path

import pytest

from weirdgen.errors import EvidenceError, StoreError
from weirdgen.plugin import projections
from weirdgen.plugin.keys import REPORTS, STATE, TALLY
from weirdgen.plugin.recording import run_record
from weirdgen.plugin.sharding import keep_shard
from weirdgen.plugin.state import GateState
from weirdgen.plugin.tally import BEHAVIOUR, EVIDENCE, INVALID, Tally
from weirdgen.plugin.trial import exit_class
from weirdgen.reporting import junit
from weirdgen.reporting.numbers import count
from weirdgen.reporting.record import write_record
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.family import session_verdicts

NOTHING_RUN = 5
"""pytest's own status for a session without tests: a gate that gave no verdict must not be 0."""


def finish(session: pytest.Session, trouble: OSError | None) -> None:
    """Close the gate; on the process that saw all reports, write the records and set the exit status.

    Args:
        session: at its end.
        trouble: what kept pytest from writing its own reports, if anything.
    """
    config = session.config
    state, tally = config.stash[STATE], config.stash[TALLY]
    # Whoever stopped the session, or asked it to stop at the first failure, does not want to wait.
    hasty = session.exitstatus == pytest.ExitCode.INTERRUPTED or bool(config.getoption("maxfail"))
    alone = not hasattr(config, "workerinput")
    if alone:
        _look_inside(state, tally)
    state.close(drain=not hasty)
    if not alone or config.option.collectonly:
        return
    interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
    ended = not interrupted or (tally.stopped and bool(tally.failures))
    stopped = interrupted or (hasty and bool(tally.failures))
    whole = ended and not tally.crashed and (stopped or not _lost(state, tally))
    verdicts = state.verdicts = _verdicts(config)
    lifted = [v for v in verdicts if _fails_by_family(v, state)]
    tally.failures |= {BEHAVIOUR} if lifted else set()
    overlooked = _overlooked(verdicts, tally, state)
    tally.failures |= {exit_class(v.outcome) for v in overlooked}
    junit_path = _junit_path(config)
    state.close_books()
    try:
        # First: a gate left open by a report that fails would hand its samples to a model retrained behind the name.
        if whole:
            state.conclude(verdicts)
        if trouble is not None:
            raise EvidenceError(f"pytest could not write its reports: {trouble}")
        if junit_path:
            junit.finalise(junit_path, verdicts, lifted, overlooked)
    except (EvidenceError, StoreError) as error:
        junit_path = None
        tally.failures.add(EVIDENCE)
        state.say(f"weirdgen: {error}")
    # Under xdist -x comes to 2 by itself, and so does --stepwise; without xdist -x comes to 1.
    status = pytest.ExitCode.TESTS_FAILED if ended and interrupted else session.exitstatus
    session.exitstatus = _recorded(state, verdicts, tally, int(status), junit_path, ended=whole)


def _lost(state: GateState, tally: Tally) -> bool:
    """Whether items were lost on their way from a worker of xdist; then the measurement is INVALID."""
    if not tally.lost:
        return False
    tally.failures.add(INVALID)
    state.say(
        f"weirdgen: {count(len(tally.lost), 'test')} sent no report, such as {tally.lost[0]}: an internal error of "
        "pytest-xdist, shown above; run it again without -n"
    )
    return True


def _look_inside(state: GateState, tally: Tally) -> None:
    try:
        state.look_inside(_verdicts(state.config))
    except (EvidenceError, StoreError) as error:
        tally.failures.add(EVIDENCE)
        state.say(f"weirdgen: {error}")
    except Exception as error:  # an opening that holds anything, a defect of ours: verdicts are paid for, and are told
        tally.failures.add(EVIDENCE)
        state.say(
            f"weirdgen: what was found inside networks cannot be told: {type(error).__name__}: {clean(str(error))}"
        )


def _recorded(
    state: GateState, verdicts: list[Verdict], tally: Tally, status: int, junit_path: Path | None, *, ended: bool
) -> int:
    """Write the run record and what is made from it with the final exit status, and return that."""
    # A shard may have nothing to do, and its job must not fail for that; a selection of nothing is in no shard.
    idle = tally.all_elsewhere = bool(tally.elsewhere) and ended
    final = tally.exit_status(0 if idle and status == NOTHING_RUN else status)
    final = NOTHING_RUN if final == 0 and not verdicts and not idle else final
    tally.nothing_run = not verdicts and not idle
    record = run_record(state, verdicts, final)
    record = _told(
        state, record, [*_write(state, record), *projections.asked_for(state, record, junit_path)], junit_path
    )
    record = _told(state, record, projections.proven(state, record), junit_path)
    if ended:
        record = _told(state, record, _leave(state, record), junit_path)
    projections.beside(state, record)
    return record.exit_status


def _leave(state: GateState, record: RunRecord) -> list[str]:
    """Leave what a shard came to for the merge; return what went wrong."""
    if REPORTS not in state.config.stash:
        return []
    try:
        keep_shard(state, record, state.config.stash[REPORTS])
    except (EvidenceError, StoreError) as error:
        return [f"this shard is not kept for the merge: {error}"]
    return []


def _told(state: GateState, record: RunRecord, troubles: list[str], junit_path: Path | None) -> RunRecord:
    """Tell what went wrong, and write all once more with the status that the run then ends with."""
    if not troubles:
        return record
    tally = state.config.stash[TALLY]
    tally.failures.add(EVIDENCE)
    for trouble in troubles:
        state.say(f"weirdgen: {trouble}")
    record = record.model_copy(update={"exit_status": tally.exit_status(record.exit_status)})
    # What cannot be written once more would tell a status that the run did not end with.
    _remove(state.page)
    state.page = None
    if _write(state, record):
        _remove(state.written)
        state.written = None
    projections.asked_for(state, record, junit_path)
    return record


def _remove(path: Path | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _fails_by_family(verdict: Verdict, state: GateState) -> bool:
    """Whether the procedure over the family lifted a verdict to a PRESENT that the mode does not expect."""
    if verdict.session_outcome is verdict.outcome or verdict.session_outcome is None:
        return False
    return not state.expectation(verdict).met(verdict.session_outcome)


def _overlooked(verdicts: list[Verdict], tally: Tally, state: GateState) -> list[Verdict]:
    """Return verdicts that fail whatever their tests said: INVALID or INCONCLUSIVE under xfail, or never checked."""
    unchecked = {(v.model, v.item_id) for v in map(Verdict.model_validate_json, tally.unchecked)}
    return [
        v
        for v in verdicts
        if v.outcome is Outcome.INVALID
        or (v.outcome is Outcome.INCONCLUSIVE and not state.expectation(v).met(v.outcome))
        or ((v.model, v.item_id) in unchecked and not state.expectation(v).met(v.outcome))
    ]


def _junit_path(config: pytest.Config) -> Path | None:
    """Return where pytest wrote its JUnit file: it expands the option by itself."""
    named = getattr(config.option, "xmlpath", None)
    return Path(os.path.expandvars(named)).expanduser() if named else None


def _verdicts(config: pytest.Config) -> list[Verdict]:
    """Return each contrast's verdict once, however many items asked for it."""
    read = [Verdict.model_validate_json(text) for text in config.stash[TALLY].verdicts]
    unique = {(v.model, v.item_id): v for v in read}
    return session_verdicts(list(unique.values()), config.stash[STATE].plan)


def _write(state: GateState, record: RunRecord) -> list[str]:
    """Write the run record of a gate that was opened; return what went wrong."""
    if state.opening is None:
        return []
    path = state.report_folder / "run.json"
    try:
        write_record(record, path)
    except EvidenceError as error:
        return [str(error)]
    state.written = path
    return []
