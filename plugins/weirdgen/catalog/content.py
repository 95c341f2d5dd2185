"""Where shipped probes and gold sets lie: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_probes_dir(package: Path = _PACKAGE) -> Path:
    """Return the folder of the shipped probe files.

    Args:
        package: folder of the import package ``weirdgen``.
    """
    root = _checkout(package)
    return root / "probes" if root else package / "_bundled" / "probes"


def shipped_gold_dir(package: Path = _PACKAGE) -> Path:
    """Return the folder of the shipped gold sets.

    Args:
        package: folder of the import package ``weirdgen``.
    """
    root = _checkout(package)
    return root / "fixtures" / "gold" if root else package / "_bundled" / "gold"


def gold_dirs_beside(probes_dir: Path) -> tuple[Path, ...]:
    """Return where the gold files of a user's probe folder are looked up, first match wins."""
    return probes_dir / "gold", probes_dir.parent / "fixtures" / "gold"


def _checkout(package: Path) -> Path | None:
    root = package.parent.parent
    inside = package.name == "weirdgen" and package.parent.name == "plugins"
    return root if inside and (root / "probes").is_dir() else None
