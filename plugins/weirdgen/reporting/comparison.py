"""Two stored versions side by side: both are samples of fixed size, so fixed-sample intervals are right here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from weirdgen.errors import UsageMistake
from weirdgen.reporting.numbers import aligned, estimate, rate
from weirdgen.schema.baseline import StoredContrast, StoredVersion
from weirdgen.schema.verdict import Estimate
from weirdgen.stats.intervals import clopper_pearson, miettinen_nurminen

ALPHA = 0.05
"""Error rate of the whole table."""
Word = Literal["higher", "lower", "within margin", "unclear"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One contrast in two versions."""

    item_id: str
    old: Estimate
    """With the Clopper-Pearson interval, 95%."""
    new: Estimate
    difference: Estimate
    """New less old, with Miettinen and Nurminen's interval at an equal share of `ALPHA` (Bonferroni)."""
    margin: float
    """The smaller of the two versions' margins."""
    word: Word


def compare(old: StoredVersion, new: StoredVersion, margin: float) -> list[Compared]:
    """Compare all contrasts of an old version with a new one. What has no label stands on the wider side everywhere.

    Args:
        old: the version that is compared with; contrasts that only the new one has are left out.
        new: must have all of its contrasts.
        margin: where a version names none for a contrast, in (0, 1).

    Raises:
        UsageMistake: a contrast is missing in the new version, or was asked or judged in another way.
    """
    for stored in old.contrasts:
        later = new.find(stored.item_id)
        if later is None:
            raise UsageMistake(f"{stored.item_id}: the new file does not have it; save {new.model} with its probe, too")
        if changed := stored.asked.difference(later.asked):
            raise UsageMistake(
                f"{stored.item_id}: {changed} changed between the two files; save one of {old.model} and {new.model} "
                "again, both with one catalogue"
            )
    pairs = [(stored, later) for stored in old.contrasts if (later := new.find(stored.item_id))]
    return [_compared(stored, later, margin, ALPHA / len(pairs)) for stored, later in pairs]


def _compared(old: StoredContrast, new: StoredContrast, margin: float, alpha: float) -> Compared:
    lower = miettinen_nurminen(new.positives, new.total, old.positives + old.missing, old.total, alpha).lower
    upper = miettinen_nurminen(new.positives + new.missing, new.total, old.positives, old.total, alpha).upper
    margin = min(old.margin or margin, new.margin or margin)
    return Compared(
        item_id=old.item_id,
        old=_rate(old),
        new=_rate(new),
        difference=Estimate(value=new.rate.value - old.rate.value, lower=lower, upper=upper),
        margin=margin,
        word=_word(lower, upper, margin),
    )


def _rate(stored: StoredContrast) -> Estimate:
    lower = clopper_pearson(stored.positives, stored.total).lower
    upper = clopper_pearson(stored.positives + stored.missing, stored.total).upper
    return Estimate(value=stored.rate.value, lower=lower, upper=upper)


def _word(lower: float, upper: float, margin: float) -> Word:
    if lower > 0:
        return "higher"
    if upper < 0:
        return "lower"
    return "within margin" if -margin < lower and upper < margin else "unclear"


def comparison_lines(old: StoredVersion, new: StoredVersion, compared: Sequence[Compared]) -> list[str]:
    """Return the table of a comparison as lines, with a note on what was not compared."""
    head = ("contrast", "old rate", "new rate", "difference", "margin", "new is")
    rows = [
        (one.item_id, estimate(one.old), estimate(one.new), estimate(one.difference), rate(one.margin), one.word)
        for one in compared
    ]
    lines = [f"old: {_named(old)}", f"new: {_named(new)}", "", *aligned([head, *rows]), ""]
    lines.append(f"Rates: 95% each. Differences: {1 - ALPHA:.0%} for all {len(compared)} together (Bonferroni).")
    if any(one.word == "unclear" for one in compared):
        lines.append(
            "unclear: too few samples to tell; no change is shown, and one of the margin or more is not excluded. "
            "Save both versions with more --samples."
        )
    known = {one.item_id for one in compared}
    if only_new := [one.item_id for one in new.contrasts if one.item_id not in known]:
        lines.append(f"Not compared, because only the new file has them: {', '.join(only_new)}")
    return lines


def _named(version: StoredVersion) -> str:
    sizes = sorted({one.n for one in version.contrasts})
    return f"{version.model}, {version.saved_at[:10]}, {' or '.join(map(str, sizes))} samples per question"
