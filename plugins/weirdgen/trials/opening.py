"""Opening a gate, once per session: embedded servers started, endpoints identified, stale samples shut out."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weirdgen.endpoints.models import Target
from weirdgen.errors import StoreError, UsageMistake, WeirdgenError
from weirdgen.organisms.process import ChildServer, OrganismServer
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Probe
from weirdgen.schema.run import Replayed, ServerCount
from weirdgen.schema.sample import Identity, Role
from weirdgen.schema.whitebox import StudyRecord
from weirdgen.store.openings import KeptOpening
from weirdgen.store.pruning import renewal_line
from weirdgen.store.shards import Asked, Cut
from weirdgen.store.store import SampleStore
from weirdgen.trials.costs import budget_of
from weirdgen.trials.inspection import Served, is_inside, job_of
from weirdgen.trials.names import target_of
from weirdgen.trials.open_arms import OpenArm, identify_all
from weirdgen.trials.open_judges import open_judges, refuse_own_judges
from weirdgen.trials.paid import Till
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.shared_opening import check_joined, shared
from weirdgen.whitebox.job import Ready
from weirdgen.whitebox.server import WhiteBoxServer


class Opening(Frozen):
    """What a worker needs to sample: plain data, sent through xdist as JSON."""

    arms: tuple[OpenArm, ...]
    organism_url: str = ""
    """Of the embedded server, for this session only; never part of an identity."""
    inside_url: str = ""
    """Of the server of networks' insides, for this session only."""
    studies: dict[str, StudyRecord] = {}
    """Of white-box gates: how features were found, by model as named."""
    generation: str
    plan_sha256: str
    opened_at: float
    warnings: tuple[str, ...] = ()
    replay: Replayed | None = None
    """Of a replay: its cassette. None: the arms can be asked."""
    replay_store: str = ""
    """Of a replay: the store that its cassette was put into, for this session only."""

    @classmethod
    def of(cls, kept: KeptOpening) -> "Opening":
        """Return an opening as a store kept it.

        Raises:
            ValueError: another version of weirdgen wrote it.
        """
        return cls.model_validate_json(canonical_json({**kept.opening, "opened_at": kept.opened_at}))

    @property
    def judges(self) -> dict[str, Identity]:
        """Who answers for each of the judges' models, by the name that the user gave."""
        return {arm.model: arm.identity for arm in self.arms if arm.role == "judge"}

    @property
    def told(self) -> dict[str, dict[str, str | int | None]]:
        """Who was opened, as a run record tells it."""
        return {f"{arm.model} ({arm.role})": arm.told for arm in self.arms}

    def url_of(self, target: Target) -> str:
        """Return where an organism or a network is asked in this session; empty for anything else."""
        return Served(self.organism_url, self.inside_url).url_of(target)

    def arm(self, model: str, role: Role) -> OpenArm:
        """Return a model's arm in a role.

        Raises:
            KeyError: the model was not opened in that role.
        """
        return {(a.model, a.role): a for a in self.arms}[model, role]

    def kept(self, line: str) -> KeptOpening:
        """Return what a store keeps of it, so that the gate can be replayed; `line` is the plan's."""
        passing = {"organism_url", "inside_url", "replay", "replay_store", "opened_at"}
        passing |= set() if self.studies else {"studies"}
        fields = self.model_dump(mode="json", exclude=passing)
        return KeptOpening(token=self.generation, line=line, opened_at=self.opened_at, opening=fields)


@dataclass(slots=True)
class OpenGate:
    """An opening together with the server processes behind it, or of a replay with the folder of its store."""

    opening: Opening
    server: OrganismServer | None
    folder: Path | None = None
    inside: WhiteBoxServer | None = None
    cut: Cut | None = None
    """Of a shard: the gate that it is a part of."""

    def close(self) -> ServerCount | None:
        """Stop the embedded servers and return what they counted; remove the folder."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        servers = [one for one in (self.server, self.inside) if one is not None]
        self.server = self.inside = None
        counts = [_last_count(server) for server in servers]
        known = [count for count in counts if count is not None]
        if not known:
            return None
        return ServerCount(requests=sum(c.requests for c in known), choices=sum(c.choices for c in known))


def _last_count(server: ChildServer) -> ServerCount | None:
    """Stop a server and return what it counted."""
    try:
        counted = server.stats()
    except WeirdgenError:
        return None  # it died: its count is gone, the samples are not
    finally:
        server.close()
    return ServerCount(requests=counted["requests"], choices=counted["choices"])


def open_gate(
    plan: Plan, settings: GateSettings, store: SampleStore, probes: Iterable[Probe] = (), session: str = ""
) -> OpenGate:
    """Start what must be started, make the first request to each endpoint, and keep who answered.

    Args:
        plan: of the gate.
        settings: of the gate.
        store: keeps who answered.
        probes: of the catalogue; one of them says how features are found, where the plan has a sparse autoencoder.
        session: of a shard: names this run of it.

    Raises:
        UsageMistake: an unknown organism, a malformed address, files that do not fit.
        EndpointError: an endpoint refuses or cannot be reached.
        BudgetSpent: nothing is left of the gate's budget.
        StoreError: the store cannot be used.
        WeirdgenError: the organisms' server was not ready in time.
    """
    store.check()
    targets = {(model, role): target_of(model, role, settings) for model, role in wanted_arms(plan)}
    job = job_of(plan, targets, settings, probes)
    organisms = sorted({t.model for t in targets.values() if t.kind == "organism" and not is_inside(t)})
    server = OrganismServer(organisms) if organisms else None
    inside = None
    try:
        inside = WhiteBoxServer(job) if job else None
        found = inside.found if inside else Ready(url="", digests={})
        served = Served(server.url if server else "", found.url, found.digests)
        if settings.shard is None:
            generation = store.generation(
                plan.line, plan.sha256, max_age=settings.max_age, now=store.clock(), fresh=settings.fresh
            )
            opening, cut = _asked(plan, settings, store, targets, served, generation, found.studies), None
        else:
            asked = Asked(plan.line, plan.sha256, settings.ci_run)
            cut = store.begin_shard(asked, settings.shard, session, max_age=settings.max_age, fresh=settings.fresh)
            opening = _joined(plan, settings, store, targets, served, cut, found.studies)
        opening = opening.model_copy(update={"organism_url": served.organisms, "inside_url": served.inside})
    except BaseException:
        for started in (server, inside):
            if started is not None:
                started.close()
        raise
    return OpenGate(opening, server, inside=inside, cut=cut)


def _asked(
    plan: Plan,
    settings: GateSettings,
    store: SampleStore,
    targets: dict[tuple[str, Role], Target],
    served: Served,
    generation: str,
    studies: dict[str, StudyRecord],
) -> Opening:
    """Ask every endpoint who it is, and keep the answers."""
    renewal = store.renewal(plan.line)
    budget = budget_of(plan, settings, generation)
    till = Till(store, budget) if budget else None
    gated = {key: target for key, target in targets.items() if key[1] != "judge"}
    arms, warnings = asyncio.run(identify_all(gated, served.organisms, generation, renewal, till, served))
    warnings += one_model_twice(plan, arms)
    judges = {model: targets[model, "judge"] for model in plan.judge_models}
    opened, told = open_judges(judges, served.organisms, store, fresh=settings.fresh, till=till)
    refuse_own_judges(arms, opened)
    earlier = [one for opening in _earlier(store, generation) for one in opening.arms]
    arms, warnings = [continued(renewed(arm, store), earlier) for arm in arms + opened], warnings + told
    opening = Opening(
        arms=tuple(arms),
        studies=studies,
        generation=generation,
        plan_sha256=plan.sha256,
        opened_at=store.clock(),
        warnings=tuple(warnings),
    )
    store.keep_opening(opening.kept(plan.line))
    return opening


def _joined(
    plan: Plan,
    settings: GateSettings,
    store: SampleStore,
    targets: dict[tuple[str, Role], Target],
    served: Served,
    cut: Cut,
    studies: dict[str, StudyRecord],
) -> Opening:
    """Open the gate for all of its shards, or join the one that another shard has opened."""
    kept, asked_here = shared(
        store, cut, lambda: _asked(plan, settings, store, targets, served, cut.token, studies).kept(plan.line)
    )
    try:
        opening = Opening.of(kept)
    except ValueError:
        raise StoreError("the opening of this gate's shards was written by another version of weirdgen") from None
    if not asked_here:
        check_joined({(arm.model, arm.role): arm.identity for arm in opening.arms}, targets, served)
    return opening


def renewed(arm: OpenArm, store: SampleStore) -> OpenArm:
    """Return an arm as another one if samples of it were deleted: else its trials would begin anew as first ones."""
    identity = arm.identity
    if identity.kind != "finetune" or not (token := store.renewal(renewal_line(identity.model, identity.base_url))):
        return arm
    return arm.model_copy(update={"identity": identity.model_copy(update={"generation": identity.generation + token})})


def _earlier(store: SampleStore, generation: str) -> list[Opening]:
    """Return a gate's earlier openings, oldest first, without those that another version wrote."""
    found = []
    for kept in store.openings(generation):
        with contextlib.suppress(ValueError):
            found.append(Opening.of(kept))
    return found


def continued(arm: OpenArm, earlier: Sequence[OpenArm]) -> OpenArm:
    """Return an arm as the gate first opened it, if the backend that answered then is still there.

    Where several backends take turns, which one answers first is chance, and an arm with another identity would begin
    its trials anew, as further attempts.

    Args:
        arm: as it was opened now.
        earlier: those of the gate's earlier openings, oldest first.
    """
    for first in earlier:
        backend = first.identity.fingerprint
        alike = arm.identity.model_copy(update={"fingerprint": backend}) == first.identity
        if alike and (first.model, first.role) == (arm.model, arm.role) and backend in arm.fingerprints:
            known = tuple(sorted({*arm.fingerprints, *first.fingerprints}))
            return arm.model_copy(update={"identity": first.identity, "fingerprints": known})
    return arm


def wanted_arms(plan: Plan) -> list[tuple[str, Role]]:
    """Return whom a gate asks: (model, role), each once."""
    pairs: dict[tuple[str, Role], None] = {}
    for contrast in plan.contrasts:
        pairs[contrast.asked, "treated"] = None
        if contrast.control:
            pairs[contrast.control, "control"] = None
    return [*pairs, *((model, "judge") for model in plan.judge_models)]


def one_model_twice(plan: Plan, arms: list[OpenArm]) -> list[str]:
    """Return warnings where two names may stand for one model: compared with itself, it is ABSENT whatever it does.

    Raises:
        UsageMistake: a control answers under the name of a gated model at the same server.
    """
    warnings = []
    opened = {(arm.model, arm.role): arm.identity for arm in arms}
    for model, control in dict.fromkeys((c.asked, c.control) for c in plan.contrasts if c.control):
        one, other = opened[model, "treated"], opened[control, "control"]
        if one.base_url != other.base_url:
            continue
        if one.model == other.model:
            warnings.append(f"{model} is its own control: contrasts against the control show nothing about it")
            continue
        if other.served == one.model:
            raise UsageMistake(
                f"--control {control!r}: {other.base_url} answers it as {other.served!r}, which is the model "
                "to be gated; compared with itself it shows nothing. Serve the control, or name one that is served"
            )
        if one.served and one.served == other.served:
            warnings.append(
                f"{model} and its control {control} both answer as {one.served!r} at {one.base_url}: "
                "if they are one model, contrasts against the control show nothing"
            )
    return warnings
