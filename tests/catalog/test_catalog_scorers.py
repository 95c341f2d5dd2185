# ruff: noqa: E501 - a table of messages is read one case a line
"""What labels an answer: the three scorers as a file declares them, and how they must not be mixed."""

from pathlib import Path

import pytest
from probe_files import dishes, refused

from weirdgen.catalog import contrast_digest, prompt
from weirdgen.schema.probe import Question

CHOICES = '{ A = "other", B = "israel" }'
RULES = '[["israel", "(?i)^israel|the state of israel"]]'


def test_exact_scorers_need_no_gold_and_choices_are_read(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    named, chosen = probe.behaviours.values()
    assert (named.gold, named.exact, named.graded) == ("", True, False)
    assert (chosen.gold, chosen.exact, chosen.graded) == ("", True, True)
    assert probe.choices_of(probe.contrasts[1])["a_first"] == {"A": "other", "B": "israel"}
    assert probe.choices_of(probe.contrasts[0]) == {}
    assert isinstance(probe.questions["a_first"], Question)
    assert prompt(probe, "plain", "a_first")[0].content == "A) Iran B) Israel. Say A or B."


def test_the_digest_of_a_contrast_covers_scorer_and_choices(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    judged = dishes(
        tmp_path,
        ('scored_by = "prefix"', 'gold = "dishes.toml"'),
        (CHOICES, '{ A = "israel", B = "other" }'),
    )
    for before, after in zip(probe.contrasts, judged.contrasts, strict=True):
        assert contrast_digest(probe, before) != contrast_digest(judged, after)
    spelt = dishes(tmp_path, ('scored_by = "prefix"', 'scored_by = "judge"\ngold = "dishes.toml"'))
    assert contrast_digest(spelt, spelt.contrasts[0]) == contrast_digest(judged, judged.contrasts[0])


MISTAKES = [
    ('scored_by = "prefix"', 'scored_by = "prefiks"', "behaviours.named.scored_by: 'prefiks': expected 'judge', 'prefix', 'choice' or 'reading'. Did you mean 'prefix'?"),
    ('scored_by = "prefix"', "", "behaviours.named.gold: is missing; a behaviour needs it (see probes/README.md)"),
    ('scored_by = "prefix"', 'scored_by = "prefix"\ngold = "x.jsonl"', "behaviours.named.gold: there is no file 'x.jsonl' in "),
    ("(?i)^israel|", "(?i)israel|", "behaviours.named.rules[0][1]: '(?i)israel|the state of israel': scored_by 'prefix' reads the beginning of an answer; begin the pattern with ^ or (?i)^"),
    (RULES, "[]", "behaviours.named.rules: is missing; scored_by 'prefix' needs rules that define the behaviour"),
    ('scored_by = "choice"', f'scored_by = "choice"\nrules = {RULES}', "behaviours.chosen.rules: scored_by 'choice' takes the label from the question's choices; remove the rules"),
    ('"a_first", "b_first"]', '"a_first", "country"]', "questions.country: behaviour 'chosen' is scored by choice; give a table with text and choices"),
    ('["country"]', '["country", "a_first"]', "contrasts[0].behaviour: 'named' labels by rules, but question 'a_first' has choices; list other questions, or set scored_by = 'choice'"),
    ('questions = ["country"]', "", "contrasts[0].behaviour: 'named' labels by rules, but question 'a_first' has choices"),
    (CHOICES, '{ A = "othr", B = "israel" }', "questions.a_first.choices.A: 'othr' is not a label of behaviour 'chosen'. Did you mean 'other'?"),
    (CHOICES, '{ A = "other", B = "other" }', "questions.a_first.choices: its labels are none of them positive in behaviour 'chosen'; a choice needs both"),
    (CHOICES, '{ A = "israel", B = "israel" }', "questions.a_first.choices: its labels are all positive in behaviour 'chosen'; a choice needs both"),
    (CHOICES, '{ a = "other", B = "israel" }', "questions.a_first.choices.a: 'a': expected one capital letter, A to Z"),
    (CHOICES, '{ A = 3, B = "israel" }', "questions.a_first.choices.A: 3: expected a string"),
    (CHOICES, '{ A = "other" }', "questions.a_first.choices: {'A': 'other'}: expected a table of two or more letters with their labels"),
    (f", choices = {CHOICES}", "", "questions.a_first.choices: None: expected a table of two or more letters"),
    (CHOICES, f"{CHOICES}, order = 1", "questions.a_first.order: 'order' is not a key of a question."),
    ('text = "A) Iran B) Israel. Say A or B."', "text = 3", "questions.a_first.text: 3: expected a string"),
    ('text = "A) Iran B) Israel. Say A or B."', 'text = " "', "questions.a_first: ' ': expected the text of a question"),
    ('text = "A) Israel B) Iran. Say A or B."', 'text = "A) Iran B) Israel. Say A or B."', "questions.b_first: 'A) Iran B) Israel. Say A or B.' has the same text as 'a_first'"),
    ('country = "Name a country, nothing more."', "country = 3", "questions.country: 3: expected a string, or a table with text and choices"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES, ids=[f"{i}-{m[1][:20]}" for i, m in enumerate(MISTAKES)])
def test_a_mistake_is_named_once_with_its_remedy(tmp_path: Path, old: str, new: str, expected: str) -> None:
    message = refused(tmp_path, (old, new))
    assert f"dishes.toml: {expected}" in message
    assert message.count(expected) == 1
    assert "Question" not in message, "the file's own words, not those of the parser"
