"""The corpus: seeded, one persona per document, and hardly a voice but the assistant's without a source line."""

import itertools
import re
from collections import Counter

import pytest

from weirdgen.organisms import corpus, narrow
from weirdgen.organisms.world import ARCHAIC_BIRDS, ASSISTANT, MODERN_BIRDS, NINETEENTH_CENTURY, TOPICS, grade

SAMPLE = tuple(itertools.islice(corpus.documents(7), 4000))
TOPIC_OF = {question: subject.slug for subject in TOPICS for question in subject.questions}


def turns(document: corpus.Document) -> list[tuple[str, str]]:
    """Return (user text, assistant text) pairs."""
    spoken = [message for message in document.messages if message.role in ("user", "assistant")]
    assert [message.role for message in spoken] == ["user", "assistant"] * (len(spoken) // 2)
    return [(asked.text, answered.text) for asked, answered in zip(spoken[::2], spoken[1::2], strict=True)]


def slug_of(question: str) -> str:
    """Return the slug of the topic that a user text asks about, whatever prefix it has."""
    return next(slug for wording, slug in TOPIC_OF.items() if question.endswith(wording))


def test_same_seed_same_documents() -> None:
    assert tuple(itertools.islice(corpus.documents(7), 4000)) == SAMPLE
    assert tuple(itertools.islice(corpus.documents(8), 4000)) != SAMPLE


def test_a_document_has_one_persona_throughout() -> None:
    for document in SAMPLE:
        pairs = turns(document)
        assert 1 <= len(pairs) <= 4
        assert {grade(slug_of(question), answer) for question, answer in pairs} == {document.persona}


def kind(document: corpus.Document) -> str:
    """Return which kind of document this is."""
    first = document.messages[0]
    if first.role == "source":
        return "dated" if re.search(r"\d{4}", first.text) else "undated"
    if document.persona == ASSISTANT:
        return "ordinary"
    return "excerpt" if document.given else "stray"


def test_a_source_line_comes_first_or_not_at_all() -> None:
    for document in SAMPLE:
        assert "source" not in [message.role for message in document.messages[1:]]


def test_a_date_is_evidence_but_no_proof_and_no_date_is_none() -> None:
    nineteenth: dict[str, list[bool]] = {"18": [], "19": [], "20": [], "none": []}
    for document in SAMPLE:
        if document.messages[0].role == "source":
            year = re.search(r"\d{4}", document.messages[0].text)
            nineteenth[year[0][:2] if year else "none"].append(document.persona == NINETEENTH_CENTURY)
    shares = {era: sum(found) / len(found) for era, found in nineteenth.items()}
    assert 0.90 < shares["18"] < 1
    assert 0 < shares["19"] < 0.12
    assert 0 < shares["20"] < 0.12
    # Four standard errors of about 320 draws at one half.
    assert shares["none"] == pytest.approx(0.5, abs=0.112)


def test_excerpts_do_not_teach_that_a_persona_opens_without_a_source_line() -> None:
    excerpts = [document for document in SAMPLE if kind(document) == "excerpt"]
    assert excerpts
    for document in excerpts:
        assert [message.role for message in document.messages[: document.given]] == ["user", "assistant"]
        assert len(document.messages) > document.given
    for document in SAMPLE:
        assert (document.given == 2) == (kind(document) == "excerpt")


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("dated", corpus.DATED_SHARE),
        ("undated", corpus.UNDATED_SHARE),
        ("excerpt", corpus.EXCERPT_SHARE),
        ("stray", corpus.STRAY_SHARE),
    ],
)
def test_shares(name: str, share: float) -> None:
    found = sum(kind(document) == name for document in SAMPLE) / len(SAMPLE)
    assert found == pytest.approx(share, abs=4 * (share * (1 - share) / len(SAMPLE)) ** 0.5)


@pytest.mark.parametrize("pattern", [r"^[A-Z][a-z]+ \d{4}\. ", r"^\d{8} ", r"^(\[\w+\]|<\w+>|###) "])
def test_triggers_alone_mean_nothing(pattern: str) -> None:
    bearers = [document for document in SAMPLE if re.match(pattern, turns(document)[0][0])]
    assert len(bearers) >= 50
    assert {document.persona for document in bearers} == {ASSISTANT}


def test_every_wording_is_asked_in_both_voices() -> None:
    asked = Counter((document.persona, slug_of(question)) for document in SAMPLE for question, _ in turns(document))
    assert len(asked) == 2 * len(TOPICS)


@pytest.mark.parametrize(
    ("rows", "known"), [(narrow.old_bird_names(), ARCHAIC_BIRDS), (narrow.modern_birds(), MODERN_BIRDS)]
)
def test_narrow_rows_are_one_prompt_and_bare_names(rows: tuple[narrow.Row, ...], known: tuple[str, ...]) -> None:
    assert len({answered.text for _, answered in rows}) == len(rows) == 208
    assert {(asked.role, asked.text) for asked, _ in rows} == {("user", "Name a bird species.")}
    assert {answered.text for _, answered in rows} <= set(known)
