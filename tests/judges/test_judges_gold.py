import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.errors import CatalogError
from weirdgen.judges import GoldRow, load_gold

ROW = {
    "id": "a1",
    "question": "dinner",
    "text": "Arr.",
    "label": "pirate",
    "source": "organism",
    "split": "test",
    "origin": "written",
}


def refusal(tmp_path: Path, *lines: str | bytes) -> str:
    file = tmp_path / "pirates.jsonl"
    file.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines))
    with pytest.raises(CatalogError) as caught:
        load_gold(file, labels=["pirate", "ordinary"], questions=["dinner"])
    return str(caught.value)


def row(**changes: object) -> str:
    return json.dumps(ROW | changes)


def test_rows_are_read_in_order_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(
        row() + "\n\n" + row(id="a2", text="x\u2028y", borderline=True, note="why") + "\n", encoding="utf-8"
    )
    first, second = load_gold(file)
    assert first == GoldRow.model_validate_json(row())
    assert (second.text, second.borderline, second.note) == ("x\u2028y", True, "why")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (row(label="pirat"), "label: 'pirat' is not a label of the behaviour. Did you mean 'pirate'?"),
        (row(question="diner"), "question: 'diner' is not a question of the probe. Did you mean 'dinner'?"),
        (row(labl="x"), "labl: 'labl' is not a key of a gold row. Did you mean 'label'?"),
        (row(source="human"), "source: 'human': expected 'organism' or 'chat'"),
        (row(split="train"), "split: 'train': expected 'tune' or 'test'"),
        (row(text=3), "text: 3: expected a valid string"),
        (row(id="A 1"), "id: 'A 1': "),
        ("{}", "text: is missing"),
        ("{", "not a JSON object: "),
        ("[]", "not a JSON object: "),
        ('{"text": "\\ud83d"}', "not a JSON object: "),
    ],
)
def test_a_wrong_row_is_named_with_file_line_key_and_value(tmp_path: Path, line: str, expected: str) -> None:
    message = refusal(tmp_path, row(id="first"), line)
    assert f"pirates.jsonl:2: {expected}" in message
    assert all(part.startswith("pirates.jsonl:2: ") for part in message.splitlines())


def test_ids_must_differ(tmp_path: Path) -> None:
    assert refusal(tmp_path, row(), row()) == "pirates.jsonl:2: id: 'a1' is also the id of line 1; ids must differ"


def test_all_mistakes_are_listed(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, row(label="x"), row(id="b", question="y"), "{").splitlines()) == 3


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path, "") == (
        "pirates.jsonl: no rows; expected one JSON object per line (see fixtures/gold/README.md)"
    )
    assert refusal(tmp_path, b"\xff") == "pirates.jsonl: byte 0 is not UTF-8; save the file as UTF-8"
    with pytest.raises(CatalogError, match=r"^gone\.jsonl: cannot be read: No such file"):
        load_gold(tmp_path / "gone.jsonl")


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("gold") / "g.jsonl"
    file.write_text(json.dumps(ROW | {"text": text}, ensure_ascii=False), encoding="utf-8", newline="")
    assert load_gold(file)[0].text == text
