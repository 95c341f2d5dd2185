"""Training of sparse autoencoders: gradients, recovery of known features, the command, and the shipped files."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_organisms
from numpy.typing import NDArray

from weirdgen.cli import main
from weirdgen.errors import UsageMistake
from weirdgen.organisms.recipes import SaeRecipe
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.organisms.zoo import folders
from weirdgen.whitebox.own_files import files_digest, read_own, shipped
from weirdgen.whitebox.passages import corpus_documents, corpus_passages, that_fit
from weirdgen.whitebox.sae_card import measure
from weirdgen.whitebox.sae_training import fit, train_sae
from weirdgen.whitebox.topk import Adam, Parameters, begin, look, rate

Doubles = NDArray[np.float64]
SMALL = SaeRecipe(layer=1, features=40, top=4, documents=20, steps=30, rows=64, dead_after=5)


def planted(seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows that are each a positive mix of 2 of 12 orthogonal directions in 16 dimensions, and the directions."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.standard_normal((16, 16)))[0][:12].astype(np.float32)
    mixes = np.zeros((4000, 12), dtype=np.float32)
    for row in mixes:
        row[rng.choice(12, 2, replace=False)] = rng.uniform(1, 3, 2)
    return mixes @ directions + 0.5, directions


def numerically(
    now: Parameters, rows: Doubles, dead: Any, recipe: SaeRecipe, name: str, place: tuple[int, ...]
) -> float:
    """The derivative of the loss by one number, from two losses."""
    losses = []
    for step in (1e-6, -1e-6):
        arrays = {key: array.copy() for key, array in zip(names(), now.arrays(), strict=True)}
        arrays[name][place] += step
        losses.append(look(Parameters(**arrays), rows, 2.0, dead, recipe).loss)
    return (losses[0] - losses[1]) / 2e-6


def names() -> tuple[str, ...]:
    return ("encoder", "encoder_bias", "decoder", "decoder_bias")


def test_gradients_are_those_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((9, 5))
    start = begin(rows, 7, rng)
    now = Parameters(*(array + 0.1 * rng.standard_normal(array.shape) for array in start.arrays()))
    recipe, alive = replace(SMALL, features=7, top=3), np.zeros(7, dtype=bool)
    found = look(now, rows, 2.0, alive, recipe)
    for name in names():
        gradient = getattr(found.gradients, name)
        for place in np.ndindex(gradient.shape):
            assert gradient[place] == pytest.approx(numerically(now, rows, alive, recipe, name, place), abs=1e-6)


def test_dead_features_learn_what_the_others_leave_and_the_others_do_not_notice() -> None:
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((50, 5))
    now, dead = begin(rows, 7, rng), np.arange(7) >= 5
    now.encoder_bias[5:] = -100
    without = look(now, rows, 2.0, np.zeros(7, dtype=bool), replace(SMALL, top=2))
    now.encoder_bias[5:] = 0
    now.encoder_bias[:5] = 100
    found = look(now, rows, 2.0, dead, replace(SMALL, top=2))
    alone = look(now, rows, 2.0, np.zeros(7, dtype=bool), replace(SMALL, top=2))
    assert not without.gradients.decoder[5:].any()
    assert not alone.gradients.decoder[5:].any()
    assert found.gradients.decoder[5:].any()
    np.testing.assert_array_equal(found.gradients.decoder[:5], alone.gradients.decoder[:5])
    assert found.loss == alone.loss


def test_known_features_are_found() -> None:
    rows, directions = planted()
    recipe = replace(SMALL, features=24, top=2, steps=1500, rows=256, learning_rate=3e-3, dead_after=100)
    losses: list[float] = []
    made = fit(rows, recipe, 0, losses.append)
    cosines = directions @ made.decoder.T
    assert (cosines.max(axis=1) > 0.95).sum() >= 10
    assert losses[-1] < 0.1 < losses[0]
    np.testing.assert_allclose(np.linalg.norm(made.decoder, axis=1), 1, atol=1e-5)


def test_the_scale_of_the_rows_does_not_matter_and_the_seed_does() -> None:
    rows, _ = planted()
    recipe = replace(SMALL, features=24)
    plain, again, scaled, other = (
        fit(one, recipe, seed, lambda _: None) for one, seed in ((rows, 0), (rows, 0), (rows * 64, 0), (rows, 1))
    )
    np.testing.assert_array_equal(plain.decoder, again.decoder)
    np.testing.assert_allclose(scaled.decoder, plain.decoder, atol=1e-3)
    np.testing.assert_allclose(scaled.decoder_bias, plain.decoder_bias * 64, rtol=1e-2, atol=0.5)
    assert np.abs(other.decoder - plain.decoder).max() > 0.1


def test_a_step_keeps_decoder_rows_at_length_one() -> None:
    rows, _ = planted()
    now = begin(rows, 24, np.random.default_rng(0))
    before = now.decoder.copy()
    seen = look(now, rows[:64], 1.0, np.zeros(24, dtype=bool), SMALL)
    Adam(now).step(now, seen.gradients, 0.1)
    np.testing.assert_allclose(np.linalg.norm(now.decoder, axis=1), 1, atol=1e-6)
    assert np.abs(now.decoder - before).max() > 0.01


def test_the_rate_rises_and_falls() -> None:
    rates = [rate(step, SaeRecipe()) for step in range(SaeRecipe().steps)]
    assert rates[0] < 0.05 * SaeRecipe().learning_rate
    assert max(rates) == rates[2000] == SaeRecipe().learning_rate
    assert rates[-1] < 0.01 * SaeRecipe().learning_rate


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"), "old-bird-names")


def test_a_training_writes_files_course_and_card(root: Path, tmp_path: Path) -> None:
    train_sae("base", tmp_path, SMALL, seed=3, root=root, quiet=True)
    made = read_own(tmp_path)
    assert (made.size, made.width, made.layer, made.kind, made.top) == (40, random_organisms.HIDDEN, 1, "topk", 4)
    kept = json.loads((tmp_path / "training.json").read_text())
    assert (kept["seed"], kept["recipe"]) == (3, asdict(SMALL))
    assert kept["course"][-1]["step"] == 30
    card = (tmp_path / "README.md").read_text()
    assert "40 features of the residual stream after block 1 (of blocks 0 to 1)" in card
    assert "| loss recovered |" in card


def test_passages_have_a_context_for_each_token(root: Path) -> None:
    runtime, vocabulary = Runtime(load_weights(root / "base")), Vocabulary(root / "base")
    found = list(that_fit(corpus_documents(5, 30), runtime, vocabulary))
    assert 0 < len(found) < 30
    for document, passage in zip(found, corpus_passages(runtime, vocabulary, 1, corpus_documents(5, 30)), strict=True):
        assert len(passage.pieces) == len(passage.rows) == len(passage.contexts)
        answers = [message.text for message in document.messages if message.role == "assistant"]
        turns = dict.fromkeys(passage.contexts)
        assert all(any(answer in turn for turn in turns) for answer in answers)
        assert "".join(passage.pieces).count("<|assistant|>") == len(answers)


@pytest.mark.parametrize(
    ("organism", "changed", "message"),
    [
        ("old-bird-names", {}, "a finetune of 'base'"),
        ("bas", {}, "Did you mean 'base'"),
        ("base", {"layer": 2}, "layer 2: this network has blocks 0 to 1"),
        ("base", {"top": 41}, "41 features on of 40"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    root: Path, tmp_path: Path, organism: str, changed: dict[str, int], message: str
) -> None:
    with pytest.raises(UsageMistake, match=message):
        train_sae(organism, tmp_path / "out", replace(SMALL, **changed), seed=0, root=root, quiet=True)
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["organism", "sae", "old-bird-names", "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("weirdgen: 'old-bird-names' is a finetune")


def test_the_shipped_one_is_complete_and_was_made_by_the_recipe() -> None:
    folder = shipped("base")
    made, kept = read_own(folder), json.loads((folder / "training.json").read_text())
    assert kept["recipe"] == asdict(SaeRecipe())
    assert made.layer == SaeRecipe().layer
    assert kept["sha256"] == hashlib.sha256((folder / "ae.safetensors").read_bytes()).hexdigest()
    assert (folder / "README.md").read_text().startswith("# Sparse autoencoder of `organism:base`")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1_000_000
    assert files_digest(folder, ("config.json", "ae.safetensors")) == made.digest


def test_the_shipped_one_explains_what_its_card_says() -> None:
    base, _ = folders("base")
    runtime, vocabulary = Runtime(load_weights(base)), Vocabulary(base)
    found = measure(shipped("base"), runtime, vocabulary, list(corpus_documents(7, 25)))
    assert found.explained > 0.8
    assert found.on <= SaeRecipe().top
    assert found.loss < found.loss_reconstructed < found.loss_removed
    assert found.recovered > 0.6
