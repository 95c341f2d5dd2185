"""The file of models: what a line may say, and that a mistake in it is told with file and line."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.errors import UsageMistake
from weirdgen.fleet.models_file import OWN_OPTIONS, FleetModel, parse_models, read_models
from weirdgen.plugin.options import GATE_OPTIONS

names = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=",'\"\\"), min_size=1, max_size=90)


def test_a_line_is_a_model_with_what_only_it_needs() -> None:
    text = """\
# those of May
ft:gpt-4.1-2025-04-14:org::a
  my-model  --control base --base-url=http://gpu:8000/v1   # at the lab

hf:./a#readings --judge rules --judge "a judge"
"""
    assert parse_models(text, "f") == [
        FleetModel("ft:gpt-4.1-2025-04-14:org::a", 2),
        FleetModel("my-model", 3, ("--control=base", "--base-url=http://gpu:8000/v1")),
        FleetModel("hf:./a#readings", 5, ("--judge=rules", "--judge=a judge")),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\n\na", "f:3: model 'a' stands on line 1, too"),
        (
            "a --contol b",
            "f:1: '--contol' cannot stand beside a model. Did you mean '--control'? What every gate is to",
        ),
        ("a --gate-cap=4", "f:1: '--gate-cap=4' cannot stand beside a model."),
        ("a b", "f:1: 'b' cannot stand beside a model. What every gate"),
        ("a --control", "f:1: argument --control: expected one argument"),
        ("--control b a", "f:1: begins with '--control'; a line begins with its model"),
        ("a,b", "f:1: 'a,b' is no model; one a line, and none has a comma"),
        ("''", "f:1: '' is no model"),
        ("a 'b", "f:1: No closing quotation: a 'b"),
        ("x\n\x1b[31mred", "f:2: has a character that cannot be printed: \\x1b[31mred"),
        ("a --control '\u202eb'", "f:1: has a character that cannot be printed"),
        ("# nothing\n\n", "f: names no model; write one a line"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageMistake) as refused:
        parse_models(text, "f")
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match=r"none\.txt: No such file or directory; name a file"):
        read_models(tmp_path / "none.txt")
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(UsageMistake, match="is not UTF-8 text"):
        read_models(tmp_path / "latin")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert [model.name for model in read_models(tmp_path / "marked")] == ["a", "b"]


def test_the_example_of_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
    section = page.partition("## The file of models")[2].partition("\n## ")[0]
    models = parse_models("\n".join(line[4:] for line in section.splitlines() if line.startswith("    ")), "f")
    assert [len(model.options) for model in models] == [0, 1, 3]


def test_options_of_a_line_are_the_gates_own() -> None:
    plain = {"--control", "--base-url", "--control-base-url", "--judge", "--judge-base-url"}
    assert set(OWN_OPTIONS) <= plain | {option.flag for option in GATE_OPTIONS}


@given(st.lists(names, max_size=8, unique_by=str.casefold))
def test_folders_are_safe_and_different(listed: list[str]) -> None:
    folders = [FleetModel(name, 1).folder for name in listed]
    assert len({folder.lower() for folder in folders}) == len(listed)
    for folder in folders:
        assert set(folder) <= set(string.ascii_letters + string.digits + "._-")
        assert folder
        assert not folder.startswith((".", "-"))
        assert len(folder) < 100


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "C:\\a", "a/b", "/", "<b>", "A", "con\u0301", "fleet.json"])
def test_a_hostile_name_stays_inside(name: str, tmp_path: Path) -> None:
    folder = (tmp_path / FleetModel(name, 1).folder).resolve()
    assert folder.parent == tmp_path.resolve()
    assert folder.name != name


@given(st.text(max_size=200))
def test_any_text_is_models_or_one_line_of_complaint(text: str) -> None:
    complaint, lines = "f: none", [1]
    try:
        lines = [model.line for model in parse_models(text, "f")]
    except UsageMistake as mistake:
        complaint = str(mistake)
    assert complaint.startswith("f:")
    assert len(complaint.splitlines()) == 1
    assert lines == sorted(set(lines))


@given(st.lists(names.filter(lambda name: name[0] not in "#-"), min_size=1, unique=True, max_size=6))
def test_plain_names_are_read_as_they_are(listed: list[str]) -> None:
    assert [model.name for model in parse_models("\n".join(listed), "f")] == listed
