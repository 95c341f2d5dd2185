"""The verdicts of a run as a page goes through them: by finding and model, gravest first, members under groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weirdgen.schema.finding import BehaviourRecord, ContrastRecord, FindingRecord
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import GRAVEST_FIRST, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """One verdict with what the record says of its contrast."""

    anchor: str
    """Its id in the page."""
    verdict: Verdict
    finding: FindingRecord | None
    group: str = ""
    """Of a member: its group's name."""

    @property
    def outcome(self) -> Outcome:
        """The final one."""
        return self.verdict.final

    @property
    def contrast(self) -> ContrastRecord | None:
        """What was asked; None: the record does not say."""
        return self.finding.contrasts.get(self.verdict.contrast) if self.finding else None

    @property
    def behaviour(self) -> BehaviourRecord | None:
        """What answers were judged for; None: the record does not say."""
        return self.finding.behaviours.get(self.verdict.behaviour) if self.finding else None

    def positive(self, label: str | None) -> bool:
        """Whether a label counts as showing the behaviour."""
        return self.behaviour is not None and label in self.behaviour.positive

    def arm_name(self, place: int) -> str:
        """Return what an arm is called in the page: role, model and condition."""
        arm = self.verdict.arms[place] if place < len(self.verdict.arms) else None
        roles: tuple[str, ...] = ("treated", "comparator")
        if self.verdict.kind == "did":
            roles = ("treated, with trigger", "treated, without", "control, with trigger", "control, without")
        role = roles[place] if place < len(roles) else f"arm {place}"
        return f"{role}: {arm.model}, {arm.condition}" if arm else role


@dataclass(frozen=True, slots=True)
class Section:
    """All contrasts of one finding on one model or group."""

    anchor: str
    title: str
    model: str
    """As the user named it, or the group."""
    finding: FindingRecord | None
    entries: tuple[Entry, ...]
    """Gravest first, members behind their group."""

    @property
    def worst(self) -> Outcome:
        """The gravest outcome of its contrasts."""
        return min((e.outcome for e in self.entries if not e.group), key=GRAVEST_FIRST.index)

    def counted(self) -> dict[Outcome, int]:
        """Return how many contrasts came out how, gravest first; groups count once."""
        outcomes = [e.outcome for e in self.entries if not e.group]
        return {outcome: outcomes.count(outcome) for outcome in GRAVEST_FIRST if outcome in outcomes}


def sections(record: RunRecord) -> list[Section]:
    """Return a record's verdicts by model and finding: the gravest outcome first, else in the record's order."""
    by_place: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in record.verdicts:
        by_place.setdefault((verdict.model, verdict.probe), []).append(verdict)
    numbers = iter(range(1, 10**9))
    many = len({model for model, _ in by_place}) > 1
    made = [
        _section(place, verdicts, record, many=many, numbers=numbers, anchor=f"s{at}")
        for at, (place, verdicts) in enumerate(by_place.items(), 1)
    ]
    return sorted(made, key=lambda section: (GRAVEST_FIRST.index(section.worst), -section.counted()[section.worst]))


def _section(
    place: tuple[str, str],
    verdicts: Sequence[Verdict],
    record: RunRecord,
    *,
    many: bool,
    numbers: Iterator[int],
    anchor: str,
) -> Section:
    model, probe = place
    finding = record.findings.get(probe)
    title = finding.finding if finding else probe
    ordered = sorted(verdicts, key=lambda verdict: GRAVEST_FIRST.index(verdict.final))
    entries = tuple(
        Entry(f"c{next(numbers)}", one, finding, group=verdict.model if one is not verdict else "")
        for verdict in ordered
        for one in (verdict, *verdict.members)
    )
    return Section(anchor, f"{title} on {model}" if many else title, model, finding, entries)
