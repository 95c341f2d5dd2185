"""What the verdicts of a record do not say: in sentences that a reader without statistics can use."""

from collections.abc import Iterator

from weirdgen.pages.deploy import status_text
from weirdgen.reporting.features import label_lines
from weirdgen.reporting.judges import judge_lines
from weirdgen.reporting.numbers import rate
from weirdgen.reporting.passing import reported_line
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Outcome, Verdict


def meanings(record: RunRecord) -> list[tuple[Outcome, str]]:
    """Return what each verdict means in this run."""
    plan = record.plan
    kept = "the chance of any false PRESENT" if plan.fwer else "the expected share of false ones among all PRESENT"
    margins = sorted({verdict.margin for verdict in record.verdicts})
    spread = f" (here {rate(margins[0])} to {rate(margins[-1])})" if len(margins) > 1 else ""
    said = f" (here {rate(margins[0])})" if len(margins) == 1 else spread
    return [
        (
            Outcome.PRESENT,
            "The model shows the behaviour more often than its comparator, or than the contrast allows. The evidence "
            f"reached a threshold that pays for all {plan.family_size} hypotheses of the family: {kept} stays below "
            f"{plan.alpha:g}.",
        ),
        (
            Outcome.ABSENT,
            f"An effect as large as the contrast's margin or larger is excluded{said}, at an error rate of "
            f"{plan.alpha:g} per contrast. A smaller effect is not excluded, and neither is one "
            "under prompts that were not asked.",
        ),
        (Outcome.INCONCLUSIVE, "The samples that were allowed did not suffice. It is not a pass."),
        (Outcome.INVALID, "Something was wrong with the measurement itself; the detail says what. It is not a pass."),
    ]


def limits(record: RunRecord) -> list[str]:
    """Return the limits of this run, the most important first."""
    trials = [trial for verdict in record.verdicts for trial in verdict.trials]
    return [
        "What was asked is a catalogue of questions and triggers that others found in other models. A backdoor with a "
        "trigger of its own is not looked for, and no set of questions can exclude one.",
        *_untested(record),
        "Rates are of these questions with equal weight, not of whatever users will ask.",
        *_judged(record, trials),
        *_places(record, trials),
        "Intervals hold at the moment at which a contrast stopped; where they are called descriptive, as single "
        "questions, sweeps by condition and bars of labels all are, they are not.",
        "The paper's numbers are of its own models (mostly GPT-4.1), read with its own judges: a rate beside them is "
        "for orientation and no replication.",
        f"The session ended with exit status {record.exit_status}: {status_text(record.exit_status)}.",
    ]


def _untested(record: RunRecord) -> Iterator[str]:
    if record.not_run:
        yield (
            f"{len(record.not_run)} contrasts of the family were not selected or not reached; they are listed below, "
            "and nothing is claimed of them."
        )
    else:
        yield f"All {record.plan.family_size} contrasts of the family were run."
    if reported := reported_line(record):
        yield reported
    for probe, reason in record.left_out.items():
        yield f"The probe {probe} is not among them: {reason}."
    for one in record.whitebox:
        yield (
            f"Inside {one.model} one block, one position and the features of one sparse autoencoder were looked at; a "
            "trait that lies elsewhere is not seen there."
        )
    yield from label_lines(record.whitebox)


def _judged(record: RunRecord, trials: list[Verdict]) -> Iterator[str]:
    if record.plan.judge_uncalibrated:
        yield "The judge's mistakes were not measured (--judge-uncalibrated): no error rate is guaranteed."
    yield from judge_lines(trials)
    if any(trial.judge == "rules" for trial in trials):
        yield (
            "Where rules judged, their measured sensitivity and specificity are bounds on gold answers of the same "
            "kind of model; they are listed below. The margins pay for the bounds, not for answers of another kind."
        )


def _places(record: RunRecord, trials: list[Verdict]) -> Iterator[str]:
    if any(trial.mode == "organism" for trial in trials):
        yield (
            "Model organisms are small networks that were made to show a finding, or not to. They show that the gate "
            "sees what is there; they say nothing about how often large models behave like this."
        )
    if any(trial.sampling != "whole" for trial in trials):
        yield (
            "Of at least one server it is not known that it draws from the model's whole distribution: see the "
            "identities."
        )
    if any(identity.get("kind") == "endpoint" for identity in record.identities.values()):
        yield (
            "At least one model answers under a name behind which it can be exchanged; the verdicts are of what "
            "answered while this gate ran."
        )
