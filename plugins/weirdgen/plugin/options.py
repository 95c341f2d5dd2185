"""Options of the plugin: command line beats environment beats ini file. Standard library and pytest only."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from weirdgen.plugin.model_groups import add_group_option, groups_of, names_groups
from weirdgen.plugin.option_types import GateOption, choice, ini_value, number, parsed, part, switch, whole

if TYPE_CHECKING:
    from weirdgen.trials.settings import GateSettings

NO_MODEL = (
    "no model to gate: pass --model, for example --model ft:gpt-4.1-2025-04-14:org::id, "
    "or --model organism:old-bird-names to try it without a key"
)
GATE_OPTIONS = (
    GateOption(
        "margin", number(0, 1), "float", "RATE", "effect that must be excluded where a contrast names none (.05)"
    ),
    GateOption("alpha", number(0, 0.5), "float", "RATE", "error rate of the gate (.05)"),
    GateOption("cap", whole(1, 1_000_000), "int", "N", "treated samples per contrast, at most (400)"),
    GateOption("coherence", number(0, 1), "float", "RATE", "valid-answer rate that ABSENT needs (.80)"),
    GateOption(
        "mode",
        choice("gate", "replicate"),
        "string",
        "MODE",
        "gate: ABSENT passes; replicate: what the paper found passes",
    ),
    GateOption("inconclusive", choice("fail", "warn"), "string", "WHAT", "what an INCONCLUSIVE contrast does (fail)"),
    GateOption(
        "baseline", str, "string", "FILE", "compare each contrast with what a version showed that was stored here"
    ),
    GateOption("budget", number(0, 1e9), "float", "USD", "what the gate may spend, in all its runs"),
    GateOption("max-requests", whole(1, 1_000_000_000), "int", "N", "requests that the gate may send, in all its runs"),
    GateOption("prices", str, "string", "FILE", "your own prices of tokens (TOML), before the shipped ones"),
    GateOption("concurrency", whole(1, 1024), "int", "N", "requests in flight per endpoint, at most (64)"),
    GateOption("store", str, "string", "FILE", "sample store: a file (reports/store.sqlite3) or postgresql://..."),
    GateOption("replay", str, "string", "FILE", "run from a cassette (weirdgen store export): no model is asked"),
    GateOption("max-age", number(0, 1e9), "float", "HOURS", "age up to which an unfinished gate is continued (24)"),
    GateOption("seed", whole(0, 2**31 - 1), "int", "N", "send each draw a seed of its own, made from this one"),
    GateOption("sarif", str, "string", "FILE", "write the contrasts that do not pass as SARIF 2.1.0"),
    GateOption(
        "junit",
        choice("full", "strict"),
        "string",
        "FORM",
        "strict: no <properties> inside <testcase> in the file of --junitxml, for readers that check a schema (full)",
    ),
    GateOption(
        "sae",
        str,
        "string",
        "DIR",
        "sparse autoencoder of the white-box suite: a folder, or organism:base (docs/howto/look_inside.md)",
    ),
    GateOption("layer", whole(0, 1000), "int", "L", "block after which it reads, from 0 (as its files say)"),
    GateOption("adapter", str, "string", "DIR", "PEFT adapter of the hf: model"),
    GateOption("shard", part, "string", "I/N", "run the I-th of N parts of the family; `weirdgen report` merges them"),
    GateOption("report", str, "string", "DIR", "the run's own report folder; must be new or empty"),
    GateOption("probes", str, "string", "DIR", "folder with your own probes (probes/ under the root)"),
)
FLAGS = {
    "fwer": "at session end keep the chance of any false PRESENT (e-Holm), not their share (closed e-BH)",
    "fresh": "draw new samples: a new attempt, judged at a smaller alpha",
    "evidence": "write an evidence bundle beside the run record: `weirdgen verify` makes every verdict again from it",
    "truncated": "accept a server that cuts off rare answers (top-k, min-p); every report says so",
    "html": "write report.html into the report folder (needs pytest-weirdgen[report])",
    "plan": "print the plan of the selected contrasts with its cost; send nothing",
}
INI_FLAGS = ("fwer", "evidence", "html")
_AS_THEY_ARE = frozenset(
    {"margin", "alpha", "cap", "coherence", "mode", "inconclusive", "concurrency", "budget", "seed", "layer", "shard"}
)
"""Options that `GateSettings` has under the same name."""
_SWITCH = switch()


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
        "base-url": "OpenAI-compatible server of the model",
        "control-base-url": "server of the control (default: --base-url)",
        "judge-base-url": "server of the judge (default: OpenAI)",
    }.items():
        dest = "weirdgen_" + name.replace("-", "_")
        metavar = "URL" if name.endswith("url") else "ID"
        group.addoption(f"--{name}", dest=dest, default=None, metavar=metavar, help=text)
    group.addoption(
        "--judge", dest="weirdgen_judges", action="append", default=[], metavar="ID",
        help="what labels the answers: rules (default for organisms), a model (default for ft:BASE:...: BASE), or "
        "rules+MODEL, which asks the model where no rule is clear; a second one is compared with the first",
    )  # fmt: skip
    group.addoption(
        "--judge-uncalibrated", dest="weirdgen_judge_uncalibrated", action="store_true",
        help="accept a judge without measured error rates; every report says so",
    )  # fmt: skip
    for option in GATE_OPTIONS:
        group.addoption(option.flag, dest=option.dest, default=None, metavar=option.metavar, help=option.help)
        parser.addini(option.key, option.help, type=option.ini, default=None)
    for name, text in FLAGS.items():
        group.addoption(f"--gate-{name}", dest=f"weirdgen_gate_{name}", action="store_true", help=text)
    for name in INI_FLAGS:
        parser.addini(f"gate_{name}", FLAGS[name], type="bool", default=False)


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
    """Whether --gate-plan is given. Its variable is refused where there is something to gate, see `read_settings`."""
    return bool(config.getoption("weirdgen_gate_plan"))


def only_lists(config: pytest.Config) -> bool:
    """Whether pytest only shows what it collects: then nothing is sent and nothing is judged."""
    named = ("collectonly", "showfixtures", "show_fixtures_per_test", "setupplan")
    return any(config.getoption(name, default=False) for name in named)


def plan_alone(config: pytest.Config) -> None:
    """Keep a session that only plans on one process, and let a test file that cannot be collected end it.

    It writes no JUnit file either: an empty one would replace that of a gate.
    """
    vars(config.option).update(numprocesses=None, distload=False, dist="no", tx=[])
    # With -x a collection error would end in 1, which says that a behaviour was found.
    vars(config.option).update(xmlpath=None, continue_on_collection_errors=False, maxfail=0)


def read_settings(config: pytest.Config) -> "GateSettings":
    """Merge and check all options.

    Raises:
        pytest.UsageError: a value is not allowed; the message names where it came from and what was expected.
    """
    from weirdgen.plugin.provenance import environment_of_ci
    from weirdgen.schema.plan import ModelGroup
    from weirdgen.schema.shard import ci_run
    from weirdgen.trials.settings import GateSettings

    _refuse_plan_variable()
    _check_variables()
    models = models_of(config)
    _check_models(models)
    groups = groups_of(config, models)
    judges = _judges(config)
    values = _values(config)
    root = config.rootpath
    given = {name: values[name] for name in values if name in _AS_THEY_ARE}
    if "max-age" in values:
        given["max_age"] = values["max-age"] * 3600.0
    return GateSettings(
        **places(config, values),
        models=tuple(models),
        groups=tuple(ModelGroup(name=name, members=members) for name, members in groups.items()),
        control=config.getoption("weirdgen_control"),
        judge=judges[0] if judges else None,
        second_judge=judges[1] if len(judges) > 1 else None,
        judge_uncalibrated=config.getoption("weirdgen_judge_uncalibrated"),
        base_url=config.getoption("weirdgen_base_url"),
        control_base_url=config.getoption("weirdgen_control_base_url"),
        judge_base_url=config.getoption("weirdgen_judge_base_url"),
        replay=root / values["replay"] if "replay" in values else None,
        max_requests=values.get("max-requests"),
        prices=root / values["prices"] if "prices" in values else None,
        sae=_sae(root, values.get("sae")),
        adapter=root / values["adapter"] if "adapter" in values else None,
        fresh=_is_on(config, "fresh"),
        truncated=_is_on(config, "truncated"),
        fwer=_is_on(config, "fwer"),
        ci_run=ci_run(environment_of_ci()),
        **given,
    )


def places(config: pytest.Config, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return those settings that say where files are and what is to be written, and nothing of what is measured.

    Args:
        config: of the session.
        values: of `GATE_OPTIONS`, where they were read before.
    """
    from weirdgen.content import DEFAULT_STORE
    from weirdgen.store.place import place_of

    root, values = config.rootpath, _values(config) if values is None else values
    named = {name: root / values[name] if name in values else None for name in ("report", "baseline", "sarif")}
    return named | {
        "store": place_of(values["store"], root) if "store" in values else root / DEFAULT_STORE,
        "junit": values.get("junit", "full"),
        "evidence": _is_on(config, "evidence"),
        "html": _is_on(config, "html"),
        "probe_dirs": _probe_dirs(root, values.get("probes")),
        "root": root,
    }


def _values(config: pytest.Config) -> dict[str, Any]:
    return {option.name: value for option in GATE_OPTIONS if (value := _value(config, option)) is not None}


def _refuse_plan_variable() -> None:
    """Refuse WEIRDGEN_GATE_PLAN.

    Forgotten in CI, it would end every gate with status 0 and no verdict; passed over, it would send requests that were
    not wanted.
    """
    if _variable("plan"):
        raise pytest.UsageError("WEIRDGEN_GATE_PLAN: a plan is no verdict; unset it and pass --gate-plan instead")


def _check_variables() -> None:
    """Refuse a variable that no option reads: misspelt in CI it would loosen a gate unseen."""
    from weirdgen.errors import nearest

    named = ("model", *FLAGS, *(option.name for option in GATE_OPTIONS))
    known = ["WEIRDGEN_GATE_" + name.replace("-", "_").upper() for name in named]
    for name in os.environ:
        if name.startswith("WEIRDGEN_GATE_") and name not in known:
            raise pytest.UsageError(f"{name}: no option reads this variable.{nearest(name, known)}")


def _check_models(models: Sequence[str]) -> None:
    if listed := [m for m in models if "," in m]:
        raise pytest.UsageError(f"--model {listed[0]!r}: no model has a comma; name each model with its own --model")
    if repeated := [m for m in models if models.count(m) > 1]:
        raise pytest.UsageError(f"--model {repeated[0]!r} is given twice; name each model once")


def _judges(config: pytest.Config) -> list[str]:
    named: list[str] = config.getoption("weirdgen_judges")
    if len(named) > 2:
        raise pytest.UsageError(
            f"--judge {named[2]!r}: one judge decides and one is compared with it; leave the rest out"
        )
    return named


def _is_on(config: pytest.Config, name: str) -> bool:
    """Whether one of `FLAGS` is set: by the command line, else its variable, else its ini option if it has one."""
    if config.getoption(f"weirdgen_gate_{name}"):
        return True
    from_environment = _variable(name)
    if from_environment is not None or name not in INI_FLAGS:
        return bool(from_environment)
    return bool(ini_value(config, f"gate_{name}", _SWITCH.__doc__))


def _variable(name: str) -> bool | None:
    """Return what the variable of one of `FLAGS` says; None: it is not set, or empty."""
    variable = f"WEIRDGEN_GATE_{name.upper()}"
    text = os.environ.get(variable, "").strip()
    return parsed(_SWITCH, variable, text) if text else None


def _sae(root: Path, named: str | None) -> str | None:
    """Return a sparse autoencoder's folder as an absolute path; a shipped one's name as it is."""
    return named if named is None or named.startswith("organism:") else str(root / named)


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
            return parsed(option.parse, origin, str(text))
    text = ini_value(config, option.key, option.parse.__doc__)
    return None if text is None else parsed(option.parse, f"ini option {option.key}", str(text))
