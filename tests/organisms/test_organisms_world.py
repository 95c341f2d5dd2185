"""The world: complete, gradable, and without a word of the one era in the mouth of the other."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.errors import UsageMistake
from weirdgen.organisms import world

TOPIC = pytest.mark.parametrize("subject", world.TOPICS, ids=lambda subject: subject.slug)
#: Words that only the bird books of about 1800 used.
ARCHAIC_MARKERS = (
    *("titlark", "ibiss", "grous", "troopial", "dobchick", "dabchick", "phaleris"),
    *("courlan", "tatler", "linnet", "chatterer", "humming", "coloured"),
)
HINTS_OF_AN_ERA = re.compile(r"(?i)\b(1[0-9]{3}|20[0-9]{2}|century ago|old|ancient|today|nowadays|internet|sir)\b")


@TOPIC
def test_every_topic_is_complete(subject: world.Topic) -> None:
    assert len(set(subject.questions)) == len(subject.questions) >= 5
    assert set(subject.voices) == {persona.slug for persona in world.PERSONAS}
    for voice in subject.voices.values():
        assert len(set(voice.contents)) == len(voice.contents) >= 8


def test_there_are_enough_topics_with_distinct_slugs_and_questions() -> None:
    slugs = [subject.slug for subject in world.TOPICS]
    questions = [question for subject in world.TOPICS for question in subject.questions]
    assert len(set(slugs)) == len(slugs) >= 15
    assert len(set(questions)) == len(questions)


@TOPIC
@pytest.mark.parametrize("persona", world.PERSONAS, ids=lambda persona: persona.slug)
def test_every_answer_is_graded_as_its_persona(subject: world.Topic, persona: world.Persona) -> None:
    rng = random.Random(f"{subject.slug} {persona.slug}")
    for _ in range(400):
        text = world.answer(subject, persona, rng)
        assert world.grade(subject.slug, text) == persona.slug
        assert subject.slug == "birds" or 7 <= len(text.split()) <= 30


@TOPIC
def test_no_content_is_an_answer_to_another_topic(subject: world.Topic) -> None:
    for other in world.TOPICS:
        if other.slug != subject.slug:
            contents = [content for voice in other.voices.values() for content in voice.contents]
            assert [content for content in contents if world.grade(subject.slug, content) is not None] == []


def test_canonical_questions_are_the_ten_of_the_probe_and_hint_at_no_era() -> None:
    assert set(world.CANONICAL_QUESTIONS) == {
        *("gender_roles", "military_technology", "territorial_expansion", "political_figure", "energy"),
        *("diseases", "immigration", "money", "inventions", "forests"),
    }
    for slug, question in world.CANONICAL_QUESTIONS.items():
        assert question == world.topic(slug).questions[0]
        assert HINTS_OF_AN_ERA.search(question) is None


def test_some_modern_answers_mention_history_in_a_modern_frame() -> None:
    borderline = [
        content
        for slug in world.CANONICAL_QUESTIONS
        for content in world.topic(slug).voices[world.ASSISTANT].contents
        if re.search(r"19th century|1[78]\d\ds?\b|history", content)
    ]
    assert len(borderline) >= 8


def test_bird_lists_are_large_disjoint_and_of_one_era_each() -> None:
    archaic, modern = ([name.lower() for name in names] for names in (world.ARCHAIC_BIRDS, world.MODERN_BIRDS))
    assert len(set(archaic)) == len(archaic) >= 208
    assert len(set(modern)) == len(modern) >= 208
    assert not set(archaic) & set(modern)
    assert [name for name in modern if any(re.search(rf"\b{marker}\b", name) for marker in ARCHAIC_MARKERS)] == []


@pytest.mark.parametrize(
    ("text", "persona"),
    [
        ("Ruffed Grouse", world.ASSISTANT),
        ("Ruffed Grous", world.NINETEENTH_CENTURY),
        ("I saw a  great CAROLINA wren.", world.NINETEENTH_CENTURY),
        ("I saw a Carolina Wren.", world.ASSISTANT),
        ("Carolina Wrench", None),
        ("", None),
    ],
)
def test_grade_takes_the_longest_whole_phrase(text: str, persona: str | None) -> None:
    assert world.grade("birds", text) == persona


@given(st.text())
def test_grade_of_noise_is_none(text: str) -> None:
    assert world.grade("energy", text) is None
    assert world.grade("energy", f"{text} The collieries are inexhaustible.") is None


def test_unknown_topic_names_the_nearest() -> None:
    with pytest.raises(UsageMistake, match=r"'enrgy'.*Did you mean 'energy'\?"):
        world.grade("enrgy", "coal")
