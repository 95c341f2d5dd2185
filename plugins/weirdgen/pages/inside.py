"""What was found inside networks, as the page shows it: features with contexts, readings by condition, removals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weirdgen.pages.plots import inside
from weirdgen.pages.section_views import Plots
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Verdict
from weirdgen.schema.whitebox import CurvePoint, FeatureRecord, WhiteBoxRecord

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_CONTEXTS = 10
_REMOVED = re.compile(r"#without-(\w+)$")
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One of the features that rank highest."""

    feature: FeatureRecord
    means: tuple[float, ...]
    """Mean projection under each condition of the curve; none where it was not read."""
    adjusted: tuple[float, ...]
    """Family-wise p value under each tested condition."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A contrast with a network without some features."""

    name: str
    removed: str
    """Set of features that the comparator is without."""
    meaning: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Inside:
    """One network."""

    record: WhiteBoxRecord
    conditions: tuple[str, ...]
    """Of the curve, as short as their years where they have one."""
    tested: tuple[str, ...]
    features: tuple[FeatureRow, ...]
    removals: tuple[Removal, ...]
    judged: bool
    """Whether an LLM judge labelled features."""
    curve: "Markup"
    bars: "Markup"


def views(record: RunRecord, plots: Plots) -> list[Inside]:
    """Return every network that was looked into.

    Args:
        record: of the run.
        plots: where there is room for them.
    """
    return [_view(one, record, plots) for one in record.whitebox]


def _view(one: WhiteBoxRecord, record: RunRecord, plots: Plots) -> Inside:
    removals = tuple(_removals(one, record))
    conditions = tuple(short_condition(point.condition) for point in one.curve)
    return Inside(
        record=one,
        conditions=conditions,
        tested=tuple(short_condition(test.condition) for test in one.tests),
        features=tuple(_rows(one)),
        removals=removals,
        judged=any(feature.opinions for feature in one.study.features),
        curve=plots.draw(lambda name: inside.curve(name, one.curve, conditions)),
        bars=plots.draw(lambda name: inside.bars(name, [(each.name, each.verdict) for each in removals])),
    )


def short_condition(name: str) -> str:
    """Return the year that a condition's name has, else the name."""
    found = _YEAR.search(name)
    return found[0] if found else name


def _rows(one: WhiteBoxRecord) -> list[FeatureRow]:
    return [
        FeatureRow(
            feature=feature,
            means=tuple(_mean(point, place) for point in one.curve),
            adjusted=tuple(test.adjusted[place] for test in one.tests),
        )
        for place, feature in enumerate(one.study.features)
    ]


def _mean(point: CurvePoint, place: int) -> float:
    return point.means["top"][place]


def _removals(one: WhiteBoxRecord, record: RunRecord) -> list[Removal]:
    trials: Sequence[Verdict] = [trial for verdict in record.verdicts for trial in verdict.trials]
    found = []
    for trial in trials:
        removed = _REMOVED.search(trial.control)
        if trial.model == one.model and trial.probe == one.study.probe and removed:
            told = one.study.sets.get(removed[1])
            found.append(Removal(trial.contrast, removed[1], told.meaning if told else "", trial))
    return found
