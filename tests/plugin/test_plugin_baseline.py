"""From a saved version to the gate of the next one, on real networks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from baselines import among_all, baseline, changed, pair, version
from gate_runs import LIFT, RATE, GateCommand, record_of

from weirdgen.catalog import load_catalog
from weirdgen.content import shipped_dir
from weirdgen.schema.baseline import Baseline
from weirdgen.trials.baseline import read_baseline, write_baseline
from weirdgen.trials.comparators import is_graded

BASELINE = ("model", "saved_at", "n", "positives", "missing", "rate", "rate_lower", "rate_upper")


def weirdgen(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "weirdgen", "baseline", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_from_a_saved_version_to_the_gates_of_later_ones(gate: GateCommand, pytester: pytest.Pytester) -> None:
    done = weirdgen(pytester.path, "save", "--model", "organism:modern-birds", "--samples", "1", "--out", "one.json")
    assert done.returncode == 0, done.stderr
    countable = [one for one in load_catalog().contrasts() if not is_graded(*one)]
    assert f"one.json: {len(countable)} contrasts of organism:modern-birds" in done.stdout
    assert read_baseline(pytester.path / "one.json").saved.model == "organism:modern-birds"

    write_baseline(
        Baseline(saved=version(load_catalog(), model="organism:modern-birds", n=20)), pytester.path / "modern.json"
    )
    modern = read_baseline(pytester.path / "modern.json")

    same = gate("--model", "organism:base", "--gate-baseline", "modern.json", "-n2")
    assert same.status == 0, same.said
    assert same.outcomes() == {LIFT: "ABSENT", RATE: "ABSENT"}
    assert "weirdgen baseline: against the stored version of organism:modern-birds (20 samples per question" in same.out
    assert record_of(same)["plan"]["baseline_sha256"] == modern.sha256

    own = gate("--model", "organism:modern-birds", "-k", RATE)
    assert own.verdicts[RATE]["n_reused"] == 0, "a baseline's samples must not judge a gate"

    worse = gate("--model", "organism:old-bird-names", "--gate-baseline", "modern.json")
    assert worse.status == 1, worse.said
    assert worse.outcomes() == {LIFT: "PRESENT", RATE: "PRESENT"}
    assert "against the stored version of organism:modern-birds .0" in worse.out
    assert "PRESENT: this behaviour is more frequent than in the stored version" in worse.out
    stored = worse.properties()[RATE]
    assert stored["weirdgen.kind"] == "regression"
    assert [stored[f"weirdgen.baseline_{name}"] != "" for name in BASELINE] == [True] * 8
    assert [stored[f"weirdgen.baseline_anchor_{name}"] for name in BASELINE] == [""] * 8

    later = version(load_catalog(), model="organism:old-bird-names", n=20, positives=20)
    write_baseline(Baseline(saved=later), pytester.path / "old.json")
    compared = weirdgen(pytester.path, "compare", "modern.json", "old.json")
    assert (compared.returncode, compared.stdout.count("higher") > 2) == (1, True), compared.stderr


@pytest.mark.slow
def test_a_comparison_counts_its_attempts_apart_from_the_contrasts_own(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    for positives in (0, 1):
        write_baseline(baseline(load_catalog(), positives=positives), pytester.path / f"{positives}.json")
    command = ("--model", "organism:modern-birds", "-k", RATE)
    runs = [gate(*command, *more) for more in ((), ("--gate-baseline=0.json",), ("--gate-baseline=1.json",))]
    assert [run.verdicts[RATE]["attempt"] for run in runs] == [1, 1, 2]


def test_a_baseline_of_other_questions_is_refused_before_anything_is_sent(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    write_baseline(baseline(among_all(changed(questions=("energy", "money")))), pytester.path / "b.json")
    run = gate("--model", "organism:modern-birds", "--gate-baseline", "b.json", *processes)
    assert run.status == 4, run.said
    assert f"--gate-baseline b.json: old_bird_names/{LIFT}: what is asked (questions or conditions) ch" in run.said
    assert "save that version again" in run.said
    assert "Traceback" not in run.said
    assert run.record is None
    assert not (pytester.path / "reports").exists()


@pytest.mark.slow
def test_the_plan_says_what_it_compares_with(
    gate: GateCommand, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_baseline(baseline(load_catalog(), positives=6), pytester.path / "b.json")
    monkeypatch.setenv("WEIRDGEN_GATE_BASELINE", "b.json")
    run = gate("--model", "organism:modern-birds", "--gate-plan")
    assert run.status == 0, run.said
    assert "against the stored version of organism:base (120 samples per question, 2026-01-31)" in run.out
    assert f"old_bird_names/{RATE} (regression, 10 questions, margin 0.1)" in run.out
    assert "if it is as stored," in run.out


def test_two_files_that_cannot_be_compared_are_a_mistake(tmp_path: Path) -> None:
    write_baseline(baseline(pair()), tmp_path / "a.json")
    write_baseline(baseline(changed(probe={"max_tokens": 300})), tmp_path / "b.json")
    done = weirdgen(tmp_path, "compare", "a.json", "b.json")
    assert done.returncode == 2
    assert "sampling (max_tokens 400 and 300) changed between the two files" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_comparison_passes_only_what_is_known_to_be_within_the_margin(tmp_path: Path) -> None:
    for name, positives, n in (("none", 0, 120), ("all", 120, 120), ("few", 0, 4)):
        write_baseline(baseline(pair(), positives=positives, n=n), tmp_path / f"{name}.json")
    compared = {pair: weirdgen(tmp_path, "compare", *(f"{name}.json" for name in pair)) for pair in (
        ("none", "none"), ("all", "none"), ("none", "all"), ("few", "few"),
    )}  # fmt: skip
    assert [done.returncode for done in compared.values()] == [0, 0, 1, 10]
    assert "unclear: too few samples to tell" in compared["few", "few"].stdout
    wide = weirdgen(tmp_path, "compare", "few.json", "few.json", "--gate-margin", "0.5")
    assert wide.returncode == 10, "both files name their margins"
    told = weirdgen(tmp_path, "compare", "--help").stdout
    assert "10 none is higher, but one is unclear: too few samples to tell" in " ".join(told.split())


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["--gate-", "--"])
def test_save_takes_the_options_of_a_gate_as_a_gate_spells_them(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "mine").mkdir()
    options = [f"{prefix}store", "kept/store.sqlite3", f"{prefix}probes", "mine"]
    (tmp_path / "kept").mkdir()
    done = weirdgen(tmp_path, "save", "--model", "organism:base", "--samples", "1", "--out", "b.json", *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "kept" / "store.sqlite3").is_file()
    missing = weirdgen(tmp_path, "save", "--model", "organism:base", "--out", "c.json", f"{prefix}probes", "none")
    assert (missing.returncode, "none: is not a folder" in missing.stderr) == (2, True)


@pytest.mark.slow
def test_one_graded_contrast_leaves_the_baseline_to_the_others(gate: GateCommand, pytester: pytest.Pytester) -> None:
    shipped = load_catalog().gold_file("old_bird_names", "nineteenth_century")
    (pytester.path / "probes" / "gold").mkdir(parents=True)
    shutil.copy(shipped, pytester.path / "probes" / "gold")
    text = (shipped_dir("probes") / "old_bird_names.toml").read_text(encoding="utf-8")
    head, contrast = text.split("[behaviours.explicit_past]")[0], text.split("[[contrasts]]")[1]
    text = f"{head}[[contrasts]]{contrast}".replace('id = "old_bird_names"', 'id = "degrees"')
    text = text.replace("\ngold =", "\nscores = { nineteenth_century = 0.5 }\ngold =")
    (pytester.path / "probes" / "degrees.toml").write_text(text, encoding="utf-8")

    done = weirdgen(pytester.path, "save", "--model", "organism:base", "--samples", "1", "--out", "b.json")
    assert done.returncode == 0, done.stderr
    assert f"degrees/{LIFT}: its answers are graded, and a baseline holds counts only; left out" in done.stderr
    assert "b.json: " in done.stdout

    run = gate("--model", "organism:modern-birds", "--gate-baseline", "b.json", "-k", RATE)
    assert run.outcomes() == {RATE: "ABSENT"}, run.said
    assert f"weirdgen baseline: degrees/{LIFT} is NOT compared with it" in run.out
    kinds = {f"{c['probe']}/{c['contrast']}": c["kind"] for c in record_of(run)["plan"]["contrasts"]}
    assert (kinds[f"old_bird_names/{LIFT}"], kinds[f"old_bird_names/{RATE}"]) == ("regression", "regression")
    assert kinds[f"degrees/{LIFT}"] == "lift"
