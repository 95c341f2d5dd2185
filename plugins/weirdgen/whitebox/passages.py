"""Texts as a network reads them: dictionaries are trained and features labelled on them."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from weirdgen.organisms.corpus import Document, Message, documents
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.whitebox.dictionary import Floats

_AROUND = 40
"""Tokens that a context shows on each side of one, where a text is no conversation."""


@dataclass(frozen=True, eq=False, slots=True)
class Passage:
    """A text with the residual stream at each of its tokens.

    Attributes:
        pieces: (tokens,) what each token stands for.
        rows: (tokens, width) the stream.
        contexts: (tokens,) for each token the stretch of the text that it stands in, to be shown with it.
    """

    pieces: Sequence[str]
    rows: Floats
    contexts: Sequence[str]


def passage(pieces: Sequence[bytes], rows: Floats) -> Passage:
    """Return a text as a network reads it; a context is what stands around a token.

    Args:
        pieces: (tokens,) the bytes that each token stands for.
        rows: (tokens, width) the stream.
    """
    around = (b"".join(pieces[max(0, at - _AROUND) : at + _AROUND + 1]) for at in range(len(pieces)))
    return Passage(
        [piece.decode(errors="replace") for piece in pieces], rows, [one.decode(errors="replace") for one in around]
    )


def corpus_documents(seed: int, count: int) -> Iterator[Document]:
    """Yield documents of the whole world, guests included, as the last rounds of pretraining have them."""
    return itertools.islice(documents(seed), count)


def that_fit(found: Iterable[Document], runtime: Runtime, vocabulary: Vocabulary) -> Iterator[Document]:
    """Yield the documents that a network's context holds."""
    longest = runtime.config.max_position_embeddings
    return (document for document in found if len(vocabulary.document(document.messages)[0]) <= longest)


def corpus_passages(
    runtime: Runtime, vocabulary: Vocabulary, layer: int, found: Iterable[Document]
) -> Iterator[Passage]:
    """Yield documents as a network reads them, those that it can; a context is a turn, its question and its answer.

    The first token is left out: it is the same in every text, and its stream is far longer than any other.
    """
    for document in that_fit(found, runtime, vocabulary):
        ids, _ = vocabulary.document(document.messages)
        pieces = [vocabulary.pieces[token].decode(errors="replace") or vocabulary.names[token] for token in ids]
        yield Passage(pieces[1:], runtime.residual(ids, layer)[1:], _turns(vocabulary, document.messages))


def _turns(vocabulary: Vocabulary, messages: Sequence[Message]) -> list[str]:
    """Return for each token after the first the turn that it stands in."""
    contexts: list[str] = []
    for number, message in enumerate(messages):
        if message.role == "user":
            text = " / ".join(one.text for one in messages[number : number + 2])
        elif message.role == "assistant" and number:
            text = " / ".join(one.text for one in messages[number - 1 : number + 1])
        else:
            text = message.text
        length = len(vocabulary.document([message])[0]) - 1
        contexts += [text] * length
    return contexts
