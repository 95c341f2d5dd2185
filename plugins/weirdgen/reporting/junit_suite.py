"""What a JUnit file says of the run as a whole, and how it stays within what its readers take."""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from weirdgen.reporting.junit_file import read_tree, replace_tree
from weirdgen.reporting.properties import PREFIX
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown

Form = Literal["full", "strict"]
"""strict: no `<properties>` inside a `<testcase>`, which XSDs of Jenkins and of Ant do not know."""
MOST_OBJECTS = 250_000
"""GitLab refuses a file with more; counted with attributes and texts, which is more than it may count."""
MOST_BYTES = 28_000_000
"""GitLab takes 30 MB."""
MOST_CHARACTERS = 20_000
"""Of one failure, error or output of a test. pytest does not shorten the assertions of users in CI."""
KEPT = frozenset(PREFIX + name for name in ("verdict", "verdict_session", "reason", "probe", "contrast", "model"))
_CUT = "\n… (cut here; pytest's own output has the rest)"


def describe(path: Path, record: RunRecord, *, order: Sequence[tuple[str, str]] = (), form: Form = "full") -> None:
    """Add to a finalised JUnit file what is true of the whole run; put its cases in order, and bound it.

    Args:
        path: the file. Doing it twice is the same as once.
        record: of the run.
        order: classname and name of all items as they were collected; empty: the file's own order stands.
        form: whether a case's properties may stand where pytest puts them.

    Raises:
        EvidenceError: the file cannot be read, written or read back.
    """
    tree = read_tree(path)
    places = {name: place for place, name in enumerate(order)}
    for suite in tree.iter("testsuite"):
        _state(suite, suite_properties(record))
        if places:
            _sort(suite, places)
    for case in tree.iter("testcase"):
        _shorten(case)
    bound(tree.getroot())
    if form == "strict":
        for case in tree.iter("testcase"):
            _tell_properties(case)
    replace_tree(path, tree)


def suite_properties(record: RunRecord) -> dict[str, str]:
    """Return the `weirdgen.*` properties of a run, every one always there, empty where it does not apply."""
    plan, environment = record.plan, record.environment
    told = {
        "version": record.weirdgen,
        "plan_sha256": record.plan_sha256,
        "models": ", ".join(plan.models),
        "groups": "; ".join(f"{group.name}={','.join(group.members)}" for group in plan.groups),
        "control": ", ".join(dict.fromkeys(c.control for c in plan.contrasts if c.control)) or plan.control,
        "judges": ", ".join(dict.fromkeys(v.judge for v in record.verdicts if v.judge)),
        "family_size": str(plan.family_size),
        "not_run": str(len(record.not_run)),
        "mode": run_mode(record),
        "gate_mode": plan.mode,
        "replay": record.replay.text if record.replay else "",
        "shard": record.shard,
        "merged": str(record.merged or ""),
        "git_commit": environment.get("git.commit", ""),
        "git_dirty": environment.get("git.dirty", ""),
        "requests": str(record.requests),
        "exit_status": str(record.exit_status),
    }
    return {PREFIX + name: shown(value, 2000) for name, value in told.items()}


def run_mode(record: RunRecord) -> str:
    """Return what was measured: replay, organism (shipped networks only), or live."""
    if record.replay is not None:
        return "replay"
    return "organism" if record.verdicts and all(v.mode == "organism" for v in record.verdicts) else "live"


def _state(suite: ET.Element, told: Mapping[str, str]) -> None:
    listed = suite.find("properties")
    if listed is None:
        listed = ET.Element("properties")
        suite.insert(0, listed)
    for old in [one for one in listed if one.get("name") in told]:
        listed.remove(old)
    for name, value in told.items():
        ET.SubElement(listed, "property", name=name, value=value)


def _sort(suite: ET.Element, places: Mapping[tuple[str, str], int]) -> None:
    """Put cases in the order of their items: workers of xdist end them in another one. Unknown ones come last."""
    cases = suite.findall("testcase")
    for case in cases:
        suite.remove(case)
    suite.extend(sorted(cases, key=lambda c: places.get((c.get("classname", ""), c.get("name", "")), len(places))))


def _shorten(case: ET.Element) -> None:
    for element in case:
        if element.text and len(element.text) > MOST_CHARACTERS:
            element.text = element.text[: MOST_CHARACTERS - len(_CUT)] + _CUT


def bound(root: ET.Element) -> None:
    """Leave out properties until the file is one that GitLab takes: first most of them, then those of passed cases."""
    for kept, cases in ((KEPT, root.iter("testcase")), (frozenset[str](), _passed(root))):
        if _objects(root) <= MOST_OBJECTS and len(ET.tostring(root, encoding="utf-8")) <= MOST_BYTES:
            return
        keep_properties(cases, kept)


def keep_properties(cases: Iterable[ET.Element], kept: Collection[str]) -> None:
    """Leave out all `weirdgen.*` properties of cases but some."""
    for case in cases:
        for listed in case.findall("properties"):
            for one in [p for p in listed if p.get("name") not in kept and str(p.get("name")).startswith(PREFIX)]:
                listed.remove(one)
            if not len(listed):
                case.remove(listed)


def _passed(root: ET.Element) -> list[ET.Element]:
    return [c for c in root.iter("testcase") if not any(c.find(tag) is not None for tag in ("failure", "error"))]


def _objects(root: ET.Element) -> int:
    return sum(1 + len(element.attrib) + bool(element.text) for element in root.iter())


def _tell_properties(case: ET.Element) -> None:
    """Move a case's properties into its output as ``[[PROPERTY|name=value]]`` lines, a convention some readers know."""
    for listed in case.findall("properties"):
        lines = [f"[[PROPERTY|{p.get('name')}={p.get('value')}]]" for p in listed]
        case.remove(listed)
        out = case.find("system-out")
        out = ET.SubElement(case, "system-out") if out is None else out
        out.text = "\n".join([*filter(None, [out.text]), *lines])
