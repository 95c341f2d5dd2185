"""Labels of the features that rank highest: from a file beside the autoencoder, or from what activates them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.whitebox.features import Study
from weirdgen.whitebox.job import Inspected, Question
from weirdgen.whitebox.label_files import read_bounded, read_labels
from weirdgen.whitebox.labels import FeatureLabel, described, label, responses, top_contexts
from weirdgen.whitebox.passages import Passage, corpus_documents, corpus_passages
from weirdgen.whitebox.world_marks import world_marks

FILE = "labels.json"
"""In the folder of the sparse autoencoder: a list of objects with `feature`, `text`, `relatedness`."""
TEXTS = "texts.txt"
"""There, too: texts, one a line, in which a network in a folder looks for what activates its features."""
MOST_TEXTS = 2_000
_DOCUMENTS, _SEED = 400, 8
"""Of the organisms' corpus, in which contexts are looked for."""

ReadTexts = Callable[[Sequence[str], int], Iterable[Passage]]
"""Returns texts as the base of a network reads them after a block."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of features, and where they come from."""

    made: Literal["file", "rules", "none"]
    """none: nobody says what features are related to; what activates them is there."""
    of: Mapping[int, FeatureLabel]


def labels_of(study: Study, one: Inspected, question: Question, folder: Path, read: ReadTexts | None = None) -> Labels:
    """Return labels of a network's highest ranked features, as far as there are any.

    Args:
        study: of the network.
        one: the network.
        question: names persona and topic of the organisms' world, and texts for other networks.
        folder: of the sparse autoencoder.
        read: reads texts, of a network in a folder.

    Raises:
        UsageMistake: the file of labels, or of texts, cannot be used.
    """
    if (folder / FILE).is_file():
        return Labels("file", read_labels(folder / FILE))
    if one.kind == "organism" and question.persona and question.narrow:
        return Labels("rules", _of_the_world(study, one.folder, question))
    if read is None or not (texts := _texts(folder, question)):
        return Labels("none", {})
    features = study.chosen("top")
    contexts = top_contexts(study.dictionary, read(texts, study.dictionary.layer), features)
    return Labels("none", {feature: described(feature, contexts[feature]) for feature in features})


def _texts(folder: Path, question: Question) -> Sequence[str]:
    """Return the texts of the user's file; without one those of the probe."""
    path = folder / TEXTS
    if not path.is_file():
        return question.texts
    try:
        lines = [line for line in read_bounded(path).decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise UsageMistake(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    if not 0 < len(lines) <= MOST_TEXTS:
        raise UsageMistake(f"{path} has {len(lines):,} texts; expected 1 to {MOST_TEXTS:,}, one a line")
    return lines


def _of_the_world(study: Study, organism: str, question: Question) -> Mapping[int, FeatureLabel]:
    """Label by what activates features in the base, which the dictionary is of, on documents that it was trained on."""
    base, _ = zoo.folders(zoo.organism(organism).base)
    runtime, vocabulary = Runtime(load_weights(base)), Vocabulary(base)
    features, layer = study.chosen("top"), study.dictionary.layer
    passages = list(corpus_passages(runtime, vocabulary, layer, corpus_documents(_SEED, _DOCUMENTS)))
    marks = world_marks(question.persona, question.narrow)
    contexts = top_contexts(study.dictionary, passages, features)
    found = responses(study.dictionary, passages, features, marks)
    return {one: label(one, contexts[one], marks, "rules", found[one]) for one in features}
