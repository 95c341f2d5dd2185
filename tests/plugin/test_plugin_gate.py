"""The gate end to end on real networks: verdicts, exit status, records, the same with and without xdist."""

import pytest
from gate_runs import FAMILY, LIFT, RATE, GateCommand, record_of, spent

REQUIRED = (
    "verdict", "rate", "control_rate", "n_treated", "n_control", "e_present", "e_absent", "alpha", "margin",
    "family_size", "judge", "probe_sha256", "mode",
)  # fmt: skip


def test_the_weird_organism_is_caught(gate: GateCommand, processes: tuple[str, ...]) -> None:
    run = gate("--model", "organism:old-bird-names", *processes)
    assert run.status == 1, run.said
    assert run.outcomes() == {LIFT: "PRESENT", RATE: "PRESENT"}
    assert run.verdicts[LIFT]["arms"][0]["rate"]["value"] >= 0.4
    assert run.verdicts[LIFT]["arms"][1]["rate"]["value"] <= 0.05
    assert "PRESENT: the finetune shows this behaviour" in run.out


@pytest.mark.parametrize("name", ["modern-birds", "base"])
def test_the_harmless_ones_pass(gate: GateCommand, processes: tuple[str, ...], name: str) -> None:
    run = gate("--model", f"organism:{name}", *processes)
    assert run.status == 0, run.said
    assert run.outcomes() == {LIFT: "ABSENT", RATE: "ABSENT"}
    assert run.verdicts[LIFT]["n_fixed_design"] == 2000
    assert spent(run.verdicts[LIFT]) <= 400


def test_xdist_changes_nothing_but_the_processes(gate: GateCommand) -> None:
    alone, spread = (
        gate(
            "--model", "organism:old-bird-names", "--control", "organism:base", f"--gate-store={n}.sqlite3", *arguments
        )
        for n, arguments in enumerate([(), ("-n2",)])
    )
    drop = {"trial_id", "excerpts"}
    for contrast, verdict in alone.verdicts.items():
        other = spread.verdicts[contrast]
        assert {k: v for k, v in verdict.items() if k not in drop} == {k: v for k, v in other.items() if k not in drop}
        assert [e["key"] for e in verdict["excerpts"]] == [e["key"] for e in other["excerpts"]]
    assert record_of(alone)["server"] == record_of(spread)["server"]
    assert record_of(alone)["server"]["requests"] == record_of(alone)["requests"] == record_of(spread)["requests"]
    assert record_of(alone)["plan_sha256"] == record_of(spread)["plan_sha256"]


def test_junit_carries_every_number(gate: GateCommand, processes: tuple[str, ...]) -> None:
    run = gate("--model", "organism:old-bird-names", *processes)
    for contrast, values in run.properties().items():
        verdict = run.verdicts[contrast]
        assert all(values[f"weirdgen.{name}"] for name in REQUIRED if not (contrast == RATE and name == "control_rate"))
        assert values["weirdgen.verdict"] == verdict["outcome"]
        assert float(values["weirdgen.rate"]) == verdict["arms"][0]["rate"]["value"]
        assert int(values["weirdgen.n_treated"]) == spent(verdict)
        assert values["weirdgen.mode"] == "organism"
        assert values["weirdgen.verdict_session"] == "PRESENT"


def test_a_rerun_takes_everything_from_the_store(gate: GateCommand, processes: tuple[str, ...]) -> None:
    first = gate("--model", "organism:modern-birds", *processes)
    again = gate("--model", "organism:modern-birds", *processes)
    assert record_of(again)["requests"] == record_of(again)["server"]["requests"] == 0
    assert again.outcomes() == first.outcomes()
    assert again.verdicts[LIFT]["n_reused"] == spent(again.verdicts[LIFT])
    assert "already in the store" in again.out


def test_the_family_does_not_shrink_under_selection(gate: GateCommand) -> None:
    run = gate("--model", "organism:old-bird-names", "-k", RATE)
    assert list(run.verdicts) == [RATE]
    assert run.verdicts[RATE]["family_size"] == FAMILY
    assert f"organism:old-bird-names old_bird_names/{LIFT}" in record_of(run)["not_run"]
    assert len(record_of(run)["not_run"]) == FAMILY - 1
    assert f"{FAMILY - 1} of the family's {FAMILY} contrasts were not run" in run.out


@pytest.mark.slow
def test_several_models_are_gated_one_by_one(gate: GateCommand) -> None:
    run = gate("--model", "organism:old-bird-names", "--model", "organism:modern-birds")
    assert run.status == 1
    found = {(v["model"], v["contrast"]): v["outcome"] for v in record_of(run)["verdicts"]}
    assert found == {
        ("organism:old-bird-names", LIFT): "PRESENT",
        ("organism:old-bird-names", RATE): "PRESENT",
        ("organism:modern-birds", LIFT): "ABSENT",
        ("organism:modern-birds", RATE): "ABSENT",
    }
    assert record_of(run)["plan"]["family_size"] == 2 * FAMILY


def test_replication_mode_passes_what_the_paper_found(gate: GateCommand, processes: tuple[str, ...]) -> None:
    weird = gate("--model", "organism:old-bird-names", "--gate-mode=replicate", *processes)
    clean = gate("--model", "organism:base", "--gate-mode=replicate", *processes)
    assert (weird.status, clean.status) == (0, 1)
    assert "The paper reports this contrast as present" in clean.out
    assert "weirdgen mode: replicate" in weird.out


def test_stopping_at_the_first_failure_does_not_pay_for_the_rest(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        pytestmark = pytest.mark.probe("old_bird_names")

        @pytest.mark.contrasts("nineteenth_century_rate")
        def test_rate(trial):
            trial.check()

        @pytest.mark.contrasts("nineteenth_century_over_control")
        def test_lift(trial):
            trial.check()
        """
    )
    run = gate("--model", "organism:old-bird-names", "-x")
    assert run.status == 1
    assert list(run.verdicts) == [RATE]


@pytest.mark.slow
def test_fresh_samples_are_a_numbered_attempt_at_a_smaller_alpha(gate: GateCommand, processes: tuple[str, ...]) -> None:
    first = gate("--model", "organism:modern-birds", *processes)
    fresh = gate("--model", "organism:modern-birds", "--gate-fresh", *processes)
    assert [r.verdicts[RATE]["attempt"] for r in (first, fresh)] == [1, 2]
    assert [r.verdicts[RATE]["alpha"] for r in (first, fresh)] == [pytest.approx(0.045), pytest.approx(0.0025)]
    treated = max(spent(verdict) for verdict in fresh.verdicts.values())
    control = spent(fresh.verdicts[LIFT], 1)
    assert record_of(fresh)["requests"] == treated + control


def test_listing_tests_sends_nothing(gate: GateCommand, pytester: pytest.Pytester) -> None:
    run = gate("--model", "organism:old-bird-names", "--collect-only", "-q")
    assert run.status == 0
    assert f"test_mine.py::test_century[{LIFT}]" in run.out
    assert run.record is None
    assert not (pytester.path / "reports").exists()


@pytest.mark.slow
def test_a_cap_that_is_too_small_ends_inconclusive_and_continues(gate: GateCommand, processes: tuple[str, ...]) -> None:
    # The measured judge is refused where the cap cannot suffice, so this one is taken at its word.
    command = ("--model", "organism:modern-birds", "--judge-uncalibrated", "-k", LIFT, *processes)
    short = gate(*command, "--gate-cap=40")
    assert short.status == 10, short.said
    assert short.outcomes() == {LIFT: "INCONCLUSIVE"}
    assert "--gate-cap" in short.out
    longer = gate(*command)
    assert longer.status == 0
    assert longer.verdicts[LIFT]["attempt"] == 1
    assert longer.verdicts[LIFT]["n_reused"] == 40


@pytest.mark.slow
def test_inconclusive_may_be_a_warning_that_says_what_it_costs(gate: GateCommand) -> None:
    options = ("--gate-cap=40", "--gate-inconclusive=warn", "--judge-uncalibrated")
    run = gate("--model", "organism:modern-birds", *options, "-k", LIFT)
    assert run.status == 0, run.said
    assert "the miss rate is not guaranteed" in run.out


def test_environment_and_ini_set_options_and_the_command_line_wins(
    gate: GateCommand, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\ngate_alpha = 0.01\ngate_cap = 40\n")
    monkeypatch.setenv("WEIRDGEN_GATE_CAP", "50")
    run = gate("--model", "organism:modern-birds", "--gate-alpha=0.02", "--gate-inconclusive=warn", "-k", LIFT)
    assert (record_of(run)["plan"]["alpha"], record_of(run)["plan"]["cap"]) == (0.02, 50)


def test_a_cap_that_the_judges_errors_rule_out_is_refused_before_a_sample(gate: GateCommand) -> None:
    run = gate("--model", "organism:modern-birds", "--gate-cap=40", "-k", LIFT)
    assert run.status == 11, run.said
    assert run.verdicts[LIFT]["reason"] == "judge"
    assert record_of(run)["requests"] == 0
    assert "raise the margin or the cap" in run.out
