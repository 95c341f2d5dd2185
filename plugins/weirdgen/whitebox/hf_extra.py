"""The extra that real networks need, and what is said where it is not installed."""

import importlib.util

from weirdgen.errors import UsageMistake

_EXTRA = ("torch", "transformers", "peft", "jinja2", "starlette", "uvicorn", "tokenizers", "safetensors")


def refuse_without_extra() -> None:
    """Refuse to go on where a package is missing.

    Raises:
        UsageMistake: one is.
    """
    for name in _EXTRA:
        if importlib.util.find_spec(name) is None:
            raise UsageMistake(f"models in local folders (hf:) need {name}: pip install 'pytest-weirdgen[whitebox]'")
