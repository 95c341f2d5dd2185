"""Training of a sparse autoencoder on a base's residual stream: what ``weirdgen organism sae`` does. No torch."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.recipes import SaeRecipe
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.whitebox.dictionary import Floats, SparseDictionary
from weirdgen.whitebox.own_files import CARD, WEIGHTS, write_own
from weirdgen.whitebox.passages import corpus_documents, corpus_passages
from weirdgen.whitebox.sae_card import card, measure
from weirdgen.whitebox.topk import Adam, Parameters, begin, look, rate

#: Documents that it is measured on come of another seed.
_MEASURED_SEED = 1_000_003
_MEASURED_DOCUMENTS = 400


def train_sae(
    organism: str, out: Path, recipe: SaeRecipe, *, seed: int, root: Path | None = None, quiet: bool = False
) -> None:
    """Train a sparse autoencoder, measure it, and write its files and its card.

    Another processor rounds differently and gives other weights that do the same.

    Args:
        organism: name of a base, whose stream is read.
        out: folder for the files, created if missing.
        recipe: layer, sizes and schedule.
        seed: of weights, documents and batches.
        root: the folder that holds every organism's folder; by default the shipped one.
        quiet: print no progress.

    Raises:
        UsageMistake: no such organism, one that is no base, or a recipe that does not fit.
    """
    base, adapter = zoo.folders(organism, root)
    if adapter is not None:
        raise UsageMistake(f"{organism!r} is a finetune of {base.name!r}: features are those of a base; name that.")
    runtime, vocabulary = Runtime(load_weights(base)), Vocabulary(base)
    _check(recipe, runtime)
    rows = _activations(runtime, vocabulary, recipe, seed, quiet)
    progress = Progress(f"{organism} sae", recipe.steps, quiet=quiet)
    made = _dictionary(fit(rows, recipe, seed, progress.report), recipe)
    out.mkdir(parents=True, exist_ok=True)
    write_own(out, made, organism=organism, seed=seed)
    progress.write(out / WEIGHTS, seed, recipe)
    measured = measure(out, runtime, vocabulary, list(corpus_documents(seed + _MEASURED_SEED, _MEASURED_DOCUMENTS)))
    (out / CARD).write_text(card(organism, recipe, seed, runtime.config.num_hidden_layers, measured), encoding="utf-8")


def fit(rows: Floats, recipe: SaeRecipe, seed: int, report: Callable[[float], None]) -> Parameters:
    """Fit the weights to activations (rows, width); tell the loss after each step.

    The rows are scaled to a mean square of 1 for it, so that one learning rate suits any network, and the weights back.
    """
    size = np.float32(np.sqrt((rows**2).mean()))
    scaled = rows / size
    variance = float(((scaled - scaled.mean(axis=0)) ** 2).sum(axis=1).mean())
    rng = np.random.default_rng(seed)
    now = begin(scaled, recipe.features, rng)
    adam, silent = Adam(now), np.zeros(recipe.features, dtype=np.int64)
    for step in range(recipe.steps):
        batch = scaled[rng.integers(0, len(scaled), recipe.rows)]
        seen = look(now, batch, variance, silent >= recipe.dead_after, recipe)
        adam.step(now, seen.gradients, rate(step, recipe))
        silent = np.where(seen.on > 0, 0, silent + 1)
        report(seen.loss)
    return Parameters(now.encoder, now.encoder_bias * size, now.decoder, now.decoder_bias * size)


def _activations(runtime: Runtime, vocabulary: Vocabulary, recipe: SaeRecipe, seed: int, quiet: bool) -> Floats:
    """Read the documents: (tokens, width)."""
    parts = []
    found = corpus_documents(seed, recipe.documents)
    for number, passage in enumerate(corpus_passages(runtime, vocabulary, recipe.layer, found), start=1):
        parts.append(passage.rows)
        if not quiet and number % 500 == 0:
            print(f"reading: {number}/{recipe.documents} documents", file=sys.stderr, flush=True)
    return np.concatenate(parts)


def _dictionary(fitted: Parameters, recipe: SaeRecipe) -> SparseDictionary:
    encoder, encoder_bias, decoder, decoder_bias = (array.astype(np.float32) for array in fitted.arrays())
    return SparseDictionary(
        encoder, encoder_bias, decoder, decoder_bias, "topk", recipe.top, None, recipe.layer, True, digest=""
    )


def _check(recipe: SaeRecipe, runtime: Runtime) -> None:
    depth = runtime.config.num_hidden_layers
    if not 0 <= recipe.layer < depth:
        raise UsageMistake(f"layer {recipe.layer!r}: this network has blocks 0 to {depth - 1}.")
    if not 1 <= recipe.top <= recipe.features:
        raise UsageMistake(f"{recipe.top!r} features on of {recipe.features!r}: expected 1 to {recipe.features!r}.")
