"""What the extra `train` installs; whoever imports this is skipped without it."""

from typing import Any

import pytest


def _needed(name: str) -> Any:
    return pytest.importorskip(name, reason=f"needs the extra `train`: {name} is not installed")


torch = _needed("torch")
transformers = _needed("transformers")
peft = _needed("peft")
MARKS = [
    pytest.mark.slow,
    # peft asks transformers for it under its old name.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]
