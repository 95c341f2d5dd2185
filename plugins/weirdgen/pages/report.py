"""The report page of a run: assembled from its record and texts of its samples, bounded, and written."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from weirdgen.errors import EvidenceError
from weirdgen.pages import extra, limits, provenance
from weirdgen.pages.bounds import FULL, LADDER, MOST_BYTES, Bounds
from weirdgen.pages.choice import choose, keys
from weirdgen.pages.deploy import decide_models, decide_run, status_text, unjudged
from weirdgen.pages.entries import Entry, sections
from weirdgen.pages.inside import MOST_CONTEXTS
from weirdgen.pages.inside import views as views_inside
from weirdgen.pages.render import render
from weirdgen.pages.rows import paper, published
from weirdgen.pages.samples import Book, books
from weirdgen.pages.section_views import Plots, details, view
from weirdgen.pages.stamps import stamps
from weirdgen.reporting.files import refuse_folder
from weirdgen.reporting.numbers import e_value, rate
from weirdgen.reporting.summary import sentence
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.verdict import GRAVEST_FIRST, Excerpt, Outcome

NAME = "report.html"
MOST_FOUND, MOST_NOT_RUN = 5, 200
Read = Callable[[Collection[str]], Mapping[str, Sample]]
"""Returns those of the samples with these keys that are there."""
_HELPERS = {"rate": rate, "e_value": e_value, "paper": paper, "published": published, "sentence": sentence}


def write_report(record: RunRecord, read: Read, path: Path) -> int:
    """Write a run's page; return its size in bytes.

    Args:
        record: of the run.
        read: where texts come from; called once.
        path: of the page; an older one is replaced as a whole.

    Raises:
        UsageMistake: the extra `report` is not installed.
        EvidenceError: the page cannot be written, or not be made small enough.
    """
    extra.require()
    refuse_folder(path, "the report")
    text = report_page(record, read(wanted(record)))
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise EvidenceError(f"the report {path} cannot be written: {error}") from error
    return len(text.encode("utf-8"))


def wanted(record: RunRecord) -> set[str]:
    """Return the keys of the samples whose texts the page has room for."""
    return keys(choose(_gravest_first(record), FULL))


def report_page(record: RunRecord, texts: Mapping[str, Sample]) -> str:
    """Return a run's page: the same record and texts always give the same one.

    Args:
        record: of the run.
        texts: samples by key; what is not there is said to be missing.

    Raises:
        EvidenceError: it cannot be made small enough.
    """
    text = ""
    for bounds in LADDER:
        text = render(_values(record, texts, bounds))
        if len(text.encode("utf-8")) < MOST_BYTES:
            return text
    raise EvidenceError(f"a report of this run takes {len(text):,} characters even without details; see its run.json")


def _gravest_first(record: RunRecord) -> list[Entry]:
    entries = [entry for section in sections(record) for entry in section.entries]
    return sorted(entries, key=lambda entry: GRAVEST_FIRST.index(entry.outcome))


def _values(record: RunRecord, texts: Mapping[str, Sample], bounds: Bounds) -> dict[str, Any]:
    """Return what the template shows, in the order of the page."""
    ordered, plots = _gravest_first(record), Plots(bounds.plots)
    in_tables = {entry.anchor for entry in ordered[: bounds.rows]}
    views = [view(section, in_tables, plots) for section in sections(record)]
    inside = views_inside(record, plots)
    read = books(choose(ordered[: bounds.details], bounds), texts, bounds)
    return {
        **_first_screen(record, ordered),
        "views": views,
        "inside": inside,
        "most_contexts": MOST_CONTEXTS,
        "details": details(ordered[: bounds.details], read, plots),
        "books": read,
        "has_texts": bool(texts),
        "meanings": limits.meanings(record),
        "limits": limits.limits(record),
        "not_run": record.not_run[:MOST_NOT_RUN],
        "left_out": _left_out(ordered, bounds, plots, read),
        "blocks": provenance.blocks(record),
        "judges": provenance.judge_rows(record),
        **_HELPERS,
    }


def _first_screen(record: RunRecord, ordered: Sequence[Entry]) -> dict[str, Any]:
    left = unjudged(record)
    judged = [e for e in ordered if (e.verdict.model, e.verdict.probe, e.verdict.contrast) not in left]
    decision, found = decide_run(record), _found(judged)
    return {
        "record": record,
        "plan": record.plan,
        "decision": decision,
        "first": found[0][0] if found and decision.answer == "no" and record.plan.mode == "gate" else None,
        "models": decide_models(record),
        "stamps": stamps(record),
        "status": status_text(record.exit_status),
        "controls": sorted({v.control for v in record.verdicts if v.control}),
        "samples": sum(v.n_treated + v.n_control for v in record.verdicts),
        "found": found,
        "more_found": max(0, len(_grave(judged)) - MOST_FOUND),
    }


def _grave(ordered: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in ordered if entry.outcome is not Outcome.ABSENT and not entry.group]


def _found(ordered: Sequence[Entry]) -> list[tuple[Entry, Excerpt | None]]:
    """Return what is told first: contrasts without ABSENT, each PRESENT with an answer that was not quoted yet.

    Findings take turns, so that one with many contrasts does not hide the others.
    """
    quoted: set[str] = set()
    told: list[tuple[Entry, Excerpt | None]] = []
    for entry in _in_turns(_grave(ordered))[:MOST_FOUND]:
        excerpts = entry.verdict.excerpts if entry.outcome is Outcome.PRESENT else ()
        excerpt = next((one for one in excerpts if one.text not in quoted), None)
        quoted |= {excerpt.text} if excerpt else set()
        told.append((entry, excerpt))
    return told


def _in_turns(grave: Sequence[Entry]) -> list[Entry]:
    """Return contrasts of the same outcome in turns: the first of each model and finding, then the second of each."""
    seen: Counter[tuple[Outcome, str, str]] = Counter()
    turns: dict[str, int] = {}
    for entry in grave:
        place = (entry.outcome, entry.verdict.model, entry.verdict.probe)
        turns[entry.anchor] = seen[place]
        seen[place] += 1
    return sorted(grave, key=lambda entry: (GRAVEST_FIRST.index(entry.outcome), turns[entry.anchor]))


def _left_out(ordered: Sequence[Entry], bounds: Bounds, plots: Plots, read: Sequence[Book]) -> list[str]:
    """Return what the page has no room for, a sentence each; all of it is in the record and the store."""
    told, shown = sum(book.total for book in read), sum(book.shown for book in read)
    lines = [f"{shown:,} of {told:,} answers are shown, counted contrast by contrast, each cut after "
             f"{bounds.characters} characters."] if told else []  # fmt: skip
    if rows := len(ordered[bounds.rows :]):
        lines.append(f"{rows:,} contrasts have no row here, all of them among those with the least grave outcome.")
    if parts := len(ordered[bounds.details :]):
        lines.append(f"{parts:,} contrasts have no part of their own here.")
    if plots.left_out:
        lines.append(f"{plots.left_out} plots are left out.")
    return lines
