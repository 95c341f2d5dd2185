"""The shards of a gate brought together: which gate of a store is meant, and whether all of it is there.

Everything that is not as in one run is refused, so that what is merged is what one process would have come to.
"""

import time
from collections.abc import Sequence

from weirdgen import __version__
from weirdgen.errors import ShardsUnfit
from weirdgen.schema.run import RunRecord
from weirdgen.schema.shard import Shard, ShardRecord
from weirdgen.schema.text import shown
from weirdgen.store.openings import KeptOpening
from weirdgen.store.shards import CutGate
from weirdgen.store.store import SampleStore

RECENT_SECONDS = 24 * 3600.0
"""How old a gate may be that nobody names: a store keeps yesterday's, too, and that says nothing of today's."""


def chosen(store: SampleStore, *, plan: str = "", ci_run: str = "", any_run: bool = False) -> CutGate:
    """Return the gate that is to be merged: the latest one, if it is clear that it is meant.

    Args:
        store: that the shards share.
        plan: how the SHA-256 of its plan begins; empty: any.
        ci_run: which run of a CI system merges, so that no other run's shards are taken for its own; empty: none.
        any_run: take also what another run left, or what was merged before.

    Raises:
        ShardsUnfit: there is none, or more than one.
    """
    known = [gate for gate in store.cut_gates() if gate.cut.plan_sha256.startswith(plan)]
    if not known:
        raise ShardsUnfit(f"no shard of a gate{f' with plan {plan}' if plan else ''} has begun in this store")
    now = store.clock()
    found = known if any_run else [gate for gate in known if _is_meant(gate, ci_run, now)]
    if not found:
        whose = f"no shard of this run ({ci_run}) has begun" if ci_run else "no shard has begun since the last merge"
        raise ShardsUnfit(f"{whose} in this store; the latest gate of it is {_told(known[-1])}; --any-run takes that")
    latest = {gate.cut.plan_sha256: gate for gate in found}
    if len(latest) > 1:
        told = "; ".join(_told(gate) for gate in latest.values())
        raise ShardsUnfit(
            f"there are shards of {len(latest)} plans: {told}. Other models, options or probes make another plan. Run "
            "all shards of a gate with the same; of several gates --plan names one"
        )
    return found[-1]


def left(store: SampleStore, gate: CutGate, ci_run: str = "", *, any_run: bool = False) -> list[ShardRecord]:
    """Return what the shards of a gate left, all of them, in their order.

    Args:
        store: that they share.
        gate: that was cut.
        ci_run: to which run of a CI system all must belong; empty: to any, but all to one.
        any_run: they may belong to several.

    Raises:
        ShardsUnfit: one is missing, or is of another run, another version, or was asked for something else.
    """
    if gate.missing:
        raise ShardsUnfit("; ".join(_missing(gate, number) for number in gate.missing) + ": run it, and merge again")
    whose = ci_run or gate.parts[0].ci_run
    if (strangers := [part for part in gate.parts if part.ci_run != whose]) and not any_run:
        name = Shard(strangers[0].number, gate.cut.total).name
        raise ShardsUnfit(
            f"shard {name} is of another run of CI ({strangers[0].ci_run or 'none'}) than {whose or 'none'}; --any-run "
            "takes it all the same"
        )
    texts = store.shard_records(gate.cut)
    read = [_read(Shard(number, gate.cut.total), texts[number]) for number in sorted(texts)]
    for one in read:
        _check(one, read[0], gate)
    return read


def opening_of(store: SampleStore, gate: CutGate) -> KeptOpening:
    """Return the opening that the shards of a gate shared.

    Raises:
        ShardsUnfit: it cannot be read.
    """
    try:
        return KeptOpening.model_validate_json(store.cut_opening(gate.cut))
    except ValueError:
        raise ShardsUnfit("the opening of this gate is of another version of weirdgen, or damaged") from None


def _is_meant(gate: CutGate, ci_run: str, now: float) -> bool:
    if ci_run:
        return any(part.ci_run == ci_run for part in gate.parts)
    return gate.merged is None and gate.began >= now - RECENT_SECONDS


def _told(gate: CutGate) -> str:
    begun = ", ".join(Shard(part.number, gate.cut.total).name for part in gate.parts)
    return f"plan {gate.cut.plan_sha256[:16]}, shards {begun}, begun {_moment(gate.began)}"


def _missing(gate: CutGate, number: int) -> str:
    part = next((one for one in gate.parts if one.number == number), None)
    what = f"has begun at {_moment(part.began)} and not ended" if part else "has not begun"
    return f"shard {number}/{gate.cut.total} {what}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _read(shard: Shard, text: str) -> ShardRecord:
    try:
        return ShardRecord.model_validate_json(text)
    except ValueError:
        raise ShardsUnfit(f"shard {shard.name}: its record is of another version of weirdgen, or damaged") from None


def _check(one: ShardRecord, first: ShardRecord, gate: CutGate) -> None:
    """Refuse a shard that is not a part of this gate, or was asked for something else than the first one."""
    run, name = one.run, f"shard {one.run.shard}"
    if run.weirdgen != __version__:
        raise ShardsUnfit(f"{name} was run by weirdgen {shown(run.weirdgen, 40)}, this is {__version__}")
    if (
        run.plan_sha256 != gate.cut.plan_sha256
        or run.generation != gate.cut.token
        or _opened(run) != _opened(first.run)
    ):
        raise ShardsUnfit(f"{name}: its record is of another gate")
    for option, value in one.terms.items():
        if value != first.terms.get(option):
            raise ShardsUnfit(
                f"{name} was run with {option} {shown(repr(value), 200)}, shard {first.run.shard} with "
                f"{shown(repr(first.terms.get(option)), 200)}: all shards of a gate take the same options"
            )


def _opened(run: RunRecord) -> tuple[object, ...]:
    return run.opened_at, run.identities


def whole_plan_differs(record: ShardRecord, found: Sequence[str]) -> ShardsUnfit:
    """Return the error for a plan that does not come out again here, with where it differs first."""
    where = found[0] if found else "its SHA-256"
    return ShardsUnfit(
        f"the plan of shard {record.run.shard} does not come out here: {where}; merge where the same probes are, and "
        "name your own with --gate-probes and a baseline with --gate-baseline"
    )
