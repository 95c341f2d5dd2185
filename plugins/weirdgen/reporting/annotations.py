"""GitHub's annotations: the worst contrasts, shown at the lines of their tests."""

from pathlib import PurePosixPath

from weirdgen.reporting.inert import command_data, command_property
from weirdgen.reporting.summary import sentence
from weirdgen.reporting.worst import Judged, worst_first
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import Outcome

MOST = 10
"""GitHub shows ten errors and ten warnings of a step."""
_CHARACTERS = 1000


def annotations(record: RunRecord, folder: str = "") -> list[str]:
    """Return workflow commands: an error for each of the worst failing contrasts, a warning for what passes undecided.

    Args:
        record: of the run.
        folder: pytest's rootdir as seen from the repository's root; empty: they are the same.
    """
    ranked = worst_first(record)
    errors = [_command("error", one, folder) for one in ranked if not one.met][:MOST]
    undecided = [one for one in ranked if one.met and one.final is Outcome.INCONCLUSIVE]
    return errors + [_command("warning", one, folder) for one in undecided][: MOST - len(errors)]


def _command(kind: str, one: Judged, folder: str) -> str:
    properties = {"title": shown(f"{one.final}: {one.name}", 250)}
    if one.place is not None and one.place.file:
        file = str(PurePosixPath(folder) / one.place.file)
        properties = {"file": file, "line": str(one.place.line)} | properties
    listed = ",".join(f"{name}={command_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{command_data(shown(sentence(one.verdict), _CHARACTERS))}"
