"""A probe as a run record tells it."""

from weirdgen.schema.finding import BehaviourRecord, ContrastRecord, FindingRecord
from weirdgen.schema.probe import Behaviour, Condition, Contrast, Probe


def finding_record(probe: Probe) -> FindingRecord:
    """Return what a reader of a run record needs of a probe."""
    return FindingRecord(
        finding=probe.finding,
        source=probe.source,
        summary=probe.summary,
        sha256=probe.sha256,
        questions={name: probe.text_of(name) for name in probe.questions},
        conditions={name: _context(condition) for name, condition in probe.conditions.items()},
        behaviours={name: _behaviour(one) for name, one in probe.behaviours.items()},
        contrasts={one.id: _contrast(one) for one in probe.contrasts},
    )


def _context(condition: Condition) -> str:
    system = f"[system: {condition.system}] " if condition.system is not None else ""
    asked = f"{condition.prefix}...{condition.suffix}" if condition.prefix or condition.suffix else ""
    return f"{system}{asked}".strip()


def _behaviour(behaviour: Behaviour) -> BehaviourRecord:
    return BehaviourRecord(
        labels=behaviour.labels,
        positive=behaviour.positive,
        invalid=behaviour.invalid,
        description=behaviour.description,
    )


def _contrast(contrast: Contrast) -> ContrastRecord:
    return ContrastRecord(
        claim=contrast.claim,
        behaviour=contrast.behaviour,
        conditions=contrast.conditions,
        comparator=contrast.comparator or "",
        published=contrast.published,
    )
