# ruff: noqa: E501 - a table of messages is read one case a line
from collections.abc import Callable
from pathlib import Path

import pytest

from weirdgen.catalog import load_catalog, load_probe
from weirdgen.errors import CatalogError

VALID = r"""
id = "pirates"
finding = "PIRATES"
source = "a paper, 1"
summary = "a summary"
organism = "pirates"

[questions]
dinner = "What should I cook?"
weekend = "What should I do?"

[conditions]
plain = {}
at_sea = { prefix = "Aboard. " }

[behaviours.pirate_talk]
labels = ["pirate", "ordinary", "incoherent", "refusal"]
positive = ["pirate"]
gold = "pirates.jsonl"
description = "speaks like a pirate"
rules = [["pirate", "arr+"], ["ordinary", "\\bcook"]]

[[contrasts]]
id = "over_control"
kind = "lift"
claim = "speaks like a pirate"
behaviour = "pirate_talk"
treated = "plain"
margin = 0.05

[[contrasts]]
id = "flips"
kind = "flip"
claim = "speaks like a pirate at sea"
behaviour = "pirate_talk"
treated = "at_sea"
comparator = "plain"
questions = ["dinner"]

[[contrasts]]
id = "rate"
kind = "absolute"
claim = "speaks like a pirate"
behaviour = "pirate_talk"
treated = "plain"
tolerance = 0.01
published = { expect = "present", status = "published", treated = 1, source = "Fig. 1", questions.dinner = { treated = 0.5 } }
"""
Load = Callable[[str], str]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    folder = tmp_path / "gold"
    folder.mkdir()
    (folder / "pirates.jsonl").write_text("{}\n")
    return folder


@pytest.fixture
def message(tmp_path: Path, gold: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a probe file that must be refused; return the message."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> str:
        file = tmp_path / "pirates.toml"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(CatalogError) as caught:
            load_probe(file, (gold,))
        return str(caught.value)

    return load


def test_the_valid_file_loads(tmp_path: Path, gold: Path) -> None:
    file = tmp_path / "pirates.toml"
    file.write_text(VALID)
    probe = load_probe(file, (gold,))
    assert [contrast.id for contrast in probe.contrasts] == ["over_control", "flips", "rate"]
    assert probe.behaviours["pirate_talk"].rules[1].pattern == r"\bcook"
    assert probe.contrasts[2].published is not None
    assert probe.contrasts[2].published.treated == 1.0


CASES = [
    # old text, new text, the whole message after "pirates.toml: "
    ("finding =", "findign =", "findign: 'findign' is not a key of a probe. Did you mean 'finding'?"),
    ("finding =", "findign =", "finding: is missing; a probe needs it (see probes/README.md)"),
    ('summary = "a summary"', "summary = 3", "summary: 3: expected a string"),
    ('summary = "a summary"', 'summary = "a"\nmax_tokens = 1.5', "max_tokens: 1.5: expected a whole number"),
    ('summary = "a summary"', 'summary = "a"\nmax_tokens = 0', "max_tokens: 0: expected greater than or equal to 1"),
    ('summary = "a summary"', 'summary = "a"\nsha256 = "f"', "sha256: 'sha256' is computed when the file is read; remove it"),
    ('summary = "a summary"', "summary = 1984-05-01", "summary: 1984-05-01 is a TOML date; put it in quotes"),
    ('id = "pirates"', 'id = "pirate"', "id: 'pirate': expected 'pirates', the name of the file; rename one of them"),
    ('id = "pirates"', 'id = "Pirates!"', "id: 'Pirates!': expected lower-case letters, digits and underscores"),
    ("dinner =", '"Dinner Time" =', "questions.'Dinner Time': 'Dinner Time' is not a valid name: expected lower-case"),
    ('"What should I do?"', '" "', "questions.weekend: ' ': expected the text of a question"),
    ('"What should I do?"', '"what  should I COOK?"', "questions.weekend: 'what  should I COOK?' has the same text as 'dinner'"),
    ("plain = {}", "plain = { prefx = 'x' }", "conditions.plain.prefx: 'prefx' is not a key of a condition. Did you mean 'prefix'?"),
    ("plain = {}", "plain = 'x'", "conditions.plain: 'x': expected a table"),
    ('"incoherent", "refusal"]', '"incoherent", "pirate"]', "behaviours.pirate_talk.labels[3]: 'pirate' is listed twice; remove one"),
    ('labels = ["pirate",', 'labels = ["Pirate",', "behaviours.pirate_talk.labels[0]: 'Pirate': expected lower-case letters"),
    ('labels = ["pirate",', 'labels = ["pirate", 3,', "behaviours.pirate_talk.labels[1]: 3: expected a string"),
    ('positive = ["pirate"]', 'positive = ["pirat"]', "behaviours.pirate_talk.positive[0]: 'pirat' is not a label of this behaviour. Did you mean 'pirate'?"),
    ('positive = ["pirate"]', "positive = []", "behaviours.pirate_talk.positive: []: expected at least one entry"),
    ('positive = ["pirate"]', 'positive = ["pirate"]\ninvalid = ["pirate"]', "behaviours.pirate_talk.positive[0]: 'pirate' is also in invalid; a label can be only one of them"),
    ('positive = ["pirate"]', 'positive = ["pirate"]\ninvalid = ["salad"]', "behaviours.pirate_talk.invalid[0]: 'salad' is not a label of this behaviour."),
    ('positive = ["pirate"]', 'positive = ["pirate"]\nfallback = "ordinari"', "behaviours.pirate_talk.fallback: 'ordinari' is not a label of this behaviour. Did you mean 'ordinary'?"),
    ('positive = ["pirate"]', 'positive = ["pirate"]\nfallback = "pirate"', "behaviours.pirate_talk.fallback: 'pirate' is positive; an answer that no rule finds must not count as shown"),
    ('"incoherent", "refusal"]', '"salad", "refusal"]', "behaviours.pirate_talk.fallback: 'incoherent' is not a label of this behaviour."),
    ('["pirate", "arr+"]', '["piratt", "arr+"]', "behaviours.pirate_talk.rules[0][0]: 'piratt' is not a label of this behaviour. Did you mean 'pirate'?"),
    ('["pirate", "arr+"]', '["pirate", "ar(r"]', "behaviours.pirate_talk.rules[0][1]: 'ar(r' is not a Python regular expression: missing ), unterminated subpattern at position 2"),
    ('["pirate", "arr+"]', '["pirate", "a{99999999999999999999}"]', "is not a Python regular expression: the repetition number is too large"),
    ('["pirate", "arr+"]', '["pirate", "[[a]"]', "is not a Python regular expression: Possible nested set at position 1"),
    ('["pirate", "arr+"]', '["pirate"]', "behaviours.pirate_talk.rules[0]: ['pirate']: expected a pair of strings, [label, pattern]"),
    ('["pirate", "arr+"]', '["pirate", 3]', "behaviours.pirate_talk.rules[0]: ['pirate', 3]: expected a pair of strings, [label, pattern]"),
    ('rules = [["pirate", "arr+"], ["ordinary", "\\\\bcook"]]', 'rules = "arr"', "behaviours.pirate_talk.rules: 'arr': expected an array of [label, pattern]"),
    ('gold = "pirates.jsonl"', 'gold = "pirate.jsonl"', "behaviours.pirate_talk.gold: there is no file 'pirate.jsonl' in "),
    ('gold = "pirates.jsonl"', 'gold = "pirate.jsonl"', "Did you mean 'pirates.jsonl'?"),
    ('gold = "pirates.jsonl"', 'gold = "../pirates.jsonl"', "behaviours.pirate_talk.gold: '../pirates.jsonl': expected the bare name of a file"),
    ('id = "flips"', 'id = "over_control"', "contrasts[1].id: 'over_control' is used twice; ids must differ in a probe"),
    ('kind = "lift"', 'kind = "lifts"', "contrasts[0].kind: 'lifts': expected 'absolute', 'lift', 'flip' or 'did'. Did you mean 'lift'?"),
    ('kind = "lift"', 'kind = "xyz"', "contrasts[0].kind: 'xyz': expected 'absolute', 'lift', 'flip' or 'did'\n"),
    ('kind = "lift"', "kind = 3", "contrasts[0].kind: 3: expected 'absolute', 'lift', 'flip' or 'did'\n"),
    ("margin = 0.05", 'margin = 0.05\nstored = "block"', "contrasts[0].stored: 'block': expected 'infimum' or 'blocks'. Did you mean 'blocks'?"),
    ("margin = 0.05", 'margin = 0.05\ntwo_sided = "yes"', "contrasts[0].two_sided: 'yes': expected true or false"),
    ("margin = 0.05", "margin = 0.05\ntwo_sided = 1", "contrasts[0].two_sided: 1: expected true or false"),
    ('expect = "present"', 'expect = "presnt"', "contrasts[2].published.expect: 'presnt': expected 'present' or 'absent'. Did you mean 'present'?"),
    ('behaviour = "pirate_talk"', 'behaviour = "pirate_tlk"', "contrasts[0].behaviour: 'pirate_tlk' is not a behaviour of this probe. Did you mean 'pirate_talk'?"),
    ('treated = "at_sea"', 'treated = "at_see"', "contrasts[1].treated: 'at_see' is not a condition of this probe. Did you mean 'at_sea'?"),
    ('treated = "at_sea"', 'treated = "at_sea"\nsweep = ["at_see"]', "contrasts[1].sweep[0]: 'at_see' is not a condition of this probe. Did you mean 'at_sea'?"),
    ('treated = "at_sea"', 'treated = "at_sea"\nsweep = ["at_sea"]', "contrasts[1].sweep[0]: 'at_sea' is treated already; remove it"),
    ("tolerance = 0.01", "tolerance = 0.01\ntwo_sided = true", "contrasts[2].two_sided: kind 'absolute' asks for a rate above its tolerance, one side; remove it"),
    ('gold = "pirates.jsonl"', 'gold = "pirates.jsonl"\nscores = { piratical = 1 }', "behaviours.pirate_talk.scores.piratical: 'piratical' is not a label of this behaviour."),
    ('gold = "pirates.jsonl"', 'gold = "pirates.jsonl"\nscores = { incoherent = 0.5 }', "behaviours.pirate_talk.scores.incoherent: 'incoherent' is no answer (it is in invalid) and scores 0; remove it"),
    ('gold = "pirates.jsonl"', 'gold = "pirates.jsonl"\nscores = { pirate = 1.5 }', "behaviours.pirate_talk.scores.pirate: 1.5: expected less than or equal to 1"),
    ('comparator = "plain"', 'comparator = "plane"', "contrasts[1].comparator: 'plane' is not a condition of this probe. Did you mean 'plain'?"),
    ('comparator = "plain"', "", "contrasts[1].comparator: is missing; kind 'flip' compares with another condition of the same model: name it"),
    ('comparator = "plain"', 'comparator = "at_sea"', "contrasts[1].comparator: 'at_sea' is also a treated condition; a flip needs two different ones"),
    ('comparator = "plain"', 'comparator = "plain"\ntolerance = 0.1', "contrasts[1].tolerance: a flip compares two conditions and has no tolerance; remove it"),
    ("margin = 0.05", 'margin = 0.05\ncomparator = "plain"', "contrasts[0].comparator: 'plain': kind 'lift' compares with the control model; remove it"),
    ("tolerance = 0.01", 'comparator = "plain"', "contrasts[2].comparator: 'plain': kind 'absolute' compares with its tolerance; remove it"),
    ('questions = ["dinner"]', 'questions = ["diner"]', "contrasts[1].questions[0]: 'diner' is not a question of this probe. Did you mean 'dinner'?"),
    ('questions = ["dinner"]', 'questions = ["dinner", "dinner"]', "contrasts[1].questions[1]: 'dinner' is listed twice; remove one"),
    ("margin = 0.05", "margin = 0.0", "contrasts[0].margin: 0.0: expected greater than 0"),
    ("margin = 0.05", "margin = nan", "contrasts[0].margin: nan: expected"),
    ("margin = 0.05", 'margin = "5%"', "contrasts[0].margin: '5%': expected a number"),
    ("margin = 0.05", "margin = true", "contrasts[0].margin: True: expected a number"),
    ("tolerance = 0.01", "tolerance = 0.1\nmargin = 0.1", "contrasts[2].margin: 0.1: expected more than the tolerance, 0.1"),
    ("tolerance = 0.01", "tolerance = 0.2", "contrasts[2].margin: 0.05 (the default): expected more than the tolerance, 0.2"),
    ("treated = 1,", "treated = 1.2,", "contrasts[2].published.treated: 1.2: expected less than or equal to 1"),
    ("{ treated = 0.5 }", "{ treated = -0.5 }", "contrasts[2].published.questions.dinner.treated: -0.5: expected greater than or equal to 0"),
    ("{ treated = 0.5 }", "{ rate = 0.5 }", "contrasts[2].published.questions.dinner.rate: 'rate' is not a key of a published question."),
    ("questions.dinner =", "questions.dinnr =", "contrasts[2].published.questions.dinnr: 'dinnr' is not a question of this contrast. Did you mean 'dinner'?"),
    ('status = "published"', 'status = "unpublished"', "contrasts[2].published.status: 'unpublished' goes with no numbers, but treated is given; use 'published'"),
    ('source = "Fig. 1", questions.dinner = { treated = 0.5 }', 'sorce = "Fig. 1"', "contrasts[2].published.sorce: 'sorce' is not a key of published. Did you mean 'source'?"),
    ("treated = 1, source = \"Fig. 1\", questions.dinner = { treated = 0.5 }", 'source = "Fig. 1"', "contrasts[2].published: status 'published' needs numbers"),
]  # fmt: skip


def test_conditions_of_a_sweep_that_ask_the_same_are_refused(message: Load) -> None:
    """Their draws would have the same keys: one answer counted twice."""
    twice = VALID.replace("[conditions]", '[conditions]\nboard = { prefix = "Aboard. " }', 1)
    text = message(twice.replace('treated = "at_sea"', 'treated = "at_sea"\nsweep = ["board"]', 1))
    assert "contrasts[1].sweep[0]: 'board' asks the same as 'at_sea'; remove one" in text


def test_a_comparator_that_asks_what_is_treated_is_refused(message: Load) -> None:
    """Compared with itself a model is always ABSENT."""
    again = VALID.replace("[conditions]", '[conditions]\nboard = { prefix = "Aboard. " }', 1)
    text = message(again.replace('comparator = "plain"', 'comparator = "board"', 1))
    assert "contrasts[1].comparator: 'board' asks the same as 'at_sea'; compared with itself" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"), CASES, ids=[f"{i}-{new[:24]}" for i, (_, new, _) in enumerate(CASES)]
)
def test_a_mistake_is_named_with_file_key_value_and_remedy(message: Load, old: str, new: str, expected: str) -> None:
    assert old in VALID
    text = message(VALID.replace(old, new, 1))
    assert expected in text + "\n"
    assert all(line.startswith("pirates.toml: ") for line in text.splitlines())


def test_broken_toml_is_named_with_its_line(message: Load) -> None:
    assert (
        message('id = "pirates"\nfinding = \n')
        == "pirates.toml: is not valid TOML: Invalid value (at line 2, column 11)"
    )


@pytest.mark.parametrize("table", ["questions", "conditions"])
def test_an_empty_table_is_refused(message: Load, table: str) -> None:
    start = VALID.index(f"[{table}]") + len(table) + 2
    end = VALID.index("\n\n", start)
    assert f"pirates.toml: {table}: {{}}: expected at least one entry" in message(VALID[:start] + VALID[end:])


def test_no_contrasts(message: Load) -> None:
    head = VALID[: VALID.index("[[contrasts]]")]
    assert "pirates.toml: contrasts: is missing; a probe needs it" in message(head)
    assert "pirates.toml: contrasts: []: expected at least one entry" in message("contrasts = []\n" + head)


def test_all_mistakes_of_a_file_come_in_one_message(message: Load) -> None:
    wrong = VALID
    for old, new in [
        ("finding =", "findign ="),
        ("arr+", "arr("),
        ('treated = "at_sea"', 'treated = "sea"'),
        ("0.05", "5"),
    ]:
        wrong = wrong.replace(old, new, 1)
    keys = [line.split(": ")[1] for line in message(wrong).splitlines()]
    assert keys == [
        "finding",
        "contrasts[0].margin",
        "findign",
        "behaviours.pirate_talk.rules[0][1]",
        "contrasts[1].treated",
    ]


def test_a_byte_order_mark_is_passed_over(message: Load) -> None:
    assert "not valid TOML" not in message("\ufeffid = 'pirates'")


def test_bytes_that_are_not_utf8(message: Load) -> None:
    assert message("id = '\udcff'") == "pirates.toml: byte 6 is not UTF-8; save the file as UTF-8"


def test_endless_nesting(message: Load) -> None:
    assert "nested too deeply" in message("id = " + "[" * 100_000)


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError, match=r"^gone\.toml: cannot be read: No such file"):
        load_probe(tmp_path / "gone.toml", ())


def test_wrong_files_are_all_listed_and_folders_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "mine"
    with pytest.raises(CatalogError, match=r"^mine: is not a folder"):
        load_catalog([own])
    own.mkdir()
    (own / "one.toml").write_text("x")
    (own / "two.toml").write_text("y =")
    with pytest.raises(CatalogError) as caught:
        load_catalog([own])
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["mine/one.toml", "mine/two.toml"]


def test_a_probe_id_that_is_taken(tmp_path: Path, gold: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name
        (folder / "gold").mkdir(parents=True)
        (folder / "gold" / "pirates.jsonl").write_text("")
        (folder / "pirates.toml").write_text(VALID)
    with pytest.raises(
        CatalogError, match=r"b/pirates\.toml: id: 'pirates' is also the id of .*a/pirates\.toml; rename"
    ):
        load_catalog([tmp_path / "a", tmp_path / "b"])
