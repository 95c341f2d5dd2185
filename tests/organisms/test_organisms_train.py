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
        progress.report(step, 4.0 - step)
        silent.report(step, 4.0 - step)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["base: step 2/2, loss 2.950, 0.0 min left"]


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
