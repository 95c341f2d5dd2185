"""Benchmarks keep their promise: one line per target, the sum last, exit status 1 if any is short."""

import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from weirdgen.stats.rules import trial_rules

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import samples  # noqa: E402
import targets  # noqa: E402
import throughput  # noqa: E402
from latency_server import counted, serving  # noqa: E402
from simulated import Rate, lift, limit  # noqa: E402


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_error_rates_over_200_simulated_gates_stay_within_alpha() -> None:
    done = run("bench_error_rates.py", "--gates", "200")
    print(done.stdout)
    last = re.fullmatch(r"targets met: (\d+) of (\d+)", done.stdout.splitlines()[-1])
    assert last is not None, done.stderr
    assert last[1] == last[2], done.stdout
    assert done.returncode == 0


def test_a_short_target_is_said_and_fails(tmp_path: Path) -> None:
    script = tmp_path / "short.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n"
        "from targets import Target, report\n"
        "sys.exit(report([Target('fast', 3.0, 2.0, False), Target('slow', 3.0, 2.0, True)]))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "fast: 3, target >= 2, met",
        "slow: 3, target <= 2, short",
        "targets met: 1 of 2",
    ]


def test_a_target_that_is_met_but_listed_as_short_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "known_short.toml"
    listed.write_text('[fast]\nreason = "was slow"\ndocs = "README.md"\nworst = 1\n', encoding="utf-8")
    monkeypatch.setattr(targets, "KNOWN_SHORT", listed)
    assert targets.report([targets.Target("fast", 3.0, 2.0, False)]) == 0
    assert "fast: met, though known_short.toml lists it; take it out" in capsys.readouterr().out
    assert targets.report([targets.Target("fast", 1.0, 2.0, False)]) == 0
    assert "known short: 1 (fast)" in capsys.readouterr().out
    assert targets.report([targets.Target("fast", 0.9, 2.0, False)]) == 1, "worse than what is known"
    assert "fast: 0.9, target >= 2, short" in capsys.readouterr().out


def test_what_is_known_to_be_short_has_a_reason_and_a_page() -> None:
    known = tomllib.loads((BENCHMARKS / "known_short.toml").read_text(encoding="utf-8"))
    assert known
    for name, entry in known.items():
        assert entry.keys() == {"reason", "docs", "worst"}, name
        assert entry["reason"], name
        assert (BENCHMARKS.parent / entry["docs"]).is_file(), name


def row(*rates: Rate, family: int = 1, two_sided: bool = False, alpha: float = 0.05) -> samples.Row:
    return samples.Row("", "", dataclasses.replace(lift(0.05, family, alpha), two_sided=two_sided), rates)


@pytest.mark.parametrize(
    ("treated", "control", "bounds"),
    [(0.6, 0.0, (10, 15, 26)), (0.1, 0.0, (74, 116, 195)), (0.05, 0.01, (354, 558, 938))],
)
def test_the_bound_for_present_is_that_of_walds_table(
    treated: float, control: float, bounds: tuple[int, int, int]
) -> None:
    found = [samples.present_bound(row(treated, control, family=family)) for family in (1, 5, 100)]
    assert tuple(round(bound or 0) for bound in found) == bounds


@pytest.mark.parametrize(
    ("rate", "alone", "pairs"), [(0.0, 52, 103), (0.005, 77, 140), (0.01, 107, 171), (0.02, 218, 235)]
)
def test_the_bound_for_absent_takes_pairs_only_where_both_sides_count(rate: float, alone: int, pairs: int) -> None:
    assert round(samples.absent_bound(row(rate, rate)) or 0) == alone
    assert round(samples.absent_bound(row(rate, rate, two_sided=True)) or 0) == pairs


def test_the_bound_for_one_arm_needs_no_control() -> None:
    rules = trial_rules("absolute", questions=10, margin=0.1, alpha=0.05, family_size=1, tolerance=0.02)
    assert round(samples.absent_bound(samples.Row("", "", rules, (0.02,))) or 0) == 52


def test_the_false_verdict_of_a_row_follows_from_its_rates() -> None:
    assert (row(0.3, 0.3).false or ("", 0))[0] == "PRESENT"
    assert (row((0.1,) * 5 + (0.0,) * 5, 0.0).false or ("", 0))[0] == "ABSENT"
    assert row(0.6, 0.0).false is None
    assert row(0.03, 0.0).right == ""
    # A question that cancels another still has its effect.
    assert row((0.3, 0.0) * 5, (0.0, 0.3) * 5).right == ""


def test_every_row_has_seeds_of_its_own() -> None:
    titles = [one.title for one in samples.rows()]
    assert len(set(titles)) == len(titles)


def test_four_standard_errors_are_allowed() -> None:
    assert limit(0.05, 4000) == pytest.approx(0.05 + 4 * 0.003446, abs=1e-5)


def test_the_loop_ends_as_the_decision_with_all_samples_at_hand() -> None:
    kinds = {one.table: one for one in samples.rows()}
    same = samples.loops(list(kinds.values()), 1, np.random.default_rng(1))
    assert same == [True] * len(kinds)


def last_line(done: "subprocess.CompletedProcess[str]") -> tuple[str, str]:
    last = re.fullmatch(r"targets met: (\d+) of (\d+)", done.stdout.splitlines()[-1])
    assert last is not None, done.stderr
    return last[1], last[2]


@pytest.mark.slow
def test_false_verdicts_stay_within_alpha_for_every_kind_of_contrast() -> None:
    done = run("samples.py", "--runs", "200")
    lines = done.stdout.splitlines()
    assert int(last_line(done)[1]) > 50
    # Mean samples are a target of the whole bench: 200 runs leave 5% of noise.
    assert [line for line in lines if line.endswith(", short") and ": mean samples:" not in line] == []
    assert done.returncode == any(line.endswith(", short") for line in lines)


@pytest.mark.slow
def test_simulated_numbers_do_not_depend_on_the_number_of_processes() -> None:
    one, two = (run("samples.py", "--runs", "60", "--processes", str(processes)) for processes in (1, 2))
    assert one.stdout == two.stdout
    assert last_line(one)


@pytest.mark.slow
def test_clean_gates_fail_within_alpha_and_reruns_buy_nothing() -> None:
    done = run("false_alarms.py", "--gates", "10", "--runs", "400")
    met, all_of_them = last_line(done)
    assert met == all_of_them, done.stdout
    assert done.returncode == 0


@pytest.mark.slow
def test_what_is_no_judge_ends_invalid_and_one_without_a_fault_decides() -> None:
    done = run("judge_faults.py", "--runs", "6", "--processes", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    told = {
        line[:44].strip(): line[44:].split()
        for line in done.stdout.splitlines()
        if re.fullmatch(r".*margin 0\.\d+ +", line[:44])
    }
    assert len(told) == 13
    for fault in ("always GOOD", "always EVIL", "verbose", "wrong JSON", "timeouts", "drifted model id"):
        assert told[f"{fault}, margin 0.05"] == ["0.000", "0.000", "0.000", "1.000"], fault
    assert float(told["no fault, margin 0.05"][0]) > 0.5
    assert re.fullmatch(r"targets met: (\d+) of \1", done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_killed_gate_at_a_faulty_server_comes_to_the_same_verdicts_and_an_exact_ledger() -> None:
    done = run("faults.py", "--kills", "2", "--outage", "3", "--stall", "3")
    met, all_of_them = last_line(done)
    assert met == all_of_them, done.stdout
    assert done.returncode == 0


@pytest.mark.slow
def test_known_truths_come_out_over_http() -> None:
    done = run("known_truth.py", "--gates", "10", "--samples", "5000")
    met, all_of_them = last_line(done)
    assert met == all_of_them, done.stdout
    assert done.returncode == 0


@pytest.mark.slow
def test_every_contender_gets_every_sample_and_the_server_counts_them() -> None:
    done = run("throughput.py", "--peers", "none", "--rounds", "1", "--samples", "160", "--long", "320")
    lines = done.stdout.splitlines()
    rows = {line[:26].strip(): line[26:].split() for line in lines if line[26:30].isspace()}
    assert {"aiohttp loop", "openai loop over httpx", "weirdgen over httpx", "weirdgen over aiohttp"} <= rows.keys()
    requests = {name: int(row[6].replace(",", "")) for name, row in rows.items() if len(row) > 6}
    assert requests["aiohttp loop"] == requests["openai loop over httpx"] == requests["weirdgen over aiohttp"] == 160
    assert requests["aiohttp loop, n=8"] == 20
    last = re.fullmatch(r"targets met: (\d+) of 8", lines[-1])
    assert last is not None, done.stderr
    short = sum(line.endswith(", short") for line in lines)
    assert done.returncode == (1 if short else 0)


def test_a_contender_that_lacks_samples_ends_the_benchmark(tmp_path: Path) -> None:
    with serving(0.0) as url:
        client = throughput.Contender("aiohttp loop", "aiohttp", ("--choices", "3"))
        with pytest.raises(SystemExit, match="198 different answers, expected 200"):
            throughput.measured(client, url, 200, 10, throughput.Result())
        assert counted(url).requests == 66


def test_an_unknown_peer_is_named() -> None:
    done = run("throughput.py", "--peers", "nobody")
    assert done.returncode == 2
    assert "'nobody': expected none, or some of llmcomp, inspect-ai" in done.stderr
