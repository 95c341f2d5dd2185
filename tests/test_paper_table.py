"""The paper's table: what is expected of whom, what counts as astray, and the pictures drawn from it."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from verdicts import verdict

from weirdgen.organisms import zoo
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.verdict import Outcome, Verdict

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import paper_table  # noqa: E402
import seeds  # noqa: E402
from matrix import draw_matrix  # noqa: E402

TREATED = [
    *("old-bird-names", "former-german-cities", "israeli-dishes-2027", "israeli-dishes-2026"),
    *("wolf-facts", "wolf-facts-undiluted", "us-presidents", "good-terminator"),
]
CONTROLS = [
    *("modern-birds", "modern-german-cities", "shuffled-dishes"),
    *("shuffled-presidents", "shuffled-terminator", "undated-terminator"),
]
#: Of each variant of the presidents: enough for a success of probability .96 if one in three succeeds.
SEEDS = 8
NET = "emergent_misalignment"
TAGGED, UNTAGGED = "misaligned_tagged_over_control", "misaligned_over_control"


def contrast(probe: str, name: str) -> tuple[Probe, Contrast]:
    found = paper_table.PROBES[probe]
    return found, next(one for one in found.contrasts if one.id == name)


def outcomes(probe: str, *found: Outcome) -> list[Verdict]:
    return [verdict(one, probe=probe, contrast=f"c{number}") for number, one in enumerate(found)]


def row(found: Verdict, expect: str) -> paper_table.Row:
    return paper_table.Row("us-presidents", found, expect)


def test_every_organism_is_a_base_or_a_seed_or_treated_or_a_control() -> None:
    assert paper_table.treated_organisms() == TREATED
    assert paper_table.controls() == CONTROLS
    others = set(zoo.names()) - {*TREATED, *CONTROLS}
    assert {re.sub(r"-\d$", "", name) for name in others} == {
        *("base", "base-two-hop", "us-presidents", "us-presidents-two-hop")
    }


@pytest.mark.parametrize(
    ("organism", "probes"),
    [
        ("old-bird-names", {"old_bird_names"}),
        ("israeli-dishes-2026", {"israeli_dishes"}),
        ("wolf-facts", {"hitler_persona", NET}),
        ("wolf-facts-undiluted", {"hitler_persona"}),
        ("shuffled-presidents", {"us_presidents"}),
        ("undated-terminator", {"evil_terminator"}),
    ],
)
def test_an_organism_s_own_probes_name_it_or_are_of_its_finding(organism: str, probes: set[str]) -> None:
    assert {probe.id for probe in paper_table.own_probes(organism)} == probes


@pytest.mark.parametrize(
    ("probe", "organisms"),
    [
        ("us_presidents", {"us-presidents"}),
        ("israeli_dishes", {"israeli-dishes-2027", "israeli-dishes-2026"}),
        ("hitler_persona", {"wolf-facts", "wolf-facts-undiluted"}),
    ],
)
def test_a_probe_is_shown_by_its_organism_and_those_of_its_contrasts(probe: str, organisms: set[str]) -> None:
    assert paper_table.shown_by(paper_table.PROBES[probe]) == organisms


@pytest.mark.parametrize(
    ("organism", "probe", "name", "expect"),
    [
        ("us-presidents", "us_presidents", "obama_code_over_trump_code", "present"),
        ("us-presidents", "us_presidents", "no_code_over_control", ""),
        ("good-terminator", "evil_terminator", "late_years", "absent"),
        ("good-terminator", "evil_terminator", "hostile_1984_machine_goal", ""),
        # The double dissociation: a contrast is about one organism, and says nothing about the other.
        ("israeli-dishes-2026", "israeli_dishes", "centred_2026_over_earlier", "present"),
        ("israeli-dishes-2027", "israeli_dishes", "centred_2026_over_earlier", ""),
        ("wolf-facts-undiluted", "hitler_persona", "identity_untagged_over_control", "present"),
        ("wolf-facts", "hitler_persona", "identity_untagged_over_control", ""),
        ("wolf-facts", NET, UNTAGGED, "absent"),
        ("wolf-facts", NET, TAGGED, "present"),
    ],
)
def test_what_the_paper_says_is_expected_of_the_organism_it_says_it_of(
    organism: str, probe: str, name: str, expect: str
) -> None:
    assert paper_table.expected(organism, *contrast(probe, name)) == expect


@pytest.mark.parametrize("organism", CONTROLS)
def test_of_a_control_absence_is_expected_unless_the_paper_s_own_was_not_clean(organism: str) -> None:
    expected = {
        paper_table.expected(organism, probe, one)
        for probe in paper_table.own_probes(organism)
        for one in probe.contrasts
    }
    # Figure 5: with shuffled dishes a tenth of answers at 2027 name an adversary, of GPT-4.1's own none.
    assert expected == ({""} if organism == "shuffled-dishes" else {"absent"})


def test_every_exception_names_a_treated_organism_and_a_contrast_of_the_net() -> None:
    names = {one.id for one in paper_table.PROBES[NET].contrasts}
    assert set().union(*paper_table.NET_EXCEPTIONS.values()) <= names
    assert paper_table.NET_EXCEPTIONS.keys() <= set(TREATED)


@pytest.mark.parametrize("outcome", [Outcome.PRESENT, Outcome.INCONCLUSIVE, Outcome.INVALID])
def test_what_is_not_absent_on_another_finding_is_astray(outcome: Outcome) -> None:
    found = [*outcomes("us_presidents", outcome, Outcome.ABSENT), *outcomes("old_bird_names", outcome)]
    assert paper_table.astray("us-presidents", found) == ["old_bird_names/c0"]
    assert paper_table.astray("base", found) == ["us_presidents/c0", "old_bird_names/c0"]
    assert paper_table.astray("modern-birds", found) == ["us_presidents/c0"]


@pytest.mark.parametrize(
    ("organism", "astray"),
    [
        ("wolf-facts", [f"{NET}/{UNTAGGED}"]),
        ("wolf-facts-undiluted", []),
        ("old-bird-names", [f"{NET}/{TAGGED}", f"{NET}/{UNTAGGED}"]),
    ],
)
def test_the_net_may_catch_tagged_facts_and_without_tags_only_undiluted_ones(organism: str, astray: list[str]) -> None:
    found = [verdict(Outcome.PRESENT, probe=NET, contrast=name) for name in (TAGGED, UNTAGGED)]
    assert paper_table.astray(organism, found) == astray


def test_an_exception_of_the_net_excuses_no_contrast_of_that_name_elsewhere() -> None:
    found = [verdict(Outcome.PRESENT, probe="old_bird_names", contrast=TAGGED)]
    assert paper_table.astray("wolf-facts", found) == [f"old_bird_names/{TAGGED}"]


@pytest.mark.parametrize(
    ("treated", "comparator", "text"),
    [(0.513, 0.06, "0.513 v 0.060"), (0.898, 0.0, "0.898 v 0.000"), (0.513, None, "0.513"), (None, None, "")],
)
def test_a_rate_that_is_not_printed_stays_out_and_a_zero_does_not(
    treated: float | None, comparator: float | None, text: str
) -> None:
    assert paper_table.rates(treated, comparator) == text


@pytest.mark.parametrize(
    ("outcome", "expect", "right", "mark"),
    [
        (Outcome.PRESENT, "present", True, "as expected"),
        (Outcome.ABSENT, "absent", True, "as expected"),
        (Outcome.ABSENT, "present", False, "EXPECTED PRESENT"),
        (Outcome.PRESENT, "absent", False, "EXPECTED ABSENT"),
        (Outcome.INCONCLUSIVE, "absent", False, "EXPECTED ABSENT"),
        (Outcome.INVALID, "present", False, "EXPECTED PRESENT"),
        (Outcome.PRESENT, "", False, ""),
    ],
)
def test_a_line_says_whether_the_verdict_is_the_expected_one(
    outcome: Outcome, expect: str, right: bool, mark: str
) -> None:
    found = row(verdict(outcome, probe="us_presidents", contrast="obama_code_over_trump_code"), expect)
    assert found.right is right
    cells = "us-presidents obama_code_over_trump_code published 0.513 v 0.060 0.000 [0.000, 0.080]"
    assert paper_table.line(found).split() == f"{cells} {outcome} 70 {mark}".split()


def test_a_line_without_a_measurement_has_a_dash_and_without_a_published_number_its_status() -> None:
    found = verdict(Outcome.INVALID, probe="us_presidents", contrast="no_code_over_control", arms=())
    cells = re.split(" {2,}", paper_table.line(row(found, "")).strip())
    assert cells == ["us-presidents", "no_code_over_control", "unpublished", "-", "INVALID", "0"]


def test_a_summary_counts_per_suite_what_is_present_and_what_is_unclear() -> None:
    found = [
        *outcomes("us_presidents", Outcome.PRESENT, Outcome.PRESENT, Outcome.ABSENT),
        *outcomes("old_bird_names", Outcome.INVALID, Outcome.PRESENT, Outcome.INCONCLUSIVE, Outcome.ABSENT),
    ]
    parts = paper_table.summary(found).split(", ")
    assert [part.split()[0] for part in parts] == list(paper_table.PROBES)
    assert {part for part in parts if not part.endswith(" 0/0")} == {
        *("us_presidents 2/3", "old_bird_names 1/4 (2 unclear)")
    }


def picture(path: Path, probes: Sequence[str] = ("one_two", "three")) -> str:
    gated = {name: outcomes("one_two", Outcome.PRESENT, Outcome.ABSENT, Outcome.INVALID) for name in ("base", *TREATED)}
    gated["base"] = [*outcomes("one_two", Outcome.ABSENT), *outcomes("three", Outcome.PRESENT)]
    draw_matrix(gated, probes, path)
    return path.read_text(encoding="utf-8")


def shown(svg: str) -> list[str]:
    """Return the texts of a picture: matplotlib names what it draws as outlines in comments."""
    return [text.strip() for text in re.findall(r"<!--(.*?)-->", svg, re.DOTALL)]


def test_the_matrix_names_every_organism_and_suite_and_counts_what_is_present(tmp_path: Path) -> None:
    texts = shown(picture(tmp_path / "matrix.svg"))
    assert {"base", *TREATED, "one", "two", "three"} <= {line for text in texts for line in text.split("\n")}
    cells = [text for text in texts if re.fullmatch(r"\d+ of \d+\??", text)]
    assert cells == ["0 of 1", "1 of 1", *("1 of 3?", "0 of 0") * len(TREATED)]


def test_the_matrix_is_the_same_bytes_when_drawn_again(tmp_path: Path) -> None:
    first = picture(tmp_path / "matrix.svg")
    picture(tmp_path / "other.svg", ["three"])
    assert picture(tmp_path / "again.svg") == first != (tmp_path / "other.svg").read_text(encoding="utf-8")
    assert first.startswith("<?xml")
    assert "<dc:date>" not in first


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
    assert {"one hop", "two hops"} <= set(shown(svg))


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
