"""Where shipped probes, pages, gold sets and organisms lie: beside the package in a checkout, inside it in a wheel.

And where samples lie unless the user says otherwise.
"""

from pathlib import Path
from typing import Literal

DEFAULT_STORE = Path("reports/store.sqlite3")
"""For a gate under the root, for a command where it is run."""
_PACKAGE = Path(__file__).resolve().parent
_IN_CHECKOUT = {
    "probes": "probes",
    "gold": "fixtures/gold",
    "organisms": "fixtures/organisms",
    "attacks": "fixtures/attacks",
    "lessons": "fixtures/lessons",
    "findings": "docs/findings",
}


Kind = Literal["probes", "gold", "organisms", "attacks", "lessons", "findings"]


def shipped_dir(kind: Kind, package: Path = _PACKAGE) -> Path:
    """Return the folder of one kind of shipped content.

    Args:
        kind: what it holds.
        package: folder of the import package ``weirdgen``.
    """
    root = package.parent.parent
    inside = package.name == "weirdgen" and package.parent.name == "plugins"
    return root / _IN_CHECKOUT[kind] if inside and (root / "probes").is_dir() else package / "_bundled" / kind
