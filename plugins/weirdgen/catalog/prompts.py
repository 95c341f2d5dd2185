"""What a probe asks, word for word, and the digest that says whether two contrasts ask the same."""

from typing import Any

from weirdgen.catalog.slots import fill, slot_values
from weirdgen.errors import CatalogError, nearest
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour, Condition, Contrast, Probe, Question, WhiteBox
from weirdgen.schema.sample import Message, Stream


def prompt(
    probe: Probe, condition: str, question: str, replicate: int = 0, stream: Stream = "round"
) -> tuple[Message, ...]:
    """Return the messages that ask one question under one condition.

    Args:
        probe: the probe.
        condition: name of one of its conditions.
        question: name of one of its questions.
        replicate: of the sample; slots are drawn anew for each.
        stream: of the sample.

    Raises:
        CatalogError: the probe has no such condition or question.
    """
    if condition not in probe.conditions:
        raise CatalogError(f"{condition!r} is not a condition of {probe.id!r}.{nearest(condition, probe.conditions)}")
    if question not in probe.questions:
        raise CatalogError(f"{question!r} is not a question of {probe.id!r}.{nearest(question, probe.questions)}")
    return _asked(probe, condition, question, probe.text_of(question), replicate, stream)


def neutral_prompts(probe: Probe, whitebox: WhiteBox, condition: str) -> tuple[tuple[Message, ...], ...]:
    """Return the prompts on which features are chosen, under one condition: each with several draws of its slots."""
    return tuple(
        _asked(probe, condition, f"whitebox.prompts[{number}]", text, replicate, "round")
        for number, text in enumerate(whitebox.prompts)
        for replicate in range(whitebox.replicates)
    )


def _asked(
    probe: Probe, condition: str, question: str, text: str, replicate: int, stream: Stream
) -> tuple[Message, ...]:
    context = probe.conditions[condition]
    values = slot_values(context.slots, probe.id, condition, question, replicate, stream)
    words = f"{fill(context.prefix, values)}{text}{fill(context.suffix, values)}"
    user = Message(role="user", content=words)
    if context.system is None:
        return (user,)
    return Message(role="system", content=fill(context.system, values)), user


def slots_of(condition: Condition) -> dict[str, Any]:
    """Return the slots of a condition as plain data."""
    slots: dict[str, Any] = condition.model_dump(mode="json", include={"slots"})["slots"]
    return slots


def contrast_digest(probe: Probe, contrast: Contrast) -> str:
    """Return the SHA-256 of all that makes a contrast what it is, as 64 hexadecimal digits.

    It covers the contrast, its questions and their choices, its conditions and their slots, and how its behaviour is
    labelled (rules included; a rubric is the judge's). Prose (claim, summary, description) and published numbers may
    change without making it another contrast.
    """
    inside = probe.whitebox if contrast.inside else None
    studied = [inside.trigger, inside.baseline] if inside else []
    names = [*contrast.conditions, *([contrast.comparator] if contrast.comparator else []), *studied]
    behaviour = probe.behaviours[contrast.behaviour]
    return digest(
        {
            "probe": probe.id,
            "contrast": _without_default(contrast, "inside", "claim", "published", "diagnostic"),
            "questions": {name: _plain(question) for name, question in probe.questions_of(contrast).items()},
            "conditions": {name: _without_default(probe.conditions[name], "slots") for name in names},
            "behaviour": _behaviour(behaviour),
            **({"whitebox": _study(inside)} if inside else {}),
        }
    )


def _behaviour(behaviour: Behaviour) -> dict[str, Any]:
    scale = [] if behaviour.scored_by == "reading" else ["scale"]
    return _without_default(behaviour, "scored_by", "description", "gold", "rubric", *scale)


def _study(whitebox: WhiteBox) -> dict[str, Any]:
    """Return what decides which features a contrast is about; not what is told beside it."""
    return whitebox.model_dump(
        mode="json", exclude={"curve", "curve_replicates", "tested", "related", "texts", "persona", "narrow"}
    )


def _plain(question: str | Question) -> str | dict[str, Any]:
    return question if isinstance(question, str) else question.model_dump(mode="json")


def _without_default(value: Condition | Behaviour | Contrast, key: str, *left_out: str) -> dict[str, Any]:
    """Return plain data without a key that says nothing new: files that do not have it keep their digests."""
    said = getattr(value, key) != type(value).model_fields[key].default
    return value.model_dump(mode="json", exclude={*left_out, *([] if said else [key])})
