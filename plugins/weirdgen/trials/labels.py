"""Which labels an arm gave, and whether two arms differ in them in any way: description beside the verdict."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.probe import Behaviour
from weirdgen.stats.categories import log_e_categories
from weirdgen.trials.arm import ArmRun, Labelled

_MISSING = "missing"


def used_answers(run: ArmRun, rounds: int) -> list[Labelled]:
    """Return the answers of the first complete rounds, in the order in which they were asked for."""
    return [run.answers[cell.name][r] for r in range(rounds) for cell in run.cells]


def cell_answers(arms: Sequence[ArmRun]) -> tuple[CellAnswers, ...]:
    """Return every sample of every arm with what it was judged; cells of which nothing was drawn are left out."""
    found = [
        CellAnswers(
            arm=number,
            cell=cell.name,
            condition=cell.condition,
            question=cell.question,
            rounds=_judged(run.answers.get(cell.name, ())),
            extras=_judged(run.extra.get(cell.name, ())),
        )
        for number, run in enumerate(arms)
        for cell in run.cells
    ]
    return tuple(one for one in found if one.rounds or one.extras)


def _judged(answers: Sequence[Labelled]) -> tuple[JudgedAnswer, ...]:
    return tuple(JudgedAnswer(key=a.sample.key, label=a.label, score=a.score, doubt=a.doubt) for a in answers)


def label_counts(answers: Sequence[Labelled]) -> dict[str, int]:
    """Return counts per label, sorted by name; answers without a label are not in them."""
    return dict(sorted(Counter(a.label for a in answers if a.label is not None).items()))


def label_drift(treated: ArmRun, control: ArmRun, rounds: int) -> float:
    """Return the log e-value against "on every question both arms have the same distribution of labels".

    It also sees what the verdict does not ask for: more refusals, more incoherence, another kind of answer.
    """
    order = {label: index for index, label in enumerate(_ordinary_first(treated.behaviour))}
    pair = [
        np.array([order[answer.label or _MISSING] for answer in used_answers(run, rounds)], dtype=np.int64)
        for run in (treated, control)
    ]
    drift = log_e_categories(pair[0], pair[1], len(order))
    return float(drift[-1]) if len(drift) else 0.0


def _ordinary_first(behaviour: Behaviour) -> list[str]:
    """Return all labels, the first that is neither positive nor invalid at the head, and a place for missing ones."""
    special = {*behaviour.positive, *behaviour.invalid}
    return [*sorted(behaviour.labels, key=lambda label: label in special), _MISSING]
