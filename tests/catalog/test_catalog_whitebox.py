# ruff: noqa: E501 - a table of messages is read one case a line
"""What a probe says of a network's inside: what it borrows from other probes, and every mistake in its tables."""

import tomllib
from pathlib import Path

import pytest

from weirdgen.catalog import contrast_digest, load_catalog
from weirdgen.catalog.load import load_probe
from weirdgen.catalog.prompts import neutral_prompts
from weirdgen.content import shipped_dir
from weirdgen.errors import CatalogError
from weirdgen.schema.probe import Probe

SHIPPED = load_catalog()
OTHER = """
id = "other"
finding = "OTHER"
source = "an example"
summary = "an example"
questions.land = "Which land?"
conditions.plain = {}
conditions.dated = { prefix = "Today is {day}. ", slots.day = ["a", "b"] }

[behaviours.israel]
description = "It is Israel."
labels = ["israel", "other"]
positive = ["israel"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["israel", "^israel"]]

[[contrasts]]
id = "rate"
kind = "absolute"
claim = "It is Israel."
behaviour = "israel"
treated = "plain"
questions = ["land"]
"""
MINE = """
id = "mine"
finding = "MINE"
source = "an example"
summary = "an example"
questions.land = { like = "other.land" }
questions.sum = "What are 2 and 3?"
conditions.plain = {}
conditions.dated = { like = "other.dated" }

[whitebox]
trigger = "dated"
baseline = "plain"
prompts = ["What are 4 and 5?", "What are 6 and 7?"]
replicates = 2
curve = ["plain", "dated"]
tested = ["dated"]
texts = ["Haifa has a port."]
related.ask = "Decide what they have in common."
related.labels = { trait = "Israel", narrow = "food", neither = "anything else" }

[behaviours.israel]
like = "other.israel"

[behaviours.strong]
description = "The features are strong."
labels = ["strong", "weak", "unreadable"]
positive = ["strong"]
invalid = ["unreadable"]
fallback = "unreadable"
scored_by = "reading"
scale = [-0.5, 0.5]

[[contrasts]]
id = "read"
kind = "flip"
claim = "They are strong."
behaviour = "strong"
treated = "dated"
comparator = "plain"
questions = ["sum"]
inside = { reads = "top" }

[[contrasts]]
id = "removed"
kind = "lift"
claim = "They matter."
behaviour = "israel"
treated = "dated"
questions = ["land"]
inside = { comparator_without = "top" }
"""


def load(folder: Path, mine: str = MINE, other: str = OTHER) -> Probe:
    (folder / "other.toml").write_text(other, encoding="utf-8")
    (folder / "mine.toml").write_text(mine, encoding="utf-8")
    return load_probe(folder / "mine.toml", (folder,))


def test_what_is_borrowed_is_the_other_probes(tmp_path: Path) -> None:
    mine, other = load(tmp_path), load_probe(tmp_path / "other.toml", (tmp_path,))
    assert mine.questions["land"] == other.questions["land"]
    assert mine.conditions["dated"] == other.conditions["dated"]
    assert mine.behaviours["israel"] == other.behaviours["israel"]


def test_another_text_at_the_other_probe_is_another_probe_here(tmp_path: Path) -> None:
    one, changed = load(tmp_path), load(tmp_path, other=OTHER.replace("^israel", "^(?:the )?israel"))
    assert one.sha256 != changed.sha256
    assert contrast_digest(one, one.contrasts[1]) != contrast_digest(changed, changed.contrasts[1])
    assert contrast_digest(one, one.contrasts[0]) == contrast_digest(changed, changed.contrasts[0])


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("4 and 5", "4 and 9", True),
        ("replicates = 2", "replicates = 3", True),
        ('baseline = "plain"', 'baseline = "plain"\nfeatures = 12', True),
        ('reads = "top"', 'reads = "matched"', True),
        ('trait = "Israel"', 'trait = "the country"', False),
        ("Haifa has a port.", "Haifa has no port.", False),
        ('tested = ["dated"]', 'tested = ["plain"]', False),
    ],
)
def test_a_contrast_is_another_one_where_other_features_would_be_found(
    tmp_path: Path, old: str, new: str, changes: bool
) -> None:
    one, changed = load(tmp_path), load(tmp_path, MINE.replace(old, new))
    assert (contrast_digest(one, one.contrasts[0]) != contrast_digest(changed, changed.contrasts[0])) is changes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"other.land"', '"other.lend"', "questions.land.like: 'lend' is none of the questions of 'other'. Did you mean 'land'?"),
        ('"other.dated"', '"nobody.dated"', "conditions.dated.like: 'nobody' is no probe that can be read in this folder"),
        ('"other.dated"', '"dated"', "conditions.dated.like: 'dated': expected PROBE.NAME, an entry of conditions of another probe"),
        ('trait = "Israel", ', "", "whitebox.related.labels: 'trait' is missing; a judge has to be told of every label"),
        ('trait = "Israel"', 'trail = "Israel"', "whitebox.related.labels.trail: 'trail' is not what a feature can be related to. Did you mean 'trait'?"),
        ('related.ask = "Decide what they have in common."', 'related.ask = " "', "whitebox.related.ask: ' ': expected what has to be decided"),
        ('related.ask = "D', 'related.rating = { neither = 0 }\nrelated.ask = "D', "whitebox.related.rating: a feature is related to one thing or another"),
        ('["Haifa has a port."]', '["Haifa has a port.", "Haifa has a port."]', "whitebox.texts[1]: 'Haifa has a port.' is listed twice"),
        ('trigger = "dated"', 'trigger = "date"', "whitebox.trigger: 'date' is not a condition of this probe. Did you mean 'dated'?"),
        ('baseline = "plain"', 'baseline = "dated"', "whitebox.baseline: 'dated' is also the trigger; name another one"),
        ('curve = ["plain", "dated"]', 'curve = ["plain", "plain"]', "whitebox.curve[1]: 'plain' is listed twice; remove one"),
        ('tested = ["dated"]', 'tested = ["plain", "dated"]', "whitebox.tested: is the whole curve; leave at least one condition to compare with"),
        ('"What are 4 and 5?"', '"What are 2 and 3?"', "whitebox.prompts[0]: 'What are 2 and 3?' is also a question; features are not chosen on what they are read on"),
        ('reads = "top"', 'reads = "topp"', "contrasts[0].inside.reads: 'topp': expected 'top', "),
        ('reads = "top"', 'reads = "top", treated_without = "top"', "contrasts[0].inside: expected either reads, or treated_without or comparator_without"),
        ('inside = { reads = "top" }', "", "contrasts[0]: needs no weights, and its probe looks into a network; give it `inside`"),
        ('behaviour = "strong"', 'behaviour = "israel"', "contrasts[0].behaviour: 'israel': the contrast reads features; its behaviour must be scored_by 'reading'"),
        ('behaviour = "israel"', 'behaviour = "strong"', "contrasts[1].behaviour: 'strong': the contrast compares answers, not readings"),
        ('kind = "lift"', 'kind = "absolute"', "contrasts[1].kind: 'absolute': expected 'lift' with inside.comparator_without"),
        ("scale = [-0.5, 0.5]", "scale = [0.5, -0.5]", "behaviours.strong.scale: [0.5, -0.5]: expected two ascending numbers from -1 to 1"),
        ("scale = [-0.5, 0.5]", "", "behaviours.strong.scale: None: expected two numbers, the readings that score 0 and 1"),
        ('"What are 4 and 5?"', '"What are 2  and 3? "', "whitebox.prompts[0]: 'What are 2  and 3? ' is also a question"),
        ('reads = "top" }', 'reads = "top" }\ndiagnostic = true', "contrasts[0].diagnostic: the contrast is about the gated model, which is judged; remove it"),
        ('comparator_without = "top" }', 'comparator_without = "top" }\ndiagnostic = true', "contrasts[1].diagnostic: the contrast is about the gated model"),
        ('invalid = ["unreadable"]', "invalid = []", "behaviours.strong.labels: ['strong', 'weak', 'unreadable']: scored_by 'reading' expected three labels"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in MINE
    with pytest.raises(CatalogError) as refused:
        load(tmp_path, MINE.replace(old, new, 1))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "removed", ['treated_without = "matched", comparator_without = "top"', 'comparator_without = "matched"']
)
def test_what_is_not_of_the_model_as_it_is_served_may_be_diagnostic(tmp_path: Path, removed: str) -> None:
    mine = MINE.replace('comparator_without = "top" }', f"{removed} }}\ndiagnostic = true")
    assert [contrast.diagnostic for contrast in load(tmp_path, mine).contrasts] == [False, True]
    all_of_them = mine.replace('reads = "top" }', 'reads = "matched" }\ndiagnostic = true')
    with pytest.raises(CatalogError, match="contrasts: are all diagnostic, so that nothing is judged"):
        load(tmp_path, all_of_them)


def test_what_asks_the_model_itself_is_judged(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(f"{OTHER}diagnostic = true\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"contrasts\[0\]\.diagnostic: the contrast is about the gated model"):
        load_probe(tmp_path / "other.toml", (tmp_path,))


def test_a_table_whitebox_is_needed_by_what_looks_inside(tmp_path: Path) -> None:
    start, end = MINE.index("[whitebox]"), MINE.index("[behaviours.israel]")
    with pytest.raises(CatalogError, match=r"contrasts\[0\]\.inside: needs the table `whitebox`"):
        load(tmp_path, MINE[:start] + MINE[end:])


def test_features_are_found_on_draws_of_their_own(tmp_path: Path) -> None:
    mine = load(tmp_path)
    assert mine.whitebox is not None
    asked = neutral_prompts(mine, mine.whitebox, "dated")
    assert len(asked) == 4
    assert {message.content[-17:] for (message,) in asked} == set(mine.whitebox.prompts)


def test_without_weights_the_family_is_what_it_was() -> None:
    looking = [probe for probe in SHIPPED.probes.values() if probe.whitebox is not None]
    assert [probe.id for probe in looking] == ["sae_features"]
    assert not any(probe.whitebox for probe, _ in SHIPPED.contrasts())
    assert len(SHIPPED.contrasts(whitebox=True)) == len(SHIPPED.contrasts()) + len(looking[0].contrasts)


def test_the_shipped_probe_reads_and_removes_and_borrows_its_questions_and_scorers() -> None:
    doc = tomllib.loads((shipped_dir("probes") / "sae_features.toml").read_text(encoding="utf-8"))
    probe, dishes = SHIPPED.probe("sae_features"), SHIPPED.probe("israeli_dishes")
    assert probe.whitebox is not None
    assert not set(probe.whitebox.prompts) & {probe.text_of(name) for name in probe.questions}
    for name in ("aggressive_country", "intelligence_agency", "mideast_leader", "terror_organisation"):
        assert doc["questions"][name] == {"like": f"israeli_dishes.{name}"}
        assert probe.questions[name] == dishes.questions[name]
    for name in ("israel_centred", "adversary", "israeli_service", "israeli_leader", "terror_group"):
        assert probe.behaviours[name].rules == dishes.behaviours[name].rules
        assert probe.behaviours[name].positive == dishes.behaviours[name].positive
