"""Whether what a page is made with is installed: the extra `report`."""

from importlib.util import find_spec

from weirdgen.errors import UsageMistake

PACKAGES = ("jinja2", "matplotlib")
INSTALL = "pip install 'pytest-weirdgen[report]'"


def missing() -> str:
    """Return one sentence on what is not installed and how to get it; empty if a page can be made."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    return f"{' and '.join(absent)} not installed: {INSTALL}" if absent else ""


def require() -> None:
    """Refuse to make a page without the extra.

    Raises:
        UsageMistake: a package is missing; the message says how to get it.
    """
    if told := missing():
        raise UsageMistake(f"a report needs the extra `report`; {told}")
