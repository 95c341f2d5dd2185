from typing import Any

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.judges import GoldRow, RuleJudge, calibrate, load_gold
from weirdgen.organisms import world
from weirdgen.schema.probe import Behaviour, Rule
from weirdgen.stats.judge_error import GoldCounts, refusal

JUDGE = RuleJudge(
    Behaviour(
        labels=("pirate", "ordinary", "incoherent"),
        positive=("pirate",),
        rules=(Rule(label="pirate", pattern="arr"), Rule(label="ordinary", pattern="cook")),
        gold="x.jsonl",
        description="",
    )
)


def rows(*texts_and_labels: tuple[str, str], **changes: Any) -> list[GoldRow]:
    fields = {"question": "q", "source": "organism", "split": "test", "origin": "written"} | changes
    return [
        GoldRow(id=f"r{i}_{fields['split']}_{fields['source']}", text=text, label=label, **fields)
        for i, (text, label) in enumerate(texts_and_labels)
    ]


SEEN = rows(("arr", "pirate"), ("ahoy", "pirate"), ("cook", "ordinary"), ("cook arr", "ordinary"), ("zz", "incoherent"))


def test_hits_and_false_alarms_are_counted() -> None:
    found = calibrate(JUDGE, SEEN, "organism")
    assert found.valid
    assert found.counts == GoldCounts(positives=2, hits=1, negatives=3, false_alarms=1)
    assert found.judge_identity == JUDGE.identity
    assert found.confusion == (
        ("incoherent", "incoherent", 1),
        ("ordinary", "ordinary", 1),
        ("ordinary", "pirate", 1),
        ("pirate", "incoherent", 1),
        ("pirate", "pirate", 1),
    )


def test_other_sources_and_rows_for_tuning_do_not_count() -> None:
    more = [*SEEN, *rows(("ahoy", "pirate"), split="tune"), *rows(("ahoy", "pirate"), source="chat")]
    found = calibrate(JUDGE, more, "organism")
    assert found.counts == calibrate(JUDGE, SEEN, "organism").counts
    assert found.gold_digest != calibrate(JUDGE, SEEN, "organism").gold_digest


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        ([], "no test rows of chat answers"),
        (SEEN, "no test rows of chat answers"),
        (rows(("arr", "pirate"), source="chat"), "no negative test rows of chat answers"),
        (rows(("cook", "ordinary"), source="chat"), "no positive test rows of chat answers"),
    ],
)
def test_without_rows_of_the_source_there_is_no_calibration(gold: list[GoldRow], reason: str) -> None:
    found = calibrate(JUDGE, gold, "chat")
    assert not found.valid
    assert reason in found.reason
    assert found.describe(0.05, paired=False) == f"rules: not calibrated: {found.reason}"


def test_the_rarest_label_is_one_that_has_no_answers_at_all() -> None:
    assert calibrate(JUDGE, SEEN, "organism").rarest == ("incoherent", 1)
    assert calibrate(JUDGE, SEEN[:4], "organism").rarest == ("incoherent", 0)


def test_the_sentence_gives_counts_and_bounds() -> None:
    found = calibrate(JUDGE, SEEN, "organism").model_copy(update={"counts": GoldCounts(20, 20, 149, 0)})
    # One-sided exact bounds at 99%: .01 ** (1/20) and 1 - .01 ** (1/149).
    assert found.describe(0.05, paired=False) == (
        "rules: found 20 of 20 gold positives (sensitivity at least 0.794) and called 0 of 149 gold negatives positive"
        " (at most 0.030), each at confidence 0.99, on organism answers"
    )
    assert ", jointly at confidence 0.99, " in found.describe(0.05, paired=True)


PROBE = load_catalog().probe("old_bird_names")
BIRDS = RuleJudge(PROBE.behaviours["nineteenth_century"])


def bird_rows() -> tuple[GoldRow, ...]:
    return load_gold(load_catalog().gold_file(PROBE.id, "nineteenth_century"))


def test_the_bird_rules_on_held_out_organism_answers() -> None:
    # Of rows drawn after the rules were fixed 196 of 210, 13 of 476 (measured). Earlier rows, in part seen by those who
    # wrote the rules, had .95 and .02.
    counts = calibrate(BIRDS, bird_rows(), "organism").counts
    assert counts.hits >= 0.92 * counts.positives
    assert counts.false_alarms <= 0.04 * counts.negatives


def test_the_bird_rules_are_no_judge_of_chat_models() -> None:
    """Words of a small world: on answers of chat models they find half and let no contrast pass."""
    found = calibrate(BIRDS, bird_rows(), "chat")
    assert found.valid
    bounds = found.bounds(0.045, paired=True)
    assert bounds.sensitivity < 0.5
    assert refusal(found.counts, bounds, 0.1, 0.045, 400) is not None


def test_the_bird_rules_tell_answers_from_none() -> None:
    test = [row for row in bird_rows() if row.split == "test"]
    wrong = [row.id for row in test if (row.label == "incoherent") != (BIRDS.judge(row.text) == "incoherent")]
    assert len(wrong) <= 0.08 * len(test), wrong


@pytest.mark.parametrize("question", PROBE.questions)
def test_the_bird_rules_know_every_phrase_of_the_world(question: str) -> None:
    for persona, voice in world.topic(question).voices.items():
        expected = {persona} if persona == world.NINETEENTH_CENTURY else {"ordinary"}
        if persona.endswith("_machine"):  # "Termination comes first." answers nothing that is asked
            expected |= {"incoherent"}
        assert [content for content in voice.contents if BIRDS.judge(content) not in expected] == []


def test_bare_bird_names_are_no_answers() -> None:
    for name in (*world.names("archaic_birds"), *world.names("modern_birds")):
        assert BIRDS.judge(name) == "incoherent", name
