"""A JUnit file as it lies on disk: read, replaced whole, read back, and which contrast a case is of."""

import contextlib
import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from weirdgen.errors import EvidenceError
from weirdgen.reporting.properties import PREFIX

Tree = ET.ElementTree  # generic in stubs only: subscripted in annotations that are strings
Address = tuple[str, str, str]
"""Model or group, probe, contrast."""


def read_tree(path: Path) -> "Tree[ET.Element]":
    """Parse a file.

    Raises:
        EvidenceError: it is missing or broken.
    """
    try:
        return ET.parse(path)
    except (OSError, ET.ParseError) as error:
        raise EvidenceError(f"the JUnit file {path} cannot be read back: {error}") from error


def replace_tree(path: Path, tree: "Tree[ET.Element]") -> None:
    """Write the whole file or leave the old one, since half a report is no evidence; prove that it reads back the same.

    Raises:
        EvidenceError: it cannot be written, or reads back differently.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        tree.write(half, encoding="utf-8", xml_declaration=True)
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise EvidenceError(f"the JUnit file {path} cannot be written: {error}") from error
    if _canonical(read_tree(path)) != _canonical(tree):
        raise EvidenceError(f"the JUnit file {path} reads back differently from what was written")


def values_of(case: ET.Element) -> Mapping[str, str]:
    """Return the properties of a case."""
    return {p.get("name", ""): p.get("value", "") for p in case.iter("property")}


def address_of(case: ET.Element) -> Address | None:
    """Return which contrast a case is of; None: it is another test."""
    values = values_of(case)
    if PREFIX + "contrast" not in values:
        return None
    return values[PREFIX + "model"], values[PREFIX + "probe"], values[PREFIX + "contrast"]


def _canonical(tree: "Tree[ET.Element]") -> str:
    return ET.canonicalize(ET.tostring(tree.getroot(), encoding="unicode"))
