"""Behavioural regression tests for finetuned language models.

Importing this must stay cheap: pytest loads it in every run on the machine.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weirdgen.plugin.trial import Trial as Trial
    from weirdgen.schema.verdict import Outcome as Outcome
    from weirdgen.schema.verdict import Verdict as Verdict

__version__ = "0.1.0"
__all__ = ["Outcome", "Trial", "Verdict", "__version__"]

_HOME = {
    "Trial": "weirdgen.plugin.trial",
    "Verdict": "weirdgen.schema.verdict",
    "Outcome": "weirdgen.schema.verdict",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
