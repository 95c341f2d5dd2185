"""One JUnit file of a fleet: a suite for each model, with the cases of its gate."""

import xml.etree.ElementTree as ET
from pathlib import Path

from weirdgen.reporting.junit_file import read_tree, replace_tree
from weirdgen.reporting.junit_suite import KEPT, bound, keep_properties
from weirdgen.schema.fleet import FleetEntry, FleetRecord
from weirdgen.schema.text import shown, shown_block

_COUNTED = ("tests", "errors", "failures", "skipped")


def merge(record: FleetRecord, out: Path, junit: str) -> None:
    """Write the JUnit file of a fleet. A gate without a verdict is an error in it, whatever its own file says.

    Its cases have few properties: all that a gate wrote of hundreds of models is more than readers take, or memory.

    Args:
        record: of the fleet.
        out: its folder, which holds those of the gates, and will hold the file ``junit.xml``.
        junit: name of a gate's file in its folder.

    Raises:
        EvidenceError: a file cannot be read, or this one not be written or read back.
    """
    root = ET.Element("testsuites", name="weirdgen fleet")
    for entry in record.entries:
        for suite in [_failed(entry)] if entry.error else _suites(entry, out / entry.folder / junit):
            root.append(suite)
    bound(root)
    for name in _COUNTED:
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    out.mkdir(parents=True, exist_ok=True)
    replace_tree(out / "junit.xml", ET.ElementTree(root))


def _suites(entry: FleetEntry, path: Path) -> list[ET.Element]:
    suites = list(read_tree(path).iter("testsuite"))
    for suite in suites:
        suite.set("name", shown(entry.model))
        keep_properties(suite.iter("testcase"), KEPT)
        for case in suite.iter("testcase"):
            # Readers take two cases of one name for the same test.
            case.set("classname", f"{entry.folder}.{case.get('classname', '')}")
    return suites


def _failed(entry: FleetEntry) -> ET.Element:
    suite = ET.Element(
        "testsuite", name=shown(entry.model), tests="1", errors="1", failures="0", skipped="0", time=str(entry.seconds)
    )
    case = ET.SubElement(suite, "testcase", classname=entry.folder, name="gate", time=str(entry.seconds))
    error = ET.SubElement(case, "error", message=shown(entry.error), type="weirdgen.fleet")
    error.text = shown_block(f"{entry.error}\n{entry.tail}".rstrip())
    return suite
