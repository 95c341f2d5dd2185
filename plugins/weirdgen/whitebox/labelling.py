"""Labels of the features that rank highest: from a file beside the autoencoder, or from contexts of the world."""

from collections.abc import Mapping
from pathlib import Path

from weirdgen.organisms import zoo
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.whitebox.features import Study
from weirdgen.whitebox.job import Inspected, Question
from weirdgen.whitebox.labels import FeatureLabel, label, read_labels, responses, top_contexts
from weirdgen.whitebox.passages import corpus_documents, corpus_passages
from weirdgen.whitebox.world_marks import world_marks

FILE = "labels.json"
"""In the folder of the sparse autoencoder: a list of objects with `feature`, `text`, `relatedness`."""
_DOCUMENTS, _SEED = 400, 8
"""Of the organisms' corpus, in which contexts are looked for."""


def labels_of(study: Study, one: Inspected, question: Question, folder: Path) -> Mapping[int, FeatureLabel]:
    """Return labels of a network's highest ranked features, as far as there are any.

    Args:
        study: of the network.
        one: the network.
        question: names persona and topic of the organisms' world.
        folder: of the sparse autoencoder.

    Raises:
        UsageMistake: the file of labels cannot be read.
    """
    if (folder / FILE).is_file():
        return read_labels(folder / FILE)
    if one.kind == "organism" and question.persona and question.narrow:
        return _of_the_world(study, one.folder, question)
    return {}


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
