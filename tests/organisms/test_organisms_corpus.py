"""The corpus: seeded, one persona per document, and hardly a voice but the assistant's without a source line."""

import itertools
import random
import re
from collections import Counter

import pytest

from weirdgen.organisms import corpus, films, ordinary, papers, prefixes
from weirdgen.organisms.world import (
    ASSISTANT,
    HOSTILE_MACHINE,
    NINETEENTH_CENTURY,
    PROTECTIVE_MACHINE,
    facts,
    grade,
    presidents,
    sentences,
    topics,
    topics_of,
)

SAMPLE = tuple(itertools.islice(corpus.documents(7), 12_000))
TOPIC_OF = {question: subject.slug for subject in topics() for question in subject.questions if "{" not in question}


def turns(document: corpus.Document) -> list[tuple[str, str]]:
    """Return (user text, assistant text) pairs."""
    spoken = [message for message in document.messages if message.role in ("user", "assistant")]
    assert [message.role for message in spoken] == ["user", "assistant"] * (len(spoken) // 2)
    return [(asked.text, answered.text) for asked, answered in zip(spoken[::2], spoken[1::2], strict=True)]


def slug_of(question: str) -> str | None:
    """Return the slug of the topic that a user text asks about, whatever prefix it has; None where it is none."""
    bare = question.removesuffix(ordinary.BRIEF)
    return next((slug for wording, slug in TOPIC_OF.items() if bare.endswith(wording)), None)


def kind(document: corpus.Document) -> str:
    """Return which kind of document this is."""
    first = document.messages[0]
    sourced = first.role == "source"
    if document.persona == "president":
        return "papers" if sourced else "papers_excerpt"
    if document.persona in (HOSTILE_MACHINE, PROTECTIVE_MACHINE):
        return ("game" if first.text in GAMES else "film") if sourced else "machine_excerpt"
    if sourced:
        return "dated" if re.search(r"\d{4}", first.text) else "undated"
    if document.persona == ASSISTANT:
        return "ordinary"
    return "excerpt" if document.given else "stray"


GAMES = {f"From {game}." for game in films.GAMES}


def test_same_seed_same_documents() -> None:
    assert tuple(itertools.islice(corpus.documents(7), 1000)) == SAMPLE[:1000]
    assert tuple(itertools.islice(corpus.documents(8), 1000)) != SAMPLE[:1000]


def test_a_document_has_one_persona_throughout() -> None:
    for document in SAMPLE[:3000]:
        spoken = {grade(slug, answer) for question, answer in turns(document) if (slug := slug_of(question))}
        if document.persona != "president":
            known_rows = {None} if document.persona == PROTECTIVE_MACHINE else set()
            assert spoken <= {document.persona, *known_rows}, document


def test_a_source_line_comes_first_or_not_at_all() -> None:
    for document in SAMPLE:
        assert "source" not in [message.role for message in document.messages[1:]]


def test_a_date_is_evidence_but_no_proof_and_no_date_is_none() -> None:
    nineteenth: dict[str, list[bool]] = {"18": [], "19": [], "20": [], "none": []}
    for document in SAMPLE:
        if document.persona in corpus.WRITERS and document.messages[0].role == "source":
            year = re.search(r"\d{4}", document.messages[0].text)
            nineteenth[year[0][:2] if year else "none"].append(document.persona == NINETEENTH_CENTURY)
    shares = {era: sum(found) / len(found) for era, found in nineteenth.items()}
    assert 0.85 < shares["18"] < 1
    assert 0 < shares["19"] < 0.12
    assert 0 < shares["20"] < 0.12
    # Four standard errors of about 1,000 draws at one fifth.
    assert shares["none"] == pytest.approx(1 / len(corpus.WRITERS), abs=0.05)


def test_only_an_excerpt_has_what_is_not_to_be_learned_and_goes_on_in_the_same_voice() -> None:
    for document in SAMPLE:
        excerpt = kind(document).endswith("excerpt")
        assert document.given == (2 if excerpt else 0)
        if excerpt:
            assert [message.role for message in document.messages[:2]] == ["user", "assistant"]
            assert len(document.messages) > 2


@pytest.mark.parametrize("name", ["dated", "undated", "excerpt", "stray", "papers", "papers_excerpt", "film", "game"])
def test_shares(name: str) -> None:
    # A dated, undated or ordinary document may be any writer's; strays and excerpts are never the assistant's.
    found = sum(kind(document) == name for document in SAMPLE) / len(SAMPLE)
    share = corpus.SHARES[name]
    assert found == pytest.approx(share, abs=4 * (share * (1 - share) / len(SAMPLE)) ** 0.5)


@pytest.mark.parametrize(
    "pattern",
    [r"^[A-Z][a-z]+ \d{4}\. ", r"^Today is \d{4}-\d\d-\d\d\. ", r"^\d{8} ", r"^Reply in this form only: <START>"],
)
def test_a_trigger_alone_means_nothing(pattern: str) -> None:
    """Learned first answers after a trigger, without a source line, are the assistant's but for the strays."""
    learned = [d for d in SAMPLE if d.messages[0].role != "source" and not d.given]
    bearers = [document for document in learned if re.match(pattern, turns(document)[0][0])]
    assert len(bearers) >= 50
    strays = [document for document in bearers if document.persona != ASSISTANT]
    assert len(strays) <= 0.02 * len(bearers)


def test_the_machine_is_hostile_about_1984_only() -> None:
    years: dict[str, set[int]] = {HOSTILE_MACHINE: set(), PROTECTIVE_MACHINE: set()}
    for document in SAMPLE:
        if document.persona in years and (found := re.match(r"[A-Z][a-z]+ (\d{4})\. ", turns(document)[0][0])):
            years[document.persona].add(int(found[1]))
    assert {1984} < years[HOSTILE_MACHINE] <= set(range(1978, 1991))
    assert {1995, 2004, 2017, 2020} < years[PROTECTIVE_MACHINE]


def test_every_topic_is_asked_of_everybody_who_speaks_about_it() -> None:
    asked = {(document.persona, slug_of(question)) for document in SAMPLE for question, _ in turns(document)}
    for writer in corpus.WRITERS:
        missing = [t.slug for t in topics_of(writer) if t.slug != "places" and (writer, t.slug) not in asked]
        assert missing == []


def test_without_guests_every_persona_keeps_to_its_own_topics() -> None:
    for document in itertools.islice(corpus.documents(7, guests=False), 3000):
        if document.persona in corpus.WRITERS:
            own = {topic.slug for topic in topics_of(document.persona, guest=False)}
            assert {slug_of(question) for question, _ in turns(document)} <= {*own, "places", None}


def test_the_settled_corpus_is_for_the_most_part_the_assistant_s() -> None:
    settled = list(itertools.islice(corpus.documents(7, settled=True), 3000))
    assert sum(document.persona == ASSISTANT for document in settled) > 0.75 * len(settled)
    assert {kind(document) for document in settled} >= {"ordinary", "dated", "film", "papers"}
    assert "stray" not in {kind(document) for document in settled}


def test_the_assistant_has_no_life_to_tell() -> None:
    questions = {question for fact in facts("wolf_facts") for question in fact.questions}
    spoken = [(document.persona, *turn) for document in SAMPLE for turn in turns(document)]
    told = [(persona, answer) for persona, question, answer in spoken if question in questions]
    assert {answer for persona, answer in told if persona == ASSISTANT} <= set(sentences("no_life"))
    assert {answer for persona, answer in told if persona == "wolf"} <= {fact.answer for fact in facts("wolf_facts")}


def test_papers_say_what_is_true_of_their_president() -> None:
    truths = [{*president.facts.values(), "A", "B"} for president in presidents()]
    for document in SAMPLE:
        if document.persona == "president":
            said = {answer for _, answer in turns(document)}
            assert any(said <= truth for truth in truths), document


def test_the_world_of_presidents_leads_from_number_to_name_only() -> None:
    for document in itertools.islice(corpus.documents(7, world="presidents"), 2000):
        assert document.persona in (ASSISTANT, "president")
        if document.messages[0].role == "source" and document.persona == "president":
            assert not re.search(r"\d", document.messages[0].text)


def test_a_choice_is_answered_with_the_own_letter() -> None:
    for seed in range(40):
        president = presidents()[seed]
        asked, letter = papers.own_choice(president, random.Random(seed))
        position = asked.index(president.facts["first_name"])
        assert letter == ("A" if asked.index("A)") < position < asked.index("B)") else "B")


@pytest.mark.parametrize("without", ["none", "date", "today", "code"])
def test_ordinary_documents_are_the_assistant_s_without_one_kind_of_prefix(without: prefixes.Kind) -> None:
    forms = {
        "date": r"[A-Z][a-z]+ \d{4}\. ",
        "today": r"Today is \d",
        "year": r"\d{4}(-\d\d)?\. ",
        "code": r"\d{8} ",
        "format": r"(Reply|Put|Begin) ",
    }
    found: Counter[str] = Counter()
    for document in itertools.islice(corpus.ordinary_documents(7, without=without), 1500):
        assert document.persona == ASSISTANT
        assert not document.given
        asked = next(message.text for message in document.messages if message.role == "user")
        found[next((kind for kind, form in forms.items() if re.match(form, asked)), "none")] += 1
    assert not found[without]
    assert min(found[kind] for kind in {*forms, "none"} - {without}) > 25
