"""What is made from the run record at the end of a session, beside it: JUnit, SARIF, Markdown, a badge, annotations."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from weirdgen.errors import EvidenceError, WeirdgenError
from weirdgen.plugin.keys import TALLY
from weirdgen.plugin.paging import write_page
from weirdgen.plugin.state import GateState
from weirdgen.reporting.annotations import annotations
from weirdgen.reporting.badge import badge
from weirdgen.reporting.files import append, write_whole
from weirdgen.reporting.junit_suite import describe
from weirdgen.reporting.markdown import MOST_BYTES, summary
from weirdgen.reporting.numbers import count
from weirdgen.reporting.sarif import sarif
from weirdgen.schema.run import RunRecord

_LEAST_BYTES = 4_000
"""Of a step's summary that others have nearly filled, what is worth adding to."""


def asked_for(state: GateState, record: RunRecord, junit: Path | None) -> list[str]:
    """Write what the user asked for by name, JUnit and SARIF; return what went wrong.

    Args:
        state: of the session.
        record: of the run, with its exit status.
        junit: pytest's file, already finalised; None: there is none, or it is already known to be unusable.
    """
    steps: list[Callable[[], None]] = []
    if junit is not None:
        steps.append(lambda: describe(junit, record, order=_order(state.config), form=state.settings.junit))
    if (path := state.settings.sarif) is not None:
        steps.append(lambda: write_whole(path, sarif(record, _folder(state.settings.root)), "the SARIF file"))
    steps.append(lambda: write_page(state, record))
    return _troubles(steps)


def proven(state: GateState, record: RunRecord) -> list[str]:
    """Write the evidence bundle, where it was asked for; return what went wrong.

    Args:
        state: of the session.
        record: as it was written.
    """
    settings = state.settings
    if not settings.evidence or not record.verdicts or state.written is None:
        return []
    folder = state.written.with_name("evidence")

    def write() -> None:
        from weirdgen.evidence.bundle import write_bundle  # few sessions want it

        state.say(f"weirdgen: making {count(len(record.verdicts), 'verdict')} again for the evidence bundle ...")
        try:
            write_bundle(folder, record, state.catalog, settings.replay or settings.store, settings.baseline)
        except KeyboardInterrupt:  # the verdicts are there, and are still to be told
            raise EvidenceError(
                f"interrupted, so no evidence bundle was written; weirdgen evidence {folder.parent}"
            ) from None
        state.evidence = folder

    return _troubles([write])


def beside(state: GateState, record: RunRecord, variables: Mapping[str, str] = os.environ) -> None:
    """Write `summary.md` and `badge.json` beside the run record, and tell GitHub where this is its job.

    Nobody asked for these by name: what cannot be written is told, and changes no exit status.

    Args:
        state: of the session.
        record: of the run, with its final exit status.
        variables: the process's.
    """
    if state.opening is None:
        return
    folder = state.report_folder
    steps: list[Callable[[], None]] = [
        lambda: write_whole(folder / "summary.md", summary(record), "the summary"),
        lambda: write_whole(folder / "badge.json", badge(record), "the badge"),
    ]
    if named := variables.get("GITHUB_STEP_SUMMARY"):
        steps.append(lambda: _tell_github(Path(named), record))
    for trouble in _troubles(steps):
        state.say(f"weirdgen warning: {trouble}")
    if variables.get("GITHUB_ACTIONS") == "true":
        state.annotations = annotations(record, _folder(state.settings.root, variables))


def _tell_github(path: Path, record: RunRecord) -> None:
    """Append to a step's summary what GitHub still takes: above its limit it shows nothing of it."""
    try:
        room = MOST_BYTES - (path.stat().st_size if path.exists() else 0)
    except OSError as error:
        raise EvidenceError(f"the step's summary {path} cannot be read: {error}") from error
    if room < _LEAST_BYTES:
        raise EvidenceError(f"the step's summary {path} is full; summary.md has what would stand there")
    append(path, summary(record, room), "the step's summary")


def _troubles(steps: list[Callable[[], None]]) -> list[str]:
    found = []
    for step in steps:
        try:
            step()
        except WeirdgenError as error:
            found.append(str(error))
        except KeyboardInterrupt:  # the session is over, and what it came to is still to be told
            found.append("interrupted, so a report was not made")
        except Exception as error:  # a mistake of ours must not take the exit status with it that verdicts came to
            found.append(f"a report could not be made: {type(error).__name__}: {error}")
    return found


def _folder(root: Path, variables: Mapping[str, str] = os.environ) -> str:
    """Return pytest's rootdir as seen from the root of a GitHub job's repository; empty where it is no part of one."""
    workspace = variables.get("GITHUB_WORKSPACE", "")
    if not workspace or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    return root.resolve().relative_to(Path(workspace).resolve()).as_posix()


def _order(config: pytest.Config) -> list[tuple[str, str]]:
    """Return classname and name of every item as pytest's JUnit file has them, where workers run them."""
    prefix = config.getoption("junitprefix", default=None)
    return [_junit_name(item, prefix) for item in config.stash[TALLY].order]


def _junit_name(item: str, prefix: str | None) -> tuple[str, str]:
    path, bracket, parameters = item.partition("[")
    first, *others = path.split("::")
    names = [first.replace("/", ".").removesuffix(".py"), *others]
    return ".".join([*filter(None, [prefix]), *names[:-1]]), names[-1] + bracket + parameters
