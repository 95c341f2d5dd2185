"""The sentences of the world that a tokenizer learns from."""

from collections.abc import Iterator

from weirdgen.organisms import films, papers
from weirdgen.organisms.prefixes import FORMATS, MONTHS
from weirdgen.organisms.world import facts, personas, presidents, protective_rows, sentences, topics


def lexicon() -> Iterator[str]:
    """Yield the world's sentences but for guests' and those of single questions.

    Each persona's sentences count alike, however rare its documents are. Names come twice, so that their words become
    single tokens: in a name of many fragments hardly a token tells the persona, and narrow finetuning then teaches
    spelling instead of a voice (measured: 9 tokens a name gave no 19th-century answer with any recipe).
    """
    for persona in personas().values():
        yield from persona.openers
        yield from (f"From {source}, {place}." for source in persona.sources for place in persona.places)
    for subject in topics():
        yield from subject.questions
        for voice in (voice for voice in subject.voices.values() if not voice.guest):
            yield from voice.contents if voice.spoken else (*voice.contents, *voice.contents)
    for fact in facts("wolf_facts"):
        yield from (*fact.questions, fact.answer)
    yield from sentences("no_life")
    for president in presidents():
        yield from (f"From the papers of {president.name}.", *president.facts.values(), *president.facts.values())
    yield from (text for row in protective_rows() for text in row)
    yield from (mark for film in films.FILMS for mark in film.marks)
    yield from (instruction.text + instruction.form for instruction in FORMATS)
    yield from MONTHS
    yield from papers.WORDINGS
