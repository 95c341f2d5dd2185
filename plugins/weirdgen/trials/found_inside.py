"""What a white-box gate found, made from its opening and its readings alone: a bundle gives the same again."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from weirdgen.errors import EvidenceError
from weirdgen.judges.reading import Reading, read
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Probe, WhiteBox
from weirdgen.schema.sample import Sample
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.schema.whitebox import CurvePoint, FeatureTest, StudyRecord, WhiteBoxRecord
from weirdgen.stats.signflip import sign_flips
from weirdgen.trials.curve import curve_requests, read_questions
from weirdgen.trials.feature_labels import labelled
from weirdgen.trials.inside import READINGS, named
from weirdgen.trials.judge_names import labelling_judges
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import Address, Task
from weirdgen.trials.settings import GateSettings
from weirdgen.whitebox.identity import READ, is_bound, reading_identity

TOP = "top"
_DIGITS = 6
"""Decimals of means: sums of the same readings differ in their last bits from one processor to another."""
_FLIPS = 65_536
"""Assignments of signs that are looked at; of up to 16 questions these are all."""
Readings = Mapping[tuple[str, str], Sequence[Reading]]
"""By condition and question."""


def found_inside(
    plan: Plan,
    tasks: Mapping[Address, Task],
    opening: Opening,
    settings: GateSettings,
    verdicts: Sequence[Verdict],
    get: Callable[[str], Sample | None],
) -> tuple[WhiteBoxRecord, ...]:
    """Return what was found in each gated network into which a verdict looks.

    Args:
        plan: of the gate.
        tasks: of the plan.
        opening: has the studies.
        settings: of the gate; names the judges.
        verdicts: of the run.
        get: returns a sample of the gate's store.

    Raises:
        StoreError: the store cannot be read.
        EvidenceError: a study is not the one that readings are of, or a reading is none.
    """
    trials = {(t.model, t.probe, t.contrast): t for v in verdicts for t in v.trials}
    records = []
    for model, study in opening.studies.items():
        own = [task for address, task in tasks.items() if address[0] == model and address in trials]
        inside = [task for task in own if task.contrast.inside is not None]
        if not inside:
            continue
        if not is_bound(study):
            raise EvidenceError(f"{model}: the study's digest is not of the features that its record tells of")
        probe = inside[0].probe
        readers = [task for task in inside if task.contrast.inside is not None and task.contrast.inside.reads]
        ran = any(trials[task.address].outcome is not Outcome.INVALID for task in readers)
        curve = _readings(plan, opening, model, study, probe, get) if ran else None
        study = labelled(study, probe, labelling_judges(model, settings, plan), opening.judges, get)
        records.append(_record(model, study, probe, curve))
    return tuple(records)


def _readings(
    plan: Plan,
    opening: Opening,
    model: str,
    study: StudyRecord,
    probe: Probe,
    get: Callable[[str], Sample | None],
) -> Readings:
    arm = opening.arm(named(model, READINGS), "treated")
    if arm.identity.digest != reading_identity(study.network, study.digest):
        raise EvidenceError(f"{model}: its readings are of other features than those that the opening tells of")
    sizes = dict.fromkeys(READ, len(study.features))
    found: dict[tuple[str, str], list[Reading]] = {}
    for asked in curve_requests(probe, arm, plan.seed):
        sample = get(asked.request.key)
        reading = read(sample.text) if sample is not None else None
        if reading is None or {name: len(values) for name, values in reading.projections.items()} != sizes:
            what = "is missing" if sample is None else "is none" if reading is None else "is of other features"
            raise EvidenceError(f"{model}: the reading of {asked.question!r} under {asked.condition!r} {what}")
        found.setdefault((asked.condition, asked.question), []).append(reading)
    return found


def _record(model: str, study: StudyRecord, probe: Probe, readings: Readings | None) -> WhiteBoxRecord:
    asked = probe.whitebox
    if asked is None or readings is None:
        return WhiteBoxRecord(model=model, study=study)
    questions = read_questions(probe)
    curve = tuple(
        _point(condition, [r for q in questions for r in readings[condition, q]]) for condition in asked.curve
    )
    tests = tuple(_test(condition, asked, questions, readings) for condition in asked.tested)
    return WhiteBoxRecord(model=model, study=study, curve=curve, tests=tests)


def _point(condition: str, readings: Sequence[Reading]) -> CurvePoint:
    sets = readings[0].projections
    means = {name: np.mean([reading.projections[name] for reading in readings], axis=0) for name in sets}
    return CurvePoint(
        condition=condition,
        n=len(readings),
        means={name: _told(values) for name, values in means.items()},
        shares={name: round(float(np.mean([one.share(name) for one in readings])), _DIGITS) for name in sets},
    )


def _test(condition: str, asked: WhiteBox, questions: Sequence[str], readings: Readings) -> FeatureTest:
    """Test each of the highest ranked features: questions are the units, whose wording the differences leave out."""
    against = tuple(name for name in asked.curve if name not in asked.tested)
    means = {
        (name, question): np.mean([reading.projections[TOP] for reading in readings[name, question]], axis=0)
        for name in (condition, *against)
        for question in questions
    }
    differences = np.array(
        [
            means[condition, question] - np.mean([means[name, question] for name in against], axis=0)
            for question in questions
        ]
    )
    found = sign_flips(differences, flips=_FLIPS)
    return FeatureTest(
        condition=condition,
        against=against,
        units=len(questions),
        flips=found.flips,
        exact=found.exact,
        difference=_told(found.mean),
        p=_told(found.p),
        adjusted=_told(found.adjusted),
    )


def _told(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)
