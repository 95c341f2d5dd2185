"""A study as a record tells it."""

from weirdgen.schema.whitebox import ContextRecord, FeatureRecord, SetRecord, StudyRecord
from weirdgen.whitebox.features import MEANINGS, NAMED, Named, Study
from weirdgen.whitebox.job import Question
from weirdgen.whitebox.labelling import Labels
from weirdgen.whitebox.labels import FeatureLabel

_DIGITS = 4


def told(study: Study, question: Question, labels: Labels) -> StudyRecord:
    """Return a study as plain data.

    Args:
        study: of a network.
        question: that it answers.
        labels: of the highest ranked features, as far as there are any.
    """
    where = "at the last prompt token" if study.position == "last" else "as the mean over each prompt's tokens"
    return StudyRecord(
        probe=question.probe,
        network=study.network,
        sae=study.dictionary.digest,
        sae_features=study.dictionary.size,
        layer=study.dictionary.layer,
        position=study.position,
        prompts=question.prompts,
        method=(
            "features ranked by the cosine of their decoder directions with the difference in means of activations "
            f"after block {study.dictionary.layer}, {where}, of {len(study.treated)} neutral prompts under the trigger "
            f"and {len(study.baseline)} under the baseline, on the gated network"
        ),
        features=tuple(_feature(study, feature, labels.of.get(feature)) for feature in study.chosen("top")),
        labels=labels.made,
        sets={named: _set(study, named) for named in NAMED},
        digest=study.digest,
    )


def _feature(study: Study, feature: int, label: FeatureLabel | None) -> FeatureRecord:
    cosine = round(float(study.ranking.cosines[feature]), _DIGITS)
    if label is None:
        return FeatureRecord(feature=feature, cosine=cosine)
    contexts = (ContextRecord(text=one.text, token=one.token, value=one.value) for one in label.contexts)
    return FeatureRecord(
        feature=feature,
        cosine=cosine,
        label=label.text,
        relatedness=label.relatedness,
        source=label.source,
        contexts=tuple(contexts),
    )


def _set(study: Study, named: Named) -> SetRecord:
    ablation = study.ablation(named)
    return SetRecord(
        meaning=MEANINGS[named],
        features=study.chosen(named),
        how=ablation.how,
        removed=round(study.removed(ablation), _DIGITS),
        digest=ablation.digest,
    )
