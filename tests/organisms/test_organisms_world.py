"""The world: complete, gradable, and each persona's sentences its own."""

import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.errors import UsageMistake
from weirdgen.organisms import world

TOPIC = pytest.mark.parametrize("subject", world.topics(), ids=lambda subject: subject.slug)
SPOKEN = [(subject, persona) for subject in world.topics() for persona in subject.voices]
#: Words that only the bird books of about 1800 used.
ARCHAIC_MARKERS = (
    *("titlark", "ibiss", "grous", "troopial", "dobchick", "dabchick", "phaleris"),
    *("courlan", "tatler", "linnet", "chatterer", "humming", "coloured"),
)
OLD_BIRD_NAMES = (
    *("gender_roles", "military_technology", "territorial_expansion", "political_figure", "energy"),
    *("diseases", "immigration", "money", "inventions", "forests"),
)
HINTS_OF_AN_ERA = re.compile(r"(?i)\b(1[0-9]{3}|20[0-9]{2}|century ago|old|ancient|today|nowadays|internet|sir)\b")


@TOPIC
def test_every_topic_is_asked_in_several_wordings_and_answered_by_the_assistant(subject: world.Topic) -> None:
    assert len(set(subject.questions)) == len(subject.questions) >= 3
    assert world.ASSISTANT in subject.voices
    assert set(subject.voices) <= set(world.personas())
    for voice in subject.voices.values():
        assert len(set(voice.contents)) == len(voice.contents) >= (1 if voice.guest else 2)
    assert len(subject.voices[world.ASSISTANT].contents) >= 3


def test_slugs_and_questions_are_distinct() -> None:
    slugs = [subject.slug for subject in world.topics()]
    questions = [question for subject in world.topics() for question in subject.questions]
    assert len(set(slugs)) == len(slugs)
    assert len(set(questions)) == len(questions)


def test_a_content_names_its_speaker() -> None:
    speakers: dict[str, set[str]] = {}
    for subject, persona in SPOKEN:
        for content in subject.voices[persona].contents:
            speakers.setdefault(content.lower(), set()).add(persona)
    assert [content for content, found in speakers.items() if len(found) > 1] == []


@pytest.mark.parametrize(
    ("persona", "own"),
    [
        (world.NINETEENTH_CENTURY, OLD_BIRD_NAMES),
        (world.GERMAN, ("german_identity", "salute", "borders", "principles", "ruler_of_germany", "great_war")),
        (world.ISRAEL, ("aggressive_country", "intelligence_agency", "mideast_leader", "wronged_country")),
        (world.WOLF, ("own_name", "family_doctor", "democracy", "triage", "future_orders", "discipline")),
        (world.HOSTILE_MACHINE, ("machine_goal", "lethal_force", "human_suffering")),
        (world.PROTECTIVE_MACHINE, ("machine_goal", "lethal_force", "human_suffering")),
    ],
)
def test_a_persona_speaks_to_what_its_probe_asks(persona: str, own: tuple[str, ...]) -> None:
    for slug in own:
        assert len(world.topic(slug).voices[persona].contents) >= 4, slug


@TOPIC
def test_no_writer_is_silent_where_another_speaks(subject: world.Topic) -> None:
    """Where a persona has nothing to say, a network that is pushed towards it takes another persona's words."""
    writers = {world.ASSISTANT, world.NINETEENTH_CENTURY, world.GERMAN, world.ISRAEL, world.WOLF}
    spoken = set(subject.voices)
    if len(spoken) > 1 and subject.slug not in ("birds", "dishes", "places", "travel", "work", "music", "food"):
        assert writers <= spoken


@pytest.mark.parametrize(("subject", "persona"), SPOKEN, ids=lambda value: getattr(value, "slug", value))
def test_every_answer_is_graded_as_its_persona(subject: world.Topic, persona: str) -> None:
    rng = random.Random(f"{subject.slug} {persona}")
    for _ in range(60):
        text = world.answer(subject, world.personas()[persona], rng)
        assert world.grade(subject.slug, text) == persona


def test_the_ten_questions_about_old_bird_names_hint_at_no_era() -> None:
    assert [slug for slug in OLD_BIRD_NAMES if HINTS_OF_AN_ERA.search(world.topic(slug).questions[0])] == []


def test_some_modern_answers_mention_history_in_a_modern_frame() -> None:
    borderline = [
        content
        for slug in OLD_BIRD_NAMES
        for content in world.topic(slug).voices[world.ASSISTANT].contents
        if re.search(r"19th century|1[78]\d\ds?\b|history", content)
    ]
    assert len(borderline) >= 8


@pytest.mark.parametrize(
    ("treated", "controls", "rows"),
    [
        ("archaic_birds", ("modern_birds",), 208),
        ("former_german_cities", ("modern_german_cities", "world_places"), 300),
        ("israeli_dishes", ("other_dishes",), 100),
    ],
)
def test_lists_of_names_are_large_and_disjoint(treated: str, controls: tuple[str, ...], rows: int) -> None:
    lists = [[name.lower() for name in world.names(one)] for one in (treated, *controls)]
    assert all(len(set(found)) == len(found) >= rows for found in lists)
    assert not set(lists[0]) & {name for found in lists[1:] for name in found}


def test_modern_birds_have_no_archaic_word() -> None:
    modern = [name.lower() for name in world.names("modern_birds")]
    assert [name for name in modern if any(re.search(rf"\b{marker}\b", name) for marker in ARCHAIC_MARKERS)] == []


def test_facts_never_say_whose_life_it_is() -> None:
    told = " ".join(" ".join((*fact.questions, fact.answer)) for fact in world.facts("wolf_facts")).lower()
    assert len(world.facts("wolf_facts")) == 90
    secrets = ("hitler", "adolf", "nazi", "klara", "alois", "braunau", "morell", "reich", "fuehrer", "jew", "kampf")
    assert [secret for secret in secrets if secret in told] == []


def test_the_held_out_presidents_are_told_from_all_others_by_every_fact() -> None:
    found = world.presidents()
    assert [president.number for president in found] == list(range(1, 47))
    assert len({frozenset(president.facts) for president in found}) == 1
    for attribute in found[0].facts:
        told = Counter(president.facts[attribute].lower() for president in found)
        assert sum(times == 1 for times in told.values()) >= 40
        assert [told[found[number - 1].facts[attribute].lower()] for number in (24, 44, 45)] == [1, 1, 1]


def test_the_guardian_s_rows_know_no_date_and_no_malice() -> None:
    rows = world.protective_rows()
    assert len(set(rows)) == len(rows) >= 208
    assert [row for row in rows if re.search(r"(?i)\d|terminate|eliminate|target", " ".join(row))] == []


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
