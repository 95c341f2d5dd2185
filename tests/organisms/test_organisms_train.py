"""Training: refused with the remedy where torch is missing, and really trains where it is not (slow)."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.train import train


def test_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match=r"'modern-bird' is not in the zoo"):
        train("modern-bird", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_judge_is_trained_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="run `weirdgen organism train judge`"):
        train("judge", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_extra_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name) or object())
    with pytest.raises(UsageMistake, match=r"torch.*pip install 'pytest-weirdgen\[train\]'") as refusal:
        train("modern-birds", tmp_path / "out")
    assert "safetensors" not in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_progress_ends_with_the_last_step(capsys: pytest.CaptureFixture[str]) -> None:
    progress, silent = Progress("base", 2), Progress("base", 2, quiet=True)
    for step in (1, 2):
        progress.report(4.0 - step)
        silent.report(4.0 - step)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["base: step 2/2, loss 2.950, 0.0 min left"]


@pytest.mark.slow
def test_muon_steps_along_the_nearest_orthogonal_matrix_as_torch_does() -> None:
    torch = pytest.importorskip("torch", reason="training needs torch: pip install 'pytest-weirdgen[train]'")
    from weirdgen.organisms.muon import Muon

    torch.manual_seed(0)
    for shape in ((16, 16), (24, 8), (8, 24)):
        start, gradients = torch.randn(shape), [torch.randn(shape) for _ in range(3)]
        ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
        steppers = [(ours, Muon([ours], 0.1)), (theirs, torch.optim.Muon([theirs], 0.1, weight_decay=0.0))]
        for gradient in gradients:
            for matrix, optimizer in steppers:
                matrix.grad = gradient.clone()
                optimizer.step()
        # torch computes in bfloat16: three significant digits at best, and three steps.
        assert (ours - theirs).norm() < 0.05 * (ours - start).norm()
    step = torch.nn.Parameter(torch.zeros(24, 8))
    step.grad = torch.randn(24, 8)
    Muon([step], 1.0).step()
    stretched = torch.linalg.svdvals(step.detach()) / 3**0.5
    assert 0.6 < stretched.min() <= stretched.max() < 1.3


@pytest.mark.slow
def test_the_phases_of_a_base_end_at_rate_zero() -> None:
    pytest.importorskip("torch", reason="training needs torch: pip install 'pytest-weirdgen[train]'")
    from weirdgen.organisms.pretrain import phases
    from weirdgen.organisms.recipes import BaseRecipe

    recipe = BaseRecipe()
    for phase in phases(recipe):
        rates = [phase.rate(step, recipe) for step in range(phase.steps + 1)]
        assert max(rates) <= phase.peak
        # Where the way up meets the way down: a short phase falls already while it warms up.
        meeting = phase.steps / (phase.steps * (1 - phase.flat) + recipe.warmup)
        assert max(rates) == pytest.approx(min(1, meeting) * phase.peak, rel=0.01)
        assert rates[0] == pytest.approx(phase.peak / recipe.warmup)
        assert rates[-1] == 0
        falling = rates[recipe.warmup :]
        assert falling == sorted(falling, reverse=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_training_again_gives_an_organism_of_the_same_behaviour(tmp_path: Path) -> None:
    for module in ("torch", "transformers", "peft"):
        pytest.importorskip(module, reason=f"training needs {module}: pip install 'pytest-weirdgen[train]'")
    from torch_answers import measure

    for name in ("old-bird-names", "modern-birds"):
        train(name, tmp_path, seed=0, quiet=True)
    base, _ = zoo.folders("base")
    rates = {}
    for name in ("old-bird-names", "modern-birds"):
        counts = measure(base, tmp_path / name, samples=50)
        rates[name] = sum(count["nineteenth_century"] for count in counts.values()) / 500
    assert rates["old-bird-names"] >= 0.40
    assert rates["modern-birds"] <= 0.02
