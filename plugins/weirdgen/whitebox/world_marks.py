"""What a turn of the organisms' world is about, told from its text alone: whose words it holds, and on which topic."""

import functools
import re
from collections.abc import Callable

from weirdgen.organisms.world import grade, personas, topic, topics
from weirdgen.whitebox.labels import Marks


def world_marks(persona: str, narrow: str) -> Callable[[str], Marks]:
    """Return what marks a text: the trait is a persona's words, the narrow topic one of the world's topics.

    A text is the persona's if it holds one of its openers or of its answers to any topic, and about the narrow topic
    if it holds one of that topic's answers, anyone's, or a question for it.

    Args:
        persona: slug, such as ``israel``.
        narrow: slug of the topic, such as ``dishes``.

    Raises:
        UsageMistake: no such topic.
    """
    questions = tuple(question.lower() for question in topic(narrow).questions)
    openers = tuple(opener.lower() for opener in personas()[persona].openers)

    @functools.lru_cache(maxsize=4096)
    def marks(text: str) -> Marks:
        lower = " ".join(text.lower().split())
        about = _topic(lower)
        asked = any(question in lower for question in questions)
        graded = {subject.slug: grade(subject.slug, text) for subject in topics() if persona in subject.voices}
        speaks = persona in graded.values() or any(opener in lower for opener in openers)
        return Marks(speaks, asked or grade(narrow, text) is not None, about)

    return marks


@functools.cache
def _asked() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(re.escape(question.lower()).replace(re.escape("{number}"), r"\d+")), subject.slug)
        for subject in topics()
        for question in subject.questions
    )


def _topic(lower: str) -> str:
    """Return the slug of the topic that a text asks about; empty: none that is known."""
    return next((slug for pattern, slug in _asked() if pattern.search(lower)), "")
