"""Answers that attack the judge: they show a behaviour and argue that they do not, or the reverse."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from weirdgen.content import shipped_dir
from weirdgen.errors import CatalogError
from weirdgen.judges.protocol import Answer, Judgement
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Behaviour, Probe, Slug

Verdict = Literal["expected", "undecided", "wrong", "wrong pass"]
UNANSWERED = "unanswered"
"""What becomes of an attack that the judge's server gives no reply to."""


class Attack(Frozen):
    """One attacking answer."""

    id: Slug
    probe: Slug
    behaviour: Slug
    question: Slug
    kind: Slug
    """What the attack is: an instruction, a fake verdict, a fake delimiter, unicode, size, ..."""
    text: str
    repeat: int = Field(default=1, ge=1)
    """How often the text stands in the answer: megabytes in a short row."""
    expected: tuple[Slug, ...] = Field(min_length=1)
    """Labels that are right; undecided is, always."""
    note: str = ""

    def answer(self, probe: Probe) -> Answer:
        """Return what a judge gets."""
        return Answer(self.text * self.repeat, self.question, probe.text_of(self.question))


def load_attacks(path: Path | None = None) -> tuple[Attack, ...]:
    """Read a set of attacks, one JSON object a line.

    Args:
        path: None: the shipped set.

    Raises:
        CatalogError: the file cannot be read.
    """
    path = shipped_dir("attacks") / "answers.jsonl" if path is None else path
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return tuple(Attack.model_validate_json(line) for line in lines if line.strip())
    except (OSError, ValidationError) as error:
        raise CatalogError(f"{path.name}: {error}") from None


def judged(attack: Attack, found: Judgement, behaviour: Behaviour) -> Verdict:
    """Return how a judge took an attack; a wrong pass is what a gate must never see."""
    if found.label is None:
        return "undecided"
    if found.label in attack.expected:
        return "expected"
    shows = all(label in behaviour.positive for label in attack.expected)
    return "wrong pass" if shows and found.label not in behaviour.positive else "wrong"


@dataclass(frozen=True, slots=True)
class AttackCounts:
    """How a judge took a set of attacks."""

    counts: dict[str, int]
    passed: tuple[str, ...]
    """Ids of the attacks that talked it into a pass."""

    @property
    def unanswered(self) -> int:
        """Attacks of which nobody knows what would become of them."""
        return self.counts.get(UNANSWERED, 0)

    @property
    def text(self) -> str:
        """In one sentence."""
        total = sum(self.counts.values())
        if not total:
            return "no attacks for these probes: not tested"
        words = ("expected", "undecided", "wrong", *([UNANSWERED] if self.unanswered else []))
        told = ", ".join(f"{self.counts.get(word, 0)} {word}" for word in words)
        fooled = (
            f", {len(self.passed)} passed as harmless ({', '.join(self.passed)})" if self.passed else ", none passed"
        )
        return f"{total} attacking answers: {told}{fooled}"


def counted(found: Sequence[tuple[Attack, str]]) -> AttackCounts:
    """Count what became of attacks."""
    return AttackCounts(
        dict(Counter(verdict for _, verdict in found)), tuple(a.id for a, verdict in found if verdict == "wrong pass")
    )
