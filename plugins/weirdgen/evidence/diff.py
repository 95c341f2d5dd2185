"""Two bundles, or run records, side by side: what was decided otherwise, and what was asked otherwise."""

from dataclasses import dataclass
from pathlib import Path

from weirdgen.evidence.compare import BEFORE_AFTER, differences
from weirdgen.evidence.manifest import RUN
from weirdgen.reporting.numbers import estimate
from weirdgen.reporting.record import read_record
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import Verdict

_ASKED = ("weirdgen", "options", "identities", "judges", "findings")
"""Of a record: what makes two runs comparable, or not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A contrast in both runs."""

    name: str
    old: Verdict | None
    """None: it was not run."""
    new: Verdict | None

    @property
    def changed(self) -> bool:
        """Whether the verdict is another one, or is there in one run only."""
        return _outcome(self.old) != _outcome(self.new)

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.name}: {_told(self.old)} -> {_told(self.new)}"


def read_run(path: Path) -> RunRecord:
    """Read a run record: of a bundle, of a report folder, or the file itself.

    Raises:
        EvidenceError: there is none, or it cannot be read.
    """
    return read_record(path / RUN if path.is_dir() else path)


def rows(old: RunRecord, new: RunRecord) -> list[Row]:
    """Return all contrasts of two runs, in the order of the first.

    Where each gated one model, the two are compared whatever they are called; else models are matched by name.
    """
    alone = len(old.plan.names) == len(new.plan.names) == 1
    one, other = _by_name(old, alone), _by_name(new, alone)
    return [Row(name, one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other))]


def asked_otherwise(old: RunRecord, new: RunRecord) -> list[str]:
    """Return what of models, options, judges and probes differs, one line each."""
    one, other = old.model_dump(mode="json"), new.model_dump(mode="json")
    return [line for name in _ASKED for line in differences(one[name], other[name], name, BEFORE_AFTER)]


def _by_name(record: RunRecord, alone: bool) -> dict[str, Verdict]:
    return {v.item_id if alone else f"{v.item_id} on {shown(v.model, 80)}": v for v in record.verdicts}


def _outcome(verdict: Verdict | None) -> str:
    return verdict.final.value if verdict else "not run"


def _told(verdict: Verdict | None) -> str:
    rate = verdict.treated.rate if verdict and verdict.treated else None
    return f"{_outcome(verdict)}{f' {estimate(rate)}' if rate else ''}"
