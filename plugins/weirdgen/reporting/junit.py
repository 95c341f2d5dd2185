"""The JUnit file, after pytest wrote it: session verdicts filled in, and every contrast proved to be there."""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable
from pathlib import Path

from weirdgen.errors import EvidenceError
from weirdgen.reporting.junit_file import address_of, read_tree, replace_tree, values_of
from weirdgen.reporting.properties import PREFIX
from weirdgen.reporting.summary import failure_text
from weirdgen.schema.text import shown, shown_block
from weirdgen.schema.verdict import Outcome, Verdict

_SESSION = "by the evidence of the whole session"
_OVERLOOKED = "whatever its test or a mark made of it"


def finalise(
    path: Path,
    verdicts: Iterable[Verdict],
    lifted: Collection[Verdict] = (),
    overlooked: Collection[Verdict] = (),
) -> None:
    """Complete a JUnit file with what is only known at session end.

    Sets `weirdgen.verdict_session`, and checks that each verdict stands in the file as decided.

    Args:
        path: the file.
        verdicts: of the session.
        lifted: those of them that only the procedure over the session made fail: their cases become failures.
        overlooked: those that fail although their tests did not, or were excused: so do theirs, and of INVALID they
            become errors. Such a case is never a skipped one.

    Raises:
        EvidenceError: the file is missing or broken, or a verdict is missing or different in it.
    """
    tree = read_tree(path)
    cases: dict[object, list[ET.Element]] = {}
    for case in tree.iter("testcase"):
        cases.setdefault(address_of(case), []).append(case)
    for verdict in verdicts:
        found = cases.get((verdict.model, verdict.probe, verdict.contrast), [])
        if not found or {values_of(case)[PREFIX + "verdict"] for case in found} != {verdict.outcome.value}:
            raise EvidenceError(f"{path}: the verdict of {verdict.item_id} on {verdict.model} is missing or different")
        why = _SESSION if verdict in lifted else _OVERLOOKED if verdict in overlooked else ""
        for case in found:
            _complete(case, verdict, why)
    for suite in tree.iter("testsuite"):
        _count(suite)
    replace_tree(path, tree)


def _complete(case: ET.Element, verdict: Verdict, why: str) -> None:
    final = verdict.final
    for element in case.iter("property"):
        if element.get("name") == PREFIX + "verdict_session":
            element.set("value", final.value)
    if why and case.find("failure") is None and case.find("error") is None:
        for skipped in case.findall("skipped"):
            case.remove(skipped)
        message = f"{final} {why}: {verdict.item_id} on {verdict.model}"
        told = ET.SubElement(case, "error" if final is Outcome.INVALID else "failure", message=shown(message))
        told.text = shown_block(f"{message}. By itself:\n{failure_text(verdict)}")
    for told in (*case.findall("failure"), *case.findall("error")):
        told.set("type", f"weirdgen.{final}" + (f".{verdict.reason}" if verdict.reason else ""))


def _count(suite: ET.Element) -> None:
    """Set a suite's numbers to what stands in it: readers compare them, and some refuse what does not add up."""
    cases = suite.findall("testcase")
    numbers = {
        tag: sum(case.find(element) is not None for case in cases)
        for tag, element in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped"))
    }
    for name, number in (numbers | {"tests": len(cases)}).items():
        suite.set(name, str(number))
