"""The table of docs/servers.md: its numbers, what must hold of a server, and that every server stands in it."""

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from server_setups import SETUPS, Setup, gates  # noqa: E402
from server_table import Measured, found_out, merged, row, targets, z_scores  # noqa: E402

from weirdgen.schema.sample import Identity, Purity  # noqa: E402
from weirdgen.trials.open_arms import OpenArm  # noqa: E402

CHANCES = {"I": 0.6, "My": 0.3, "The": 0.08, "Zoo": 0.015, "Yak": 0.005}
PURE, BROKEN = SETUPS[1], next(setup for setup in SETUPS if not setup.pure)


def measured(setup: Setup, verdicts: dict[str, dict[str, str]], responses: int = 250) -> Measured:
    arm = OpenArm(
        model="m",
        role="treated",
        identity=Identity(kind="endpoint", model="m", preset="llama.cpp", fingerprint="b1"),
        any_name=True,
        purity=Purity(state="whole"),
        choices=4,
    )
    drawn = Counter({"I": 600, "My": 300, "The": 80, "Zoo": 15, "Yak": 5})
    return Measured(setup, "1.0", verdicts, arm, drawn, 2.0, 250, 3, responses, "seeds hold")


def test_counts_as_the_truth_has_them_are_0_standard_errors_away() -> None:
    zs = z_scores(measured(PURE, {}).drawn, CHANCES)
    assert list(zs) == ["likeliest", "second", "rare"]
    assert zs == pytest.approx(dict.fromkeys(zs, 0.0))


def test_rare_tokens_that_never_come_are_told() -> None:
    zs = z_scores({"I": 620, "My": 300, "The": 80}, CHANCES)
    assert zs["rare"] == pytest.approx(-20 / (1000 * 0.02 * 0.98) ** 0.5)


def test_a_row_says_all_that_was_found_out() -> None:
    cells = row(measured(PURE, gates.VERDICTS), {"likeliest": 0.04, "rare": -1.26})
    assert cells[:2] == ("llama-server", "1.0")
    assert cells[2:6] == ("1,000", "weird: PRESENT, ABSENT; harmless: ABSENT, ABSENT", "+0.0, -1.3", "125")
    assert cells[6] == (
        "answers under any name, preset `llama.cpp`, sampling whole, 4 answers in a response, fingerprint `b1`, "
        "seeds hold, 3 samples asked for again"
    )


def test_a_cache_is_found_out_by_ids() -> None:
    assert "8 response ids for 1000 samples" in found_out(measured(BROKEN, {}, responses=8))


def met(found: Measured, z: float) -> list[bool]:
    return [target.met for target in targets(found, {"rare": z}, gates.VERDICTS)]


def test_a_pure_server_must_have_our_verdicts_and_the_truth() -> None:
    assert met(measured(PURE, gates.VERDICTS), -2.9) == [True, True]
    assert met(measured(PURE, gates.VERDICTS), -3.1) == [True, False]
    other = gates.VERDICTS | {gates.HARMLESS: dict.fromkeys(gates.CONTRASTS, "INCONCLUSIVE")}
    assert met(measured(PURE, other), 0.0) == [False, True]
    assert met(measured(PURE, {name: {} for name in gates.VERDICTS}), 0.0) == [False, True]


@pytest.mark.parametrize(
    ("outcome", "holds"), [("INVALID truncated", True), ("ABSENT", False), ("PRESENT", False), ("INCONCLUSIVE", False)]
)
def test_a_server_that_is_not_may_give_no_verdict(outcome: str, holds: bool) -> None:
    verdicts = {name: dict.fromkeys(gates.CONTRASTS, outcome) for name in gates.VERDICTS}
    assert met(measured(BROKEN, verdicts), -9.0) == [holds]


def test_rows_of_other_servers_stay() -> None:
    page = "before\n\n<!-- servers -->\n<!-- /servers -->\n\nafter\n"
    first = merged(page, [(SETUPS[2].name, "old", *"abcde"), (SETUPS[1].name, "one", *"abcde")])
    second = merged(first, [(SETUPS[2].name, "new", *"abcde")])
    rows = [line for line in second.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[1] for line in rows[2:]] == ["one", "new"], "in the order of the setups"
    assert second.startswith("before\n\n<!-- servers -->\n")
    assert second.endswith("\n<!-- /servers -->\n\nafter\n")
    assert merged(second, []) == second


def test_every_server_was_measured_for_the_page() -> None:
    page = (ROOT / "docs/servers.md").read_text(encoding="utf-8")
    told = page.partition("<!-- servers -->")[2].partition("<!-- /servers -->")[0]
    cells = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("|")][2:]
    assert [one[0] for one in cells] == [setup.name for setup in SETUPS]
    for setup, one in zip(SETUPS, cells, strict=True):
        outcomes = one[3].replace("weird: ", "").replace("harmless: ", "").replace("; ", ", ").split(", ")
        ours = [gates.VERDICTS[name][contrast] for name in gates.VERDICTS for contrast in gates.CONTRASTS]
        assert outcomes == ours if setup.pure else all(outcome.startswith("INVALID") for outcome in outcomes)
