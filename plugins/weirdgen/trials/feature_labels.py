"""Features labelled by the gate's LLM judges, from the texts that activate them. No verdict depends on it.

Asked while trials on the network run, through the gate's engine like every judge, and told at the session's end from
what the store then has: a replay and a bundle come to the same. Whatever is missing or no label leaves a feature
undecided.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from weirdgen.errors import NotRecorded, StoreError, WeirdgenError
from weirdgen.judges.protocol import Ask, Judgement
from weirdgen.judges.relatedness import put, relatedness_judge
from weirdgen.judges.select import JudgeName
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.probe import Probe, Rubric
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.schema.whitebox import FeatureRecord, OpinionRecord, Relatedness, ReplyRecord, StudyRecord
from weirdgen.trials.asking import asking

_REPLY = 4_000
"""Characters of a reply that are told; the store has all of it."""
_RELATED: Mapping[str, Relatedness] = {"trait": "trait", "narrow": "narrow", "neither": "neither"}


async def ask_about(study: StudyRecord, probe: Probe, judges: Sequence[JudgeName], ask: Ask) -> None:
    """Ask judges about every feature, so that the store has their replies; what fails is left undecided.

    Args:
        study: of a network.
        probe: says what judges are told.
        judges: from `judge_names.labelling_judges`.
        ask: of the gate.

    Raises:
        StoreError: a reply cannot be kept.
    """
    await _opinions(study, probe, judges, ask)


def labelled(
    study: StudyRecord,
    probe: Probe,
    judges: Sequence[JudgeName],
    identities: dict[str, Identity],
    get: Callable[[str], Sample | None],
) -> StudyRecord:
    """Return a study with what its judges said, as far as a store has it.

    Args:
        study: as it was opened.
        probe: says what judges are told.
        judges: from `judge_names.labelling_judges`; the first decides.
        identities: of the judges' models, by the name that the user gave.
        get: returns a sample of the store.

    Raises:
        StoreError: it cannot be read.
    """

    async def stored(request: SampleRequest) -> Drawn:
        found = get(request.key)
        if found is None:
            raise NotRecorded(lambda: "no such reply")
        return Drawn(found, reused=True)

    said = asyncio.run(_opinions(study, probe, judges, asking(identities, stored)))
    # What an opening may have of opinions is nobody's reply.
    known = [one.model_copy(update={"opinions": ()}) for one in study.features]
    features = tuple(_decided(one, said[one.feature]) if one.feature in said else one for one in known)
    return study.model_copy(update={"features": features})


def _decided(feature: FeatureRecord, said: Sequence[OpinionRecord]) -> FeatureRecord:
    """Return a feature as its first judge has it; what rules had said of it stands beside."""
    rules = [OpinionRecord(judge=feature.source, relatedness=feature.relatedness)] if feature.source else []
    return feature.model_copy(
        update={"relatedness": said[0].relatedness, "source": said[0].judge, "opinions": (*said, *rules)}
    )


async def _opinions(
    study: StudyRecord, probe: Probe, judges: Sequence[JudgeName], ask: Ask
) -> Mapping[int, Sequence[OpinionRecord]]:
    rubric = probe.whitebox.related if probe.whitebox else None
    if rubric is None or study.labels == "file":
        return {}
    # As everywhere, a cascade leaves to its model what rules do not label.
    asked = [judge for judge in judges if not (judge.rules and study.labels == "rules")]
    features = [one for one in study.features if one.contexts]
    if not asked or not features:
        return {}
    found = await asyncio.gather(*(_opinion(one, rubric, judge, ask) for one in features for judge in asked))
    return {one.feature: found[at * len(asked) : (at + 1) * len(asked)] for at, one in enumerate(features)}


async def _opinion(feature: FeatureRecord, rubric: Rubric, judge: JudgeName, ask: Ask) -> OpinionRecord:
    replies: list[Sample] = []

    async def heard(model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
        replies.append(await ask(model, messages, sampling))
        return replies[-1]

    try:
        found = await relatedness_judge(rubric, judge.model, judge.base_url).judgement(put(feature.contexts), heard)
    except StoreError:
        raise
    except WeirdgenError:  # an outage, nothing left of the budget, another model than was opened
        found = Judgement(None, trouble="no reply")
    return OpinionRecord(
        judge=judge.model,
        relatedness="unknown" if found.label is None else _RELATED[found.label],
        trouble=found.trouble,
        replies=tuple(ReplyRecord(key=one.key, text=one.text[:_REPLY]) for one in replies),
    )
