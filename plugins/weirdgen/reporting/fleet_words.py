"""How a fleet looks to people, the same in the terminal, in Markdown and on the page."""

from dataclasses import dataclass

from weirdgen.reporting.numbers import count
from weirdgen.schema.fleet import FleetEntry, FleetRecord
from weirdgen.schema.verdict import GRAVEST_FIRST, Outcome

NO_VERDICT = "NO VERDICT"
_WORDS = {0: "passed", 1: "FAILED", 10: "INCONCLUSIVE", 11: "INVALID", 12: "NO EVIDENCE"}
_ORDER = ("FAILED", "NO EVIDENCE", NO_VERDICT, "INVALID", "INCONCLUSIVE", "passed with reservations", "passed")
_MARKS = {Outcome.PRESENT: "✘", Outcome.INVALID: "!", Outcome.INCONCLUSIVE: "?", Outcome.ABSENT: "✔"}
LEGEND = ", ".join(f"{_MARKS[outcome]} {outcome}" for outcome in GRAVEST_FIRST)


@dataclass(frozen=True, slots=True)
class Cell:
    """The contrasts of one finding on one model."""

    outcome: Outcome | None
    """The gravest; None: none was run."""
    text: str
    """Its mark, and on how many of all."""


def word(entry: FleetEntry) -> str:
    """Return what a gate came to."""
    if entry.error or entry.exit_status is None:
        return NO_VERDICT
    return "passed with reservations" if entry.passed and entry.remarks else _WORDS[entry.exit_status]


def worst_first(record: FleetRecord) -> list[FleetEntry]:
    """Return the entries: what fails first, and among equals what shows most."""
    return sorted(
        record.entries,
        key=lambda one: (_ORDER.index(word(one)), *(-one.counts.get(o.value, 0) for o in GRAVEST_FIRST[:3])),
    )


def words(record: FleetRecord) -> list[tuple[str, int]]:
    """Return how many gates came to what, the gravest first."""
    found = [word(one) for one in record.entries]
    return [(one, found.count(one)) for one in _ORDER if one in found]


def findings(record: FleetRecord) -> list[str]:
    """Return all probes with a verdict, in order."""
    return sorted({probe for one in record.entries for probe in one.findings})


def cell(entry: FleetEntry, probe: str) -> Cell:
    """Return what one model showed of one finding."""
    counts = entry.findings.get(probe, {})
    for outcome in GRAVEST_FIRST:
        if number := counts.get(outcome.value, 0):
            return Cell(outcome, f"{_MARKS[outcome]} {number}/{sum(counts.values())}")
    return Cell(None, "")


def counts_text(entry: FleetEntry) -> str:
    """Return how many contrasts came to what, or why none did."""
    told = ", ".join(f"{entry.counts[o.value]} {o}" for o in GRAVEST_FIRST if o.value in entry.counts)
    return entry.error or told


def in_fleet_text(entry: FleetEntry) -> str:
    """Return what of a model's verdicts stands after the correction over the fleet."""
    parts = [
        f"{len(entry.present_in_fleet)} of {count_of(entry, Outcome.PRESENT)} PRESENT",
        f"{entry.absent_in_fleet} of {count_of(entry, Outcome.ABSENT)} ABSENT",
    ]
    return ", ".join(part for part in parts if not part.startswith("0 of 0")) if not entry.error else ""


def count_of(entry: FleetEntry, outcome: Outcome) -> int:
    """Return how many contrasts came to a verdict."""
    return entry.counts.get(outcome.value, 0)


def error_rate_lines(record: FleetRecord) -> list[str]:
    """Return what error rates a fleet has, in sentences; none where no gate told one."""
    if record.alpha is None:
        return []
    gates, flagged = len(record.entries), [one for one in record.entries if count_of(one, Outcome.PRESENT)]
    procedure = "e-Holm" if record.fwer else "closed e-BH"
    kept = "the chance that any of them is false" if record.fwer else "the expected share of false ones among them"
    stand = sum(bool(one.present_in_fleet) for one in flagged)
    return [
        f"Each gate has its own error rate, {record.alpha:g}: of {count(gates, 'sound model')} at most "
        f"{record.alpha * gates:.3g} are PRESENT in some contrast by chance, in the mean, and a model with an effect "
        f"of the margin is ABSENT in that contrast with probability {record.alpha:g} at most.",
        f"Correction over all {record.family_size:,} hypotheses of the fleet ({procedure}): {stand} of "
        f"{count(len(flagged), 'model')} with a PRESENT keep one. Of what stands, {kept} is at most {record.alpha:g}. "
        "Verdicts and exit statuses are each gate's own, uncorrected.",
    ]


def totals_text(record: FleetRecord) -> str:
    """Return what the verdicts of a fleet rest on."""
    return f"Verdicts rest on {sum(one.samples for one in record.entries):,} samples, counted model by model."
