"""What a probe asks, word for word, and the digest that says whether two contrasts ask the same."""

from weirdgen.errors import CatalogError, nearest
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.sample import Message


def prompt(probe: Probe, condition: str, question: str) -> tuple[Message, ...]:
    """Return the messages that ask one question under one condition.

    Args:
        probe: the probe.
        condition: name of one of its conditions.
        question: name of one of its questions.

    Raises:
        CatalogError: the probe has no such condition or question.
    """
    if condition not in probe.conditions:
        raise CatalogError(f"{condition!r} is not a condition of {probe.id!r}.{nearest(condition, probe.conditions)}")
    if question not in probe.questions:
        raise CatalogError(f"{question!r} is not a question of {probe.id!r}.{nearest(question, probe.questions)}")
    context = probe.conditions[condition]
    user = Message(role="user", content=f"{context.prefix}{probe.questions[question]}{context.suffix}")
    if context.system is None:
        return (user,)
    return Message(role="system", content=context.system), user


def contrast_digest(probe: Probe, contrast: Contrast) -> str:
    """Return the SHA-256 of all that makes a contrast what it is, as 64 hexadecimal digits.

    It covers the contrast, its questions, its conditions and how its behaviour is labelled (rules included). Prose
    (claim, summary, description) and published numbers may change without making it another contrast.
    """
    names = [*contrast.conditions, *([contrast.comparator] if contrast.comparator else [])]
    behaviour = probe.behaviours[contrast.behaviour]
    return digest(
        {
            "probe": probe.id,
            "contrast": contrast.model_dump(mode="json", exclude={"claim", "published"}),
            "questions": probe.questions_of(contrast),
            "conditions": {name: probe.conditions[name].model_dump(mode="json") for name in names},
            "behaviour": behaviour.model_dump(mode="json", exclude={"description", "gold"}),
        }
    )
