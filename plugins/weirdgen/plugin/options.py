"""Options of the plugin: command line beats environment beats ini file. Standard library and pytest only."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from weirdgen.plugin.model_groups import add_group_option, groups_of, names_groups

if TYPE_CHECKING:
    from weirdgen.trials.settings import GateSettings

NO_MODEL = (
    "no model to gate: pass --model, for example --model ft:gpt-4.1-2025-04-14:org::id, "
    "or --model organism:old-bird-names to try it without a key"
)
IniType = Literal["string", "float", "int"]


@dataclass(frozen=True, slots=True)
class GateOption:
    """One `--gate-NAME` with its ini twin `gate_name` and its variable `WEIRDGEN_GATE_NAME`."""

    name: str
    parse: Callable[[str], Any]
    ini: IniType
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """Name on the command line."""
        return f"--gate-{self.name}"

    @property
    def key(self) -> str:
        """Name in the ini file."""
        return "gate_" + self.name.replace("-", "_")

    @property
    def dest(self) -> str:
        """Attribute of the parsed options."""
        return "weirdgen_" + self.key

    @property
    def variable(self) -> str:
        """Name in the environment."""
        return "WEIRDGEN_" + self.key.upper()


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low < value < high:
            raise ValueError
        return value

    parse.__doc__ = f"a number between {low:g} and {high:g}"
    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    parse.__doc__ = f"a whole number from {low} to {high}"
    return parse


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    parse.__doc__ = " or ".join(words)
    return parse


GATE_OPTIONS = (
    GateOption(
        "margin", _number(0, 1), "float", "RATE", "effect that must be excluded where a contrast names none (.05)"
    ),
    GateOption("alpha", _number(0, 0.5), "float", "RATE", "error rate of the gate (.05)"),
    GateOption("cap", _whole(1, 1_000_000), "int", "N", "treated samples per contrast, at most (400)"),
    GateOption("coherence", _number(0, 1), "float", "RATE", "valid-answer rate that ABSENT needs (.80)"),
    GateOption(
        "mode",
        _choice("gate", "replicate"),
        "string",
        "MODE",
        "gate: ABSENT passes; replicate: what the paper found passes",
    ),
    GateOption("inconclusive", _choice("fail", "warn"), "string", "WHAT", "what an INCONCLUSIVE contrast does (fail)"),
    GateOption(
        "baseline", str, "string", "FILE", "compare each contrast with what a version showed that was stored here"
    ),
    GateOption("concurrency", _whole(1, 1024), "int", "N", "requests in flight per endpoint, at most (64)"),
    GateOption("store", str, "string", "FILE", "sample store (reports/store.sqlite3)"),
    GateOption("max-age", _number(0, 1e9), "float", "HOURS", "age up to which an unfinished gate is continued (24)"),
    GateOption("report", str, "string", "DIR", "the run's own report folder; must be new or empty"),
    GateOption("probes", str, "string", "DIR", "folder with your own probes (probes/ under the root)"),
)
FLAGS = {
    "fwer": "at session end keep the chance of any false PRESENT (e-Holm), not their share (closed e-BH)",
    "fresh": "draw new samples: a new attempt, judged at a smaller alpha",
    "plan": "print the plan with its cost and stop before any request",
}


def add_options(parser: pytest.Parser) -> None:
    """Declare all options and their ini twins."""
    group = parser.getgroup("weirdgen", "behavioural gate for finetuned models (weirdgen)")
    group.addoption(
        "--model", dest="weirdgen_models", action="append", default=[], metavar="ID",
        help="model to gate: organism:NAME, ft:BASE:..., or a name the server knows; repeat for several",
    )  # fmt: skip
    add_group_option(group)
    for name, text in {
        "control": "comparator model (organism: organism:base; ft:BASE:...: BASE)",
        "judge": "what labels the answers: rules (default for organisms)",
        "base-url": "OpenAI-compatible server of the model",
        "control-base-url": "server of the control (default: --base-url)",
    }.items():
        dest = "weirdgen_" + name.replace("-", "_")
        metavar = "URL" if name.endswith("url") else "ID"
        group.addoption(f"--{name}", dest=dest, default=None, metavar=metavar, help=text)
    group.addoption(
        "--judge-uncalibrated", dest="weirdgen_judge_uncalibrated", action="store_true",
        help="accept a judge without measured error rates; every report says so",
    )  # fmt: skip
    for option in GATE_OPTIONS:
        group.addoption(option.flag, dest=option.dest, default=None, metavar=option.metavar, help=option.help)
        parser.addini(option.key, option.help, type=option.ini, default=None)
    parser.addini("gate_fwer", FLAGS["fwer"], type="bool", default=False)
    for name, text in FLAGS.items():
        group.addoption(f"--gate-{name}", dest=f"weirdgen_gate_{name}", action="store_true", help=text)


def models_of(config: pytest.Config) -> list[str]:
    """Return the models named with --model, or where no group is named either, in WEIRDGEN_GATE_MODEL with commas."""
    named: list[str] = config.getoption("weirdgen_models")
    if named or names_groups(config):
        return named
    return [m for m in os.environ.get("WEIRDGEN_GATE_MODEL", "").split(",") if m]


def names_a_model(config: pytest.Config) -> bool:
    """Whether there is something to gate: a model or a group."""
    return names_groups(config) or bool(models_of(config))


def wants_plan(config: pytest.Config) -> bool:
    """Whether --gate-plan is given.

    Raises:
        pytest.UsageError: it came from the environment: forgotten there, it would end every gate with status 0 and
            no verdict, and passed over, it would send requests that were not wanted.
    """
    if _variable_is_set("plan"):
        raise pytest.UsageError("WEIRDGEN_GATE_PLAN: a plan is no verdict; unset it and pass --gate-plan instead")
    return bool(config.getoption("weirdgen_gate_plan"))


def _variable_is_set(switch: str) -> bool:
    return os.environ.get(f"WEIRDGEN_GATE_{switch.upper()}", "").lower() not in {"", "0", "no", "false"}


def read_settings(config: pytest.Config) -> "GateSettings":
    """Merge and check all options.

    Raises:
        pytest.UsageError: a value is not allowed; the message names where it came from and what was expected.
    """
    from weirdgen.schema.plan import ModelGroup
    from weirdgen.trials.settings import GateSettings

    models = models_of(config)
    groups = groups_of(config, models)
    if repeated := [m for m in models if models.count(m) > 1]:
        raise pytest.UsageError(f"--model {repeated[0]!r} is given twice; name each model once")
    values = {option.name: value for option in GATE_OPTIONS if (value := _value(config, option)) is not None}
    root = config.rootpath
    given = {name: values[name] for name in values if name in {"margin", "alpha", "cap", "coherence", "mode"}}
    given |= {name: values[name] for name in values if name in {"inconclusive", "concurrency"}}
    if "max-age" in values:
        given["max_age"] = values["max-age"] * 3600.0
    return GateSettings(
        models=tuple(models),
        groups=tuple(ModelGroup(name=name, members=members) for name, members in groups.items()),
        control=config.getoption("weirdgen_control"),
        judge=config.getoption("weirdgen_judge"),
        judge_uncalibrated=config.getoption("weirdgen_judge_uncalibrated"),
        base_url=config.getoption("weirdgen_base_url"),
        control_base_url=config.getoption("weirdgen_control_base_url"),
        store=root / values.get("store", "reports/store.sqlite3"),
        report=root / values["report"] if "report" in values else None,
        baseline=root / values["baseline"] if "baseline" in values else None,
        fresh=config.getoption("weirdgen_gate_fresh") or _variable_is_set("fresh"),
        probe_dirs=_probe_dirs(root, values.get("probes")),
        fwer=config.getoption("weirdgen_gate_fwer") or _variable_is_set("fwer") or bool(config.getini("gate_fwer")),
        root=root,
        **given,
    )


def _probe_dirs(root: Path, named: str | None) -> tuple[Path, ...]:
    if named is None:
        return (root / "probes",) if (root / "probes").is_dir() else ()
    if not (root / named).is_dir():
        raise pytest.UsageError(f"--gate-probes {named!r}: no such folder under {root}")
    return (root / named,)


def _value(config: pytest.Config, option: GateOption) -> Any:
    for origin, text in (
        (option.flag, config.getoption(option.dest)),
        (option.variable, os.environ.get(option.variable)),
    ):
        if text is not None:
            return _parsed(option, origin, str(text))
    return _ini_value(config, option)


def _ini_value(config: pytest.Config, option: GateOption) -> Any:
    try:
        text = config.getini(option.key)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"ini option {option.key}: {error}; expected {option.parse.__doc__}") from None
    return None if text is None else _parsed(option, f"ini option {option.key}", str(text))


def _parsed(option: GateOption, origin: str, text: str) -> Any:
    try:
        return option.parse(text)
    except ValueError:
        raise pytest.UsageError(f"{origin}: {text!r} is not {option.parse.__doc__}") from None
