"""The report page at the end of a session, where it was asked for (`--gate-html`)."""

from collections.abc import Collection, Mapping

import pytest

from weirdgen.errors import EvidenceError, WeirdgenError
from weirdgen.plugin.state import GateState
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample


def write_page(state: GateState, record: RunRecord) -> None:
    """Write `report.html` beside the record; after Ctrl-C, say how to get it.

    Args:
        state: of the session, its record written.
        record: that record.

    Raises:
        EvidenceError: it was asked for, and cannot be made or written.
    """
    from weirdgen.pages import report

    if not state.settings.html or not record.verdicts or state.written is None:
        return
    if record.exit_status == int(pytest.ExitCode.INTERRUPTED):
        state.say(f"weirdgen: interrupted, so no {report.NAME} was written; weirdgen report {state.written.parent}")
        return
    path = state.written.with_name(report.NAME)
    try:
        report.write_report(record, lambda keys: _texts(state, keys), path)
    except Exception as error:  # whatever it is, verdicts and record stand
        told = str(error) if isinstance(error, WeirdgenError) else f"{type(error).__name__}: {error}"
        raise EvidenceError(f"no {report.NAME} was written: {told}") from error
    state.page = path


def _texts(state: GateState, keys: Collection[str]) -> Mapping[str, Sample]:
    from weirdgen.pages import texts

    if state.settings.replay is not None:
        return texts.recorded(state.settings.replay, keys)
    return texts.stored(state.settings.store, keys)
