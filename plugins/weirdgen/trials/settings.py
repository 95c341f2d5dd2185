"""What the user asked for, checked once and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue

from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import UsageMistake
from weirdgen.schema.plan import Inconclusive, Mode, ModelGroup
from weirdgen.schema.shard import Shard
from weirdgen.stats.rules import DEFAULT_CAP
from weirdgen.store.place import StorePlace

FIXED_DESIGN_PER_QUESTION = 100
"""Samples per question and arm in the script released with arXiv:2512.09742: what savings are told against."""


_RECORDED = (
    *("models", "control", "judge", "second_judge", "judge_base_url", "judge_uncalibrated", "base_url"),
    *("control_base_url", "margin", "alpha", "cap", "coherence", "mode", "inconclusive", "fwer", "truncated", "seed"),
)
"""Fields on which the plan and the verdicts depend, besides groups, probes and the baseline file."""
_BETWEEN: Mapping[str, tuple[float, float]] = {"margin": (0, 1), "alpha": (0, 0.5), "coherence": (0, 1)}
_FROM_TO: Mapping[str, tuple[int, int]] = {"cap": (1, 1_000_000), "seed": (0, 2**31 - 1)}
"""What the options take, bounds excluded and included: of a record that is read, nobody has parsed them."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """All options of a gate, after command line, environment and ini file were merged."""

    models: tuple[str, ...]
    """Gated one by one, as the user named them."""
    groups: tuple[ModelGroup, ...] = ()
    """Gated together. With `models` at least one name, no duplicates."""
    control: str | None = None
    """None: the default control of each model."""
    judge: str | None = None
    """``rules``, a model, or ``rules+MODEL``; None: the default judge of each model."""
    second_judge: str | None = None
    """Labels the same answers, so that disagreement shows; decides nothing. None: there is none."""
    judge_base_url: str | None = None
    judge_uncalibrated: bool = False
    base_url: str | None = None
    control_base_url: str | None = None
    margin: float = 0.05
    """For contrasts that name none; in (0, 1)."""
    alpha: float = 0.05
    """Error rate of the gate; in (0, .5]."""
    cap: int = DEFAULT_CAP
    """Treated samples per contrast."""
    coherence: float = 0.80
    """ABSENT needs a valid-answer rate that is not surely below this."""
    mode: Mode = "gate"
    inconclusive: Inconclusive = "fail"
    fwer: bool = False
    """Keep the chance of any false PRESENT at session end (e-Holm), not the share of false ones (closed e-BH)."""
    baseline: Path | None = None
    """File with the stored counts that contrasts without scores are compared with, instead of what their kinds say."""
    budget: float | None = None
    """US dollars that the gate may spend, in all its runs."""
    max_requests: int | None = None
    """Requests that it may send."""
    prices: Path | None = None
    """The user's own prices of tokens."""
    concurrency: int = 64
    """Requests in flight per endpoint, at most."""
    store: StorePlace = DEFAULT_STORE
    replay: Path | None = None
    """Cassette that the gate runs from, without an endpoint; the store is then neither read nor written."""
    max_age: float = 24 * 3600.0
    """Seconds for which an unfinished gate of a changeable endpoint may be continued."""
    fresh: bool = False
    shard: Shard | None = None
    """The part of the family that this process runs; None: all of it."""
    ci_run: str = ""
    """Of a shard: which run of a CI system it belongs to."""
    truncated: bool = False
    """Accept a server that cuts off rare answers."""
    seed: int | None = None
    """From which each draw gets its own; None: servers draw as they like."""
    sae: str | None = None
    """Sparse autoencoder of the white-box suite: a folder, or ``organism:NAME``; None: that suite is not planned."""
    layer: int | None = None
    """Block after which it reads the residual stream; None: as its files say."""
    adapter: Path | None = None
    """PEFT adapter that a gated ``hf:`` model has; None: the folder is the whole model."""
    report: Path | None = None
    """Folder of this run's reports; None: `reports/<UTC time>-<plan>/` under the root."""
    evidence: bool = False
    """Write an evidence bundle into that folder."""
    html: bool = False
    """Write a page beside the run record."""
    sarif: Path | None = None
    """File for the contrasts that do not pass; None: not asked for."""
    junit: Literal["full", "strict"] = "full"
    """Whether JUnit properties may stand where pytest puts them."""
    probe_dirs: tuple[Path, ...] = ()
    root: Path = Path()
    """pytest's rootdir."""

    @property
    def gated(self) -> tuple[str, ...]:
        """All gated models, members of groups included."""
        return *self.models, *(member for group in self.groups for member in group.members)


def recorded(settings: GateSettings) -> dict[str, JsonValue]:
    """Return the options on which a gate's plan and verdicts depend, as plain data."""
    values = {name: getattr(settings, name) for name in _RECORDED}
    groups: dict[str, JsonValue] = {group.name: list(group.members) for group in settings.groups}
    baseline = settings.baseline.name if settings.baseline else None
    return values | {"models": list(settings.models), "groups": groups, "baseline": baseline} | _inside(settings)


def _inside(settings: GateSettings) -> dict[str, JsonValue]:
    """Return what the white-box suite was asked for; nothing where it was not, as before there was one."""
    adapter = settings.adapter.name if settings.adapter else None
    told = {"sae": settings.sae and sae_name(settings.sae), "layer": settings.layer, "adapter": adapter}
    return {name: value for name, value in told.items() if value is not None}


def sae_name(sae: str) -> str:
    """Return what records call a sparse autoencoder: not where its folder lay."""
    return sae if sae.startswith("organism:") else Path(sae).name


def restored(options: Mapping[str, Any], **paths: Any) -> GateSettings:
    """Return the settings that `recorded` told of.

    Args:
        options: from `recorded`.
        paths: further fields of the settings: where probes, baseline, store and cassette are now.

    Raises:
        KeyError: an option is missing.
        ValueError: a group cannot be one, or an option is none that a gate takes.
    """
    values = {name: options[name] for name in _RECORDED} | {name: options.get(name) for name in ("sae", "layer")}
    values["adapter"] = Path(options["adapter"]) if options.get("adapter") else None
    for name, (low, high) in _BETWEEN.items():
        if not low < values[name] < high:
            raise ValueError(f"{name} {values[name]!r}")
    for name, (least, most) in _FROM_TO.items():
        if values[name] is not None and not least <= values[name] <= most:
            raise ValueError(f"{name} {values[name]!r}")
    groups = tuple(ModelGroup(name=name, members=tuple(members)) for name, members in options["groups"].items())
    return GateSettings(**(values | {"models": tuple(options["models"]), "groups": groups} | paths))


def check_replay(settings: GateSettings, *, plans: bool) -> None:
    """Refuse what a replay cannot do.

    Raises:
        UsageMistake: it is to draw anew, or to be priced.
    """
    if settings.replay is None:
        return
    if settings.fresh:
        raise UsageMistake("--gate-fresh: a replay draws nothing; leave it out, or leave out --gate-replay")
    if plans:
        raise UsageMistake("--gate-plan: a replay costs nothing; leave out --gate-replay to price a live gate")
    if settings.shard is not None:
        raise UsageMistake("--gate-shard: a replay asks nobody; leave it out, and replay the gate in one piece")
