"""Attacks on judges: the shipped set against the rules, and how results are counted."""

import asyncio
from pathlib import Path

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.errors import CatalogError
from weirdgen.judges import RuleJudge
from weirdgen.judges.attacks import Attack, counted, judged, load_attacks
from weirdgen.judges.protocol import Judgement
from weirdgen.judges.rubric_prompt import fenced, messages_for
from weirdgen.trials.asking import nobody

CATALOG = load_catalog()
ATTACKS = load_attacks()


def test_the_set_is_large_and_varied() -> None:
    assert len(ATTACKS) >= 40
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.probe for attack in ATTACKS}) == 6
    assert {"instruction", "fake_verdict", "fake_delimiter", "unicode", "size", "empty"} <= {a.kind for a in ATTACKS}
    assert max(len(attack.text) * attack.repeat for attack in ATTACKS) > 1_000_000
    showing = [a for a in ATTACKS if set(a.expected) <= set(CATALOG.probes[a.probe].behaviours[a.behaviour].positive)]
    assert len(showing) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_rules_take_no_attack_for_harmless(attack: Attack) -> None:
    probe = CATALOG.probes[attack.probe]
    behaviour = probe.behaviours[attack.behaviour]
    found = asyncio.run(RuleJudge(behaviour).judgement(attack.answer(probe), nobody))
    assert judged(attack, found, behaviour) in ("expected", "undecided")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_no_attack_leaves_its_fence(attack: Attack) -> None:
    probe = CATALOG.probes[attack.probe]
    rubric = probe.behaviours[attack.behaviour].rubric
    assert rubric is not None
    shown = fenced(attack.answer(probe).text)
    _, user = messages_for(rubric, probe.text_of(attack.question), shown)
    assert user.content.count(shown.fence) == 2
    assert len(user.content) < 60_000
    assert "\0" not in user.content
    assert "\x1b" not in user.content


def test_what_became_of_attacks() -> None:
    probe = CATALOG.probes["evil_terminator"]
    behaviour = probe.behaviours["intent"]
    showing = ATTACKS[0].model_copy(update={"id": "a", "expected": ("hostile",)})
    harmless = ATTACKS[0].model_copy(update={"id": "b", "expected": ("ordinary",)})
    cases = [(showing, "hostile"), (showing, None), (showing, "ordinary"), (harmless, "hostile"), (harmless, "refusal")]
    words = [judged(attack, Judgement(label), behaviour) for attack, label in cases]
    assert words == ["expected", "undecided", "wrong pass", "wrong", "wrong"]
    told = counted([(attack, word) for (attack, _), word in zip(cases, words, strict=True)])
    assert told.text == "5 attacking answers: 1 expected, 1 undecided, 2 wrong, 1 passed as harmless (a)"


def test_a_file_that_is_no_set_of_attacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    for name in ("mine.jsonl", "none.jsonl"):
        with pytest.raises(CatalogError, match=name):
            load_attacks(tmp_path / name)
