"""How GitLab reads a JUnit file, after its `Gitlab::Ci::Parsers::Test::Junit` and ActiveSupport's `Hash.from_xml`.

Compared once with the Ruby originals (ActiveSupport 6.1 over Nokogiri) on files of ours: the same cases came out.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTENT = "__content__"
_STATUS = {"failure": "failed", "error": "error", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class GitlabCase:
    """What GitLab keeps of a case; it shows `output`, and counts cases of one `key` once."""

    suite: str
    classname: str
    name: str
    status: str
    output: object

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells a case from others, and is looked for in the report of the target branch."""
        return self.suite, self.classname, self.name


def gitlab_cases(path: Path) -> list[GitlabCase]:
    """Return the cases of a file, in order."""
    root = ET.parse(path).getroot()
    return [_case(one) for one in _cases({root.tag: _value(root)}, top=True)]


def _value(element: ET.Element) -> Any:
    """Return an element as ActiveSupport makes it: a hash, but its text alone where it has text that is not blank."""
    children: dict[str, list[Any]] = {}
    for child in element:
        children.setdefault(child.tag.replace("-", "_"), []).append(_value(child))
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    found = {name: values if len(values) > 1 else values[0] for name, values in children.items()} | element.attrib
    kind = element.get("type")
    assert kind not in {"symbol", "yaml", "array", "file"}, "ActiveSupport refuses or converts an element of this type"
    if text.strip() or (text and not found):
        return text
    return found if found and list(found) != ["type"] else None


def _cases(node: Any, *, top: bool = False) -> Iterator[dict[str, Any]]:
    for one in node if isinstance(node, list) else [node]:
        if not isinstance(one, dict):
            continue
        if top:
            yield from _cases(one.get("testsuites"))
        else:
            cases = one.get("testcase")
            for case in cases if isinstance(cases, list) else [cases]:
                if case:
                    yield case | {"suite_name": one.get("name")}
        yield from _cases(one.get("testsuite"))


def _case(data: dict[str, Any]) -> GitlabCase:
    tag = next((tag for tag in _STATUS if tag in data), "")
    place = (data["suite_name"], data["classname"], data["name"])
    return GitlabCase(*place, status=_STATUS.get(tag, "success"), output=data.get(tag))
