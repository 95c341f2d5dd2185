"""The JUnit file, after pytest wrote it: session verdicts filled in, and every contrast proved to be there."""

import os
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from weirdgen.errors import EvidenceError
from weirdgen.reporting.properties import PREFIX
from weirdgen.reporting.summary import failure_text
from weirdgen.schema.text import shown_block
from weirdgen.schema.verdict import Verdict

Address = tuple[str, str, str]


def finalise(path: Path, verdicts: Iterable[Verdict], failing: Collection[Verdict] = ()) -> None:
    """Complete a JUnit file with what is only known at session end.

    Sets `weirdgen.verdict_session`, and checks that each verdict stands in the file as decided.

    Args:
        path: the file.
        verdicts: of the session.
        failing: those of them that only the procedure over the session made fail: their cases become failures.

    Raises:
        EvidenceError: the file is missing or broken, or a verdict is missing or different in it.
    """
    tree = _parse(path)
    suites = [(suite, case) for suite in tree.iter("testsuite") for case in suite.iter("testcase")]
    for verdict in verdicts:
        wanted = (verdict.model, verdict.probe, verdict.contrast)
        found = [(suite, case) for suite, case in suites if _address(case) == wanted]
        if not found or {_values(case)[PREFIX + "verdict"] for _, case in found} != {verdict.outcome.value}:
            raise EvidenceError(f"{path}: the verdict of {verdict.item_id} on {verdict.model} is missing or different")
        for suite, case in found:
            _complete(case, verdict, suite, verdict in failing)
    _replace(path, tree)
    _parse(path)


def _parse(path: Path) -> "ET.ElementTree[ET.Element]":
    try:
        return ET.parse(path)
    except (OSError, ET.ParseError) as error:
        raise EvidenceError(f"the JUnit file {path} cannot be read back: {error}") from error


def _replace(path: Path, tree: "ET.ElementTree[ET.Element]") -> None:
    """Write the whole file or leave the old one: a report cut in half is no evidence."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        tree.write(half, encoding="utf-8", xml_declaration=True)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise EvidenceError(f"the JUnit file {path} cannot be written: {error}") from error


def _values(case: ET.Element) -> Mapping[str, str]:
    return {p.get("name", ""): p.get("value", "") for p in case.iter("property")}


def _address(case: ET.Element) -> Address | None:
    values = _values(case)
    if PREFIX + "contrast" not in values:
        return None
    return values[PREFIX + "model"], values[PREFIX + "probe"], values[PREFIX + "contrast"]


def _complete(case: ET.Element, verdict: Verdict, suite: ET.Element, fails: bool) -> None:
    final = verdict.session_outcome or verdict.outcome
    for element in case.iter("property"):
        if element.get("name") == PREFIX + "verdict_session":
            element.set("value", final.value)
    if fails and case.find("failure") is None:
        message = f"{final} by the evidence of the whole session: {verdict.item_id} on {verdict.model}"
        ET.SubElement(case, "failure", message=message).text = shown_block(
            f"{message}. By itself:\n{failure_text(verdict)}"
        )
        suite.set("failures", str(int(suite.get("failures", "0")) + 1))
