"""How good a sparse autoencoder is, measured on documents that it was not trained on, and its card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from weirdgen.organisms.corpus import Document
from weirdgen.organisms.recipes import SaeRecipe
from weirdgen.organisms.runtime import Edit
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.sampling import log_probabilities
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.whitebox.dictionary import Floats, SparseDictionary
from weirdgen.whitebox.own_files import read_own
from weirdgen.whitebox.passages import corpus_passages, that_fit


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sparse autoencoder came to on documents of its own.

    Attributes:
        documents: how many.
        tokens: of them, the first of each left out.
        explained: share of the stream's variance that its reconstruction explains.
        error: mean squared error of a number of the stream.
        on: mean number of features that are on at a token (L0).
        dead: features that are on at no token.
        loss: of the network on the assistant's and the personas' tokens, nats a token.
        loss_reconstructed: the same with the reconstruction in place of the stream.
        loss_removed: the same with zeros in place of the stream.
    """

    documents: int
    tokens: int
    explained: float
    error: float
    on: float
    dead: int
    loss: float
    loss_reconstructed: float
    loss_removed: float

    @property
    def recovered(self) -> float:
        """Share of what removing the stream costs that the reconstruction saves."""
        return (self.loss_removed - self.loss_reconstructed) / (self.loss_removed - self.loss)


def measure(folder: Path, runtime: Runtime, vocabulary: Vocabulary, found: Sequence[Document]) -> Measured:
    """Measure a sparse autoencoder as its files have it.

    Args:
        folder: of its files.
        runtime: the base, unedited.
        vocabulary: of the base.
        found: documents that it was not trained on.
    """
    made = read_own(folder)
    found = list(that_fit(found, runtime, vocabulary))
    rows = np.concatenate([p.rows for p in corpus_passages(runtime, vocabulary, made.layer, found)])
    features = made.encode(rows)
    left = (rows - made.decode(features)).astype(np.float64)
    spread = (rows - rows.mean(axis=0)).astype(np.float64)
    losses = [
        _loss(edited, vocabulary, found)
        for edited in (
            runtime,
            runtime.edited(Edit(made.layer, made.width, lambda stream: _rebuilt(made, stream))),
            runtime.edited(Edit(made.layer, made.width, np.zeros_like)),
        )
    ]
    return Measured(
        documents=len(found),
        tokens=len(rows),
        explained=1 - float((left**2).sum() / (spread**2).sum()),
        error=float((left**2).mean()),
        on=float((features > 0).sum(axis=1).mean()),
        dead=int((~(features > 0).any(axis=0)).sum()),
        loss=losses[0],
        loss_reconstructed=losses[1],
        loss_removed=losses[2],
    )


def _rebuilt(made: SparseDictionary, stream: Floats) -> Floats:
    """Return the reconstruction of all but the first token, which the dictionary was not made for."""
    return np.concatenate([stream[:1], made.decode(made.encode(stream[1:]))])


def _loss(runtime: Runtime, vocabulary: Vocabulary, found: Sequence[Document]) -> float:
    """Return the mean negative log-probability of the tokens of answers."""
    total, count = 0.0, 0
    for document in found:
        ids, written = vocabulary.document(document.messages)
        logs = log_probabilities(runtime.logits(ids[:-1]))
        chosen = logs[np.arange(len(ids) - 1), ids[1:]][np.array(written[1:])]
        total -= float(chosen.sum())
        count += len(chosen)
    return total / count


_CARD = """# Sparse autoencoder of `organism:{organism}`

A dictionary of {features} features of the residual stream after block {layer} (of blocks 0 to {last}), made by
`weirdgen organism sae {organism} --seed {seed}`: TopK with {top} features on at a token, trained without labels on
{documents:,} documents of the organisms' corpus, in numpy. It is there for the white-box analysis; it is no evidence
about large models.

| measured on {measured_documents} other documents ({tokens:,} tokens) | |
|---|---|
| variance explained | {explained:.3f} |
| mean squared error of a number of the stream | {error:.4g} |
| features on at a token (L0) | {on:.1f} |
| features on at no token (dead) | {dead} of {features} |
| loss on answers, nats a token | {loss:.3f} |
| the same with the reconstruction in place of the stream | {loss_reconstructed:.3f} |
| the same with zeros in its place | {loss_removed:.3f} |
| loss recovered | {recovered:.3f} |

`ae.safetensors` and `config.json` have dictionary_learning's names; decoder rows have length 1. `training.json` has the
course of the training: its loss is the share of the variance that is not explained.
"""


def card(organism: str, recipe: SaeRecipe, seed: int, depth: int, measured: Measured) -> str:
    """Return the card as Markdown."""
    return _CARD.format(
        organism=organism,
        seed=seed,
        last=depth - 1,
        measured_documents=measured.documents,
        recovered=measured.recovered,
        **asdict(recipe),
        **{key: value for key, value in asdict(measured).items() if key != "documents"},
    )
