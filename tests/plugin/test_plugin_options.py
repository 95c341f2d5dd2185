"""Switches and names as options, variables and ini options: read as meant, or refused with the option's name."""

import pytest
from gate_runs import GateCommand

from weirdgen.errors import UsageMistake
from weirdgen.plugin.options import read_settings
from weirdgen.schema.shard import Shard
from weirdgen.trials.settings import check_replay

MODEL = ("--model", "organism:base")


@pytest.mark.parametrize(
    ("on", "texts"), [(True, ["1", "True", "YES", "on"]), (False, ["0", "false", "No", "OFF", "", " "])]
)
@pytest.mark.parametrize("switch", ["fwer", "fresh"])
def test_a_switch_in_the_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, switch: str, on: bool, texts: list[str]
) -> None:
    config = pytester.parseconfig(*MODEL)
    for text in texts:
        monkeypatch.setenv(f"WEIRDGEN_GATE_{switch.upper()}", text)
        assert getattr(read_settings(config), switch) is on, text


@pytest.mark.parametrize("switch", ["FWER", "FRESH", "PLAN"])
def test_a_word_that_is_neither_yes_nor_no(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    monkeypatch.setenv(f"WEIRDGEN_GATE_{switch}", "banana")
    with pytest.raises(pytest.UsageError, match=f"^WEIRDGEN_GATE_{switch}: 'banana' is not one of 1, true, yes, on, 0"):
        read_settings(pytester.parseconfig(*MODEL))


def test_the_command_line_beats_the_environment_beats_the_ini_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\ngate_fwer = true\n")
    assert read_settings(pytester.parseconfig(*MODEL)).fwer
    monkeypatch.setenv("WEIRDGEN_GATE_FWER", "no")
    assert not read_settings(pytester.parseconfig(*MODEL)).fwer
    assert read_settings(pytester.parseconfig(*MODEL, "--gate-fwer")).fwer


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gate_fwer = maybe", "ini option gate_fwer: .*'maybe'; expected one of 1, true"),
        ("gate_cap = many", "ini option gate_cap: .*'many'; expected a whole number from 1"),
    ],
)
def test_an_ini_option_that_cannot_be_read_is_named(pytester: pytest.Pytester, line: str, words: str) -> None:
    pytester.makeini(f"[pytest]\n{line}\n")
    with pytest.raises(pytest.UsageError, match=words):
        read_settings(pytester.parseconfig(*MODEL))


def test_commas_belong_into_the_variable(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIRDGEN_GATE_MODEL", "organism:base,organism:modern-birds")
    assert read_settings(pytester.parseconfig()).models == ("organism:base", "organism:modern-birds")
    with pytest.raises(pytest.UsageError, match="--model 'a,b': no model has a comma; name each model with its own"):
        read_settings(pytester.parseconfig("--model", "a,b"))


def test_a_variable_that_no_option_reads_is_refused(gate: GateCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIRDGEN_GATE_MARGN", ".01")
    run = gate("--model", "organism:base")
    assert run.status == 4
    assert "WEIRDGEN_GATE_MARGN: no option reads this variable. Did you mean 'WEIRDGEN_GATE_MARGIN'?" in run.said


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "1/0", "/2", "-1/2", "1/2/3", "a/b", "1 / 2", "\u0661/2", ""])
def test_a_shard_that_is_none_of_the_parts(pytester: pytest.Pytester, text: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"^--gate-shard: '.*' is not one of N parts, I/N with 1 <= I <= N"):
        read_settings(pytester.parseconfig(*MODEL, f"--gate-shard={text}"))


def test_a_shard_in_the_environment_and_in_the_ini_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings(pytester.parseconfig(*MODEL)).shard is None
    pytester.makeini("[pytest]\ngate_shard = 1/4\n")
    assert read_settings(pytester.parseconfig(*MODEL)).shard == Shard(1, 4)
    monkeypatch.setenv("WEIRDGEN_GATE_SHARD", "2/4")
    assert read_settings(pytester.parseconfig(*MODEL)).shard == Shard(2, 4)


def test_a_replay_has_no_shards(pytester: pytest.Pytester) -> None:
    settings = read_settings(pytester.parseconfig(*MODEL, "--gate-shard=1/2", "--gate-replay=x.jsonl"))
    with pytest.raises(UsageMistake, match="--gate-shard: a replay asks nobody"):
        check_replay(settings, plans=False)
