"""What a reader is told of LLM judges at the end of a gate: their record, their work, and where two disagree."""

from collections.abc import Iterable, Sequence

from weirdgen.reporting.numbers import count
from weirdgen.schema.verdict import JudgeUse, Verdict

MUCH_DISAGREEMENT = 0.05
"""Share of answers that one judge counts and the other does not, from which a reader is told to look at them."""


def judge_lines(trials: Iterable[Verdict]) -> list[str]:
    """Return one line per judge and probe on its measured mistakes, then one on all that it did.

    Args:
        trials: verdicts of single models; those that no LLM judged are passed over.
    """
    judged = [(trial, trial.judging) for trial in trials if trial.judging is not None]
    if not judged:
        return []
    # Contrasts of a behaviour differ in the confidence of its bounds only; those of pairs are the weaker ones.
    records = {
        (f"{trial.probe}/{trial.behaviour}", trial.judge_identity): trial.judge_calibration
        for trial, _ in sorted(judged, key=lambda pair: pair[0].kind != "absolute")
    }
    lines = [f"Judge of {what}: {said}." for (what, _), said in sorted(records.items()) if said]
    for name in dict.fromkeys(trial.judge for trial, _ in judged):
        lines += _work(name, [use for trial, use in judged if trial.judge == name])
    return lines


def _work(name: str, uses: Sequence[JudgeUse]) -> list[str]:
    answers, asked = sum(use.answers for use in uses), sum(use.asked for use in uses)
    cascade = name.startswith("rules+")
    by_rules = f", its rules decided {answers - asked:,} of them and it was asked about {asked:,}" if cascade else ""
    undecided = sum(use.undecided for use in uses)
    said = f"Judge {name} labelled {count(answers, 'answer')}, counted contrast by contrast"
    lines = [f"{said}{by_rules}; {undecided:,} undecided."]
    silent = sum(use.second_undecided for use in uses)
    for second in dict.fromkeys(use.second for use in uses if use.second):
        lines.append(_compared(name, second, [use for use in uses if use.second == second]))
        if silent:
            lines.append(f"Judge {second} gave {silent:,} of them no label, or was not there to be asked.")
    return lines


def _compared(name: str, second: str, uses: Sequence[JudgeUse]) -> str:
    compared = sum(use.compared for use in uses)
    if not compared:
        return f"Judges {name} and {second} have no answer that both labelled."
    disagreements, decisive = sum(use.disagreements for use in uses), sum(use.decisive for use in uses)
    look = ""
    if decisive > MUCH_DISAGREEMENT * compared:
        look = " That is much: read some of these answers before you rely on either."
    return (
        f"Judges {name} and {second} gave other labels to {disagreements / compared:.1%} of {compared:,} answers; "
        f"{decisive / compared:.1%} count for one and not for the other.{look}"
    )
