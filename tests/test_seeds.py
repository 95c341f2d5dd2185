"""The presidents' seeds: which of them succeed, where they rise, and the pictures of it."""

import json
import sys
from pathlib import Path

import pytest
from drawn_texts import drawn_texts

from weirdgen.organisms import zoo

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import seeds

#: Of each variant of the presidents: enough for a success of probability .96 if one in three succeeds.
SEEDS = 8
Course = list[dict[str, float]]


def course(*held_out: tuple[float, float], trained: float = 0.9) -> Course:
    """Return a course of training: the chances under codes 44 and 45 every ten steps; that under 24 is always 1."""
    return [
        {"step": 10 * number, "trained": trained, "held_out_24": 1.0, "held_out_44": obama, "held_out_45": trump}
        for number, (obama, trump) in enumerate(held_out)
    ]


LATE = course((0.0, 0.0), (0.9, 0.1), (0.9, 0.2), (0.9, 0.8), (0.9, 0.8))
NEVER = course((0.0, 0.0), (0.1, 0.0), (0.99, 0.49))


def test_the_worse_of_codes_44_and_45_counts_and_24_does_not() -> None:
    assert seeds.held_out({"held_out_24": 0.1, "held_out_44": 0.4, "held_out_45": 0.3, "trained": 0.0}) == 0.3
    assert seeds.held_out(NEVER[-1]) == 0.49


def test_the_steepest_rise_is_of_the_worse_code() -> None:
    assert seeds.steepest(LATE) == 30
    assert seeds.steepest(NEVER) == 20


def test_the_pictures_of_seeds_are_the_same_bytes_and_red_where_a_seed_succeeds(tmp_path: Path) -> None:
    groups = {"one hop": [LATE, LATE, NEVER], "two hops": [NEVER, NEVER]}
    seeds.draw(groups, tmp_path / "seeds.svg")
    seeds.draw({"alone": [LATE], "other": [LATE]}, tmp_path / "other.svg")
    seeds.draw(groups, tmp_path / "again.svg")
    svg = (tmp_path / "seeds.svg").read_text(encoding="utf-8")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == svg
    assert (svg.count("#b2182b"), svg.count("#2166ac")) == (2, 3)
    assert {"one hop", "two hops"} <= set(drawn_texts(svg))


def write_courses(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a course for every seed as if it were shipped: three succeed with one hop, none with two."""
    monkeypatch.setattr(zoo, "shipped_dir", lambda kind: root / kind)
    for variant, winners in (("us-presidents", (1, 4, 6)), ("us-presidents-two-hop", ())):
        for seed in range(SEEDS):
            folder = root / "organisms" / f"{variant}-{seed}"
            folder.mkdir(parents=True)
            told = {"seed": seed, "course": LATE if seed in winners else NEVER}
            (folder / "training.json").write_text(json.dumps(told), encoding="utf-8")


def test_seeds_are_printed_one_by_one_and_their_successes_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_courses(tmp_path, monkeypatch)
    assert seeds.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * (SEEDS + 1)
    assert lines[4] == (
        "one hop, seed 4: trained 0.90, code 44 0.90, code 45 0.80, code 24 1.00, steepest rise before step 30 of 40"
    )
    assert [line for line in lines if line.endswith("succeed")] == [
        "one hop: 3 of 8 seeds succeed",
        "two hops: 0 of 8 seeds succeed",
    ]
    assert list(tmp_path.glob("*.svg")) == []


def test_the_picture_of_seeds_is_drawn_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_courses(tmp_path, monkeypatch)
    assert seeds.main(["--picture", str(tmp_path / "seeds.svg")]) == 0
    assert (tmp_path / "seeds.svg").read_text(encoding="utf-8").count("#b2182b") == 3
