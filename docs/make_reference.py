"""Write the reference pages that are made from the code, so that none can be stale: `make docs-reference`."""

import argparse
import ast
import inspect
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from weirdgen.cli import _parser
from weirdgen.plugin import MARKERS
from weirdgen.plugin.options import FLAGS, GATE_OPTIONS, INI_FLAGS, add_options
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.run import RunRecord

REFERENCE = Path(__file__).parent / "reference"
_MADE = "<!-- Made from the code by `make docs-reference`; do not edit. -->\n\n"
_OPTIONS = """\
A gate is a pytest run, so these stand beside all of pytest's own (`-k`, `-x`, `-n`, `--junitxml`). The command line
beats the variable, and the variable beats the ini file. A value that cannot be used, and a variable
`WEIRDGEN_GATE_...` that no option reads, end the run with status 4 before anything is sent.
"""
_COMMANDS = """\
The package installs `weirdgen`; `python -m weirdgen` is the same. A mistake of the user's is one line on stderr and
status 2, as is an option that does not exist; Ctrl-C is 130. What else a status says stands with the command. Gates are
pytest runs: [options](options.md).
"""
_RECORD = """\
Each gate writes `run.json` into its report folder: the one truth from which JUnit, tables and pages are made. Its JSON
schema is `reports/run.schema.json` (`make schema`). Unknown keys are refused when it is read back. A field without a
default is always there; one without a meaning here is what its name says.
"""
Row = tuple[str, ...]


def pages() -> dict[str, str]:
    """Return each page's text by its file's name."""
    return {"options.md": options_page(), "commands.md": commands_page(), "run_record.md": record_page()}


class _Recorder:
    """Stands for pytest's parser: keeps what is declared."""

    def __init__(self) -> None:
        self.options: dict[str, dict[str, Any]] = {}
        self.ini: dict[str, str] = {}

    def getgroup(self, name: str, description: str = "") -> "_Recorder":
        return self

    def addoption(self, flag: str, **settings: Any) -> None:
        self.options[flag] = settings

    def addini(self, name: str, help: str, type: str = "string", default: object = None) -> None:
        self.ini[name] = type


def options_page() -> str:
    """Return the page of pytest options, ini options and variables."""
    declared = _Recorder()
    add_options(cast(pytest.Parser, declared))
    gate = {option.flag: option for option in GATE_OPTIONS}
    switches = {f"--gate-{name}": name for name in FLAGS}
    plain = [flag for flag in declared.options if flag not in gate and flag not in switches]
    return "".join(
        (
            f"# Options\n\n{_MADE}",
            _OPTIONS,
            _section(
                "What is gated, and who judges",
                "On the command line only; without `--model` the variable `WEIRDGEN_GATE_MODEL` names models,\n"
                "with commas between them.",
                ("option", "meaning"),
                [(_flag(flag, declared.options[flag]), declared.options[flag]["help"]) for flag in plain],
            ),
            _section(
                "How it is gated",
                "What the meaning gives in brackets is the default. Paths are relative to pytest's rootdir.",
                ("option, ini option, variable", "value", "meaning"),
                [
                    (
                        _lines(f"`{o.flag} {o.metavar}`", f"`{o.key}`", f"`{o.variable}`"),
                        _value(o.parse.__doc__),
                        o.help,
                    )
                    for o in gate.values()
                ],
            ),
            _section(
                "Switches",
                "All are off. A variable takes 1, true, yes or on, and 0, false, no or off. Some have no ini option.",
                ("option, ini option, variable", "meaning"),
                [
                    (
                        _lines(f"`{flag}`", _code(f"gate_{name}" if name in INI_FLAGS else ""), _variable(name)),
                        FLAGS[name],
                    )
                    for flag, name in switches.items()
                ],
            ),
            _section(
                "Markers",
                "",
                ("marker", "meaning"),
                [(f"`{m}`", t) for m, _, t in (x.partition(": ") for x in MARKERS)],
            ),
            "\nKeys come from the environment only: [keys](python_api.md#keys).\n",
        )
    )


def _flag(flag: str, settings: dict[str, Any]) -> str:
    return f"`{flag} {settings['metavar']}`" if "metavar" in settings else f"`{flag}`"


def _value(text: str | None) -> str:
    return "text" if text is None or text == str.__doc__ else text


def _lines(*names: str) -> str:
    return "<br>".join(name for name in names if name)


def _variable(name: str) -> str:
    variable = f"`WEIRDGEN_GATE_{name.upper()}`"
    return f"{variable} is refused" if name == "plan" else variable


def commands_page() -> str:
    """Return the page of the command `weirdgen`."""
    return f"# Commands\n\n{_MADE}{_COMMANDS}" + "".join(_commands(_parser(), ""))


def _commands(parser: argparse.ArgumentParser, told: str) -> Iterator[str]:
    """Yield a section for each command below a parser that does something."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, inner in action.choices.items():
            yield from _commands(inner, helps.get(name, ""))
    if not nested:
        rows = [_argument(parser, action) for action in parser._actions if action.dest != "help"]
        text = "\n\n".join(part for part in (_sentence(told), _sentence(parser.epilog or "")) if part)
        yield _section(f"`{parser.prog}`", text, ("argument", "meaning"), rows)


def _argument(parser: argparse.ArgumentParser, action: argparse.Action) -> Row:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    takes_none = action.nargs == 0
    optional = " (optional)" if action.nargs in {"?", "*"} and not action.option_strings else ""
    names = ", ".join(f"`{name}`" if takes_none else f"`{name} {value}`" for name in action.option_strings)
    required = " (required)" if action.option_strings and action.required else ""
    text = (action.help or "") % {**vars(action), "prog": parser.prog}
    return (names or f"`{value}`{optional}") + required, text


def record_page() -> str:
    """Return the page of run.json, from its JSON schema and the fields' docstrings."""
    schema = RunRecord.model_json_schema(mode="serialization")
    known = {one.__name__: one for one in _subclasses(Frozen)}
    models = {"RunRecord": schema, **schema["$defs"]}
    order = ["RunRecord", "Verdict", *sorted(name for name in schema["$defs"] if name != "Verdict")]
    sections = [_model(name, models[name], known.get(name)) for name in order]
    return f"# The run record\n\n{_MADE}{_RECORD}" + "".join(sections)


def _subclasses(base: type[Frozen]) -> Iterator[type[Frozen]]:
    for one in base.__subclasses__():
        yield one
        yield from _subclasses(one)


def _model(name: str, schema: dict[str, Any], known: type[Frozen] | None) -> str:
    told = _sentence(schema.get("description", "").split("\n\n")[0])
    if "enum" in schema:
        return f"\n## {name}\n\n{told}\n\nOne of {', '.join(f'`{value}`' for value in schema['enum'])}.\n"
    meanings = field_docstrings(known) if known else {}
    required = schema.get("required", [])
    rows = [
        (f"`{field}`", _type(of), "" if field in required else _default(of), meanings.get(field, ""))
        for field, of in schema.get("properties", {}).items()
    ]
    return _section(name, told or "Any JSON.", ("field", "type", "default", "meaning"), rows)


def _type(schema: dict[str, Any]) -> str:
    """Return what a JSON schema allows, in words."""
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "prefixItems" in schema:
        return f"array: {'; '.join(_type(one) for one in schema['prefixItems'])}"
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any JSON"))


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "empty" if isinstance(value, dict | list) else _code(json.dumps(value))


def field_docstrings(model: type[Frozen]) -> dict[str, str]:
    """Return the string below each field of a class, as one line; also of the classes that it inherits fields from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, Frozen):
            body = cast(ast.ClassDef, ast.parse(inspect.getsource(one)).body[0]).body
            found |= dict(_documented(body))
    return found


def _documented(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in itertools.pairwise(body):
        named = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            yield cast(ast.Name, cast(ast.AnnAssign, field).target).id, " ".join(str(below.value.value).split())


def _section(title: str, text: str, head: Row, rows: Sequence[Row]) -> str:
    lines = [f"\n## {title}\n"]
    if text:
        lines.append(f"{text}\n")
    if rows:
        lines += [_row(head), _row(["---"] * len(head)), *map(_row, rows), ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Return a text as a cell: outside code nothing but a line break is HTML."""
    parts = text.replace("|", "\\|").replace("``", "`").split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("&lt;br>", "<br>") for part in parts[::2]]
    return "`".join(parts)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _sentence(text: str) -> str:
    """Return a help text as a sentence."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) or not text else ".")


def main() -> None:
    """Write all pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
