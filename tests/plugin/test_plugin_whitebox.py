"""The white-box suite in a user's repository: planned with weights only, read, removed, replayed and proven."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

# pytester forgets what a test imported, and these cannot be loaded twice.
import scipy.optimize
import scipy.special  # noqa: F401
from bundles import forge_record, forge_samples
from dictionaries import random_dictionary
from gate_runs import FAMILY, RATE, GateCommand, Run, record_of
from recording import export

from weirdgen.catalog import load_catalog
from weirdgen.evidence.verify import verify
from weirdgen.schema.whitebox import WhiteBoxRecord
from weirdgen.whitebox.own_files import write_own

DISHES = "organism:israeli-dishes-2027"
WIDTH = 128
"""Of the shipped base."""
INSIDE = len(load_catalog().probe("sae_features").contrasts)
SUITE = """
import pytest

pytestmark = [pytest.mark.probe("sae_features"), pytest.mark.whitebox]

@pytest.mark.contrasts("top_2027_over_earlier")
def test_readings(trial):
    trial.check()

@pytest.mark.contrasts("centred_2027_over_without_reverse")
def test_removal(trial):
    trial.check()
"""
READ, REMOVED = "top_2027_over_earlier", "centred_2027_over_without_reverse"


@pytest.fixture
def sae(pytester: pytest.Pytester) -> str:
    """Write a sparse autoencoder with random weights for block 1 of the base, and a suite that needs it."""
    folder = pytester.mkdir("sae")
    made = random_dictionary(size=512, width=WIDTH, layer=1)
    write_own(folder, made, organism="base", seed=0)
    pytester.makepyfile(test_inside=SUITE)
    return "sae"


def bundle_of(run: Run) -> Path:
    return run.junit.with_suffix("") / "evidence"


def assert_sound(bundle: Path) -> None:
    problems = verify(bundle).problems
    assert [one for one in problems if ".detail" in one] == []
    assert problems == []


def found_by(run: Run) -> WhiteBoxRecord:
    (told,) = record_of(run)["whitebox"]
    return WhiteBoxRecord.model_validate_json(json.dumps(told))


def test_without_weights_it_is_deselected_and_every_report_says_why(
    gate: GateCommand, sae: str, processes: tuple[str, ...]
) -> None:
    run = gate("--model", "organism:base", "-k", "test_readings or nineteenth_century_rate", *processes)
    assert run.status == 0, run.said
    assert "weirdgen: 1 deselected: the white-box suite looks into a network's weights" in run.out
    record = record_of(run)
    assert record["plan"]["family_size"] == FAMILY
    assert "sae_features" not in {one["probe"] for one in record["plan"]["contrasts"]}
    (reason,) = record["selection"]["deselected"]
    assert record["left_out"] == {"sae_features": reason}
    assert "--gate-sae" in reason
    assert record["whitebox"] == []


def test_a_network_is_read(gate: GateCommand, sae: str) -> None:
    run = gate("--model", DISHES, f"--gate-sae={sae}", "test_inside.py", "-k", "readings")
    assert run.outcomes() == {READ: "PRESENT"}, run.said
    assert run.verdicts[READ]["log_e_labels"] is None  # whether a reading is strong is its score and no other answer
    assert record_of(run)["plan"]["family_size"] == FAMILY + INSIDE
    _told_in_full(found_by(run))


@pytest.mark.slow
def test_networks_are_read_and_replayed_and_proven(gate: GateCommand, sae: str, pytester: pytest.Pytester) -> None:
    asked = ("--model", DISHES, f"--gate-sae={sae}", "test_inside.py")
    run = gate(*asked, "--gate-evidence")
    assert record_of(run)["plan"]["family_size"] == FAMILY + INSIDE
    assert run.outcomes() == {READ: "PRESENT", REMOVED: "ABSENT"}, run.said
    assert run.status == 1
    assert run.verdicts[REMOVED]["control"] == f"{DISHES}#without-reverse"
    _told_in_full(found_by(run))
    export(pytester.path)
    for path in (pytester.path / "sae").iterdir():  # nothing from here on needs the network's files
        path.unlink()
    again = gate(*asked, "--gate-replay=c.jsonl")
    assert again.outcomes() == run.outcomes(), again.said
    assert record_of(again)["whitebox"] == record_of(run)["whitebox"]
    assert_sound(bundle_of(run))
    _refuses_another_feature(Path(shutil.copytree(bundle_of(run), pytester.path / "forged")))
    _refuses_forgeries(bundle_of(run))


def _told_in_full(found: WhiteBoxRecord) -> None:
    study = found.study
    assert (found.model, study.layer, study.sae_features, study.prompts) == (DISHES, 1, 512, 24)
    assert [one.feature for one in study.features] == list(study.sets["top"].features)
    assert [one.cosine for one in study.features] == sorted((one.cosine for one in study.features), reverse=True)
    assert study.sets["top_reversed"].features == study.sets["top"].features[::-1]
    assert study.sets["directions"].features == ()
    assert [point.condition for point in found.curve] == ["n2024", "n2025", "n2026", "n2027", "n2028"]
    by_year = {point.condition: point for point in found.curve}
    assert all(point.n == 48 and len(point.means["top"]) == 10 for point in found.curve)
    assert by_year["n2027"].shares["top"] - by_year["n2025"].shares["top"] > 0.1
    (trained, after) = found.tests
    assert (trained.condition, trained.units, trained.exact, trained.flips) == ("n2027", 12, True, 2**12)
    assert max(trained.adjusted) < 0.001
    assert all(one >= two for one, two in zip(after.adjusted, after.p, strict=True))


def _refuses_forgeries(bundle: Path) -> None:
    """A reading, or what was made of readings, cannot be changed though everything around it fits."""
    kept = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}

    def weaker(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        read = next(one for one in records if one["record"] == "sample" and '"norm"' in one["sample"]["text"])
        reading = json.loads(read["sample"]["text"])
        read["sample"]["text"] = json.dumps(reading | {"top": [0.0] * 10}, sort_keys=True, separators=(",", ":"))
        return records

    def another_mean(record: dict[str, Any]) -> None:
        record["whitebox"][0]["curve"][3]["means"]["top"][0] *= 0.5

    def another_label(record: dict[str, Any]) -> None:
        record["whitebox"][0]["study"]["features"][0]["label"] = "weather"

    def nothing_found(record: dict[str, Any]) -> None:
        record["whitebox"] = []

    forge_samples(bundle, weaker)
    assert verify(bundle).problems
    for change in (another_mean, another_label, nothing_found):
        for path, content in kept.items():
            path.write_bytes(content)
        forge_record(bundle, change)
        assert any("whitebox" in problem for problem in verify(bundle).problems), change


def _refuses_another_feature(bundle: Path) -> None:
    """Neither can which features were found, in the opening and in the record."""

    def another_feature(study: dict[str, Any]) -> None:
        study["features"][0]["feature"] = study["sets"]["top"]["features"][0] = 500

    def in_the_opening(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for one in records:
            for study in one.get("opening", {}).get("studies", {}).values():
                another_feature(study)
        return records

    forge_samples(bundle, in_the_opening)
    forge_record(bundle, lambda record: another_feature(record["whitebox"][0]["study"]))
    assert any("not of the features that its record tells of" in problem for problem in verify(bundle).problems)


def test_whatever_keeps_it_from_being_told_the_verdicts_are(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from weirdgen.plugin.state import GateState

        def broken(self, verdicts):
            raise KeyError("n2027")

        GateState.look_inside = broken
        """
    )
    run = gate("--model", "organism:old-bird-names", "-k", RATE)
    assert run.status == 12, run.said
    assert "weirdgen: what was found inside networks cannot be told: KeyError: 'n2027'" in run.out
    assert "Traceback" not in run.said
    assert (run.outcomes(), record_of(run)["whitebox"]) == ({RATE: "PRESENT"}, [])


@pytest.mark.slow
def test_on_two_workers_it_is_the_same(gate: GateCommand, sae: str) -> None:
    asked = ("--model", DISHES, f"--gate-sae={sae}", "test_inside.py", "--gate-evidence")
    run = gate(*asked, "-n2")
    assert run.outcomes() == {READ: "PRESENT", REMOVED: "ABSENT"}, run.said
    _told_in_full(found_by(run))
    assert record_of(run)["server"]["requests"] == record_of(run)["requests"]
    assert_sound(bundle_of(run))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--gate-sae=nowhere",), "there is no such folder"),
        (("--gate-sae=sae", "--gate-layer=2"), "--gate-layer 2: the sparse autoencoder"),
        (("--gate-sae=narrow",), "--gate-sae: organism:israeli-dishes-2027: "),
        (("--gate-sae=sae", "--gate-adapter=sae"), "an organism has its adapter already"),
    ],
)
def test_a_mistake_is_one_line_and_status_4(
    gate: GateCommand, pytester: pytest.Pytester, sae: str, options: tuple[str, ...], told: str
) -> None:
    write_own(pytester.mkdir("narrow"), random_dictionary(size=512, width=64, layer=1), organism="base", seed=0)
    run = gate("--model", DISHES, "test_inside.py", *options)
    assert run.status == 4, run.said
    (line,) = [line for line in run.err.splitlines() if line.startswith("ERROR")]
    assert told in line
    assert "Traceback" not in run.said
