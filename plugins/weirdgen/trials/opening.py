"""Opening a gate, once per session: embedded servers started, endpoints identified, stale samples shut out."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.identity import identify
from weirdgen.endpoints.models import OPENAI_URL, Target, parse_target
from weirdgen.errors import EndpointError, UsageMistake, WeirdgenError
from weirdgen.organisms import zoo
from weirdgen.organisms.process import OrganismServer
from weirdgen.schema.canonical import digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.plan import Plan
from weirdgen.schema.run import ServerCount
from weirdgen.schema.sample import Identity, Role
from weirdgen.store.store import SampleStore
from weirdgen.trials.settings import GateSettings

JUDGE_MAX_AGE = 7 * 24 * 3600.0
"""Seconds for which the replies of a judge are used again that may change behind its name."""


class OpenArm(Frozen):
    """A model in a role, ready to be sampled."""

    model: str
    """As the user named it."""
    role: Role
    identity: Identity
    any_name: bool = False
    """Whether its server answers under any name, so that its own tells nothing."""


class Opening(Frozen):
    """What a worker needs to sample: plain data, sent through xdist as JSON."""

    arms: tuple[OpenArm, ...]
    organism_url: str = ""
    """Of the embedded server, for this session only; never part of an identity."""
    generation: str
    plan_sha256: str
    opened_at: float
    warnings: tuple[str, ...] = ()

    @property
    def judges(self) -> dict[str, Identity]:
        """Who answers for each of the judges' models, by the name that the user gave."""
        return {arm.model: arm.identity for arm in self.arms if arm.role == "judge"}

    def arm(self, model: str, role: Role) -> OpenArm:
        """Return a model's arm in a role.

        Raises:
            KeyError: the model was not opened in that role.
        """
        return {(a.model, a.role): a for a in self.arms}[model, role]


@dataclass(slots=True)
class OpenGate:
    """An opening together with the server process behind it."""

    opening: Opening
    server: OrganismServer | None

    def close(self) -> ServerCount | None:
        """Stop the embedded server; return what it counted."""
        if self.server is None:
            return None
        server, self.server = self.server, None
        try:
            counted = server.stats()
        except WeirdgenError:
            return None  # it died: its count is gone, the samples are not
        finally:
            server.close()
        return ServerCount(requests=counted["requests"], choices=counted["choices"])


def open_gate(plan: Plan, settings: GateSettings, store: SampleStore) -> OpenGate:
    """Start what must be started and make the first request to each endpoint.

    Raises:
        UsageMistake: an unknown organism, a malformed address.
        EndpointError: an endpoint refuses or cannot be reached.
        StoreError: the store cannot be used.
        WeirdgenError: the organisms' server was not ready in time.
    """
    wanted = _arms(plan)
    targets = {(model, role): target_of(model, role, settings) for model, role in wanted}
    organisms = sorted({t.model for t in targets.values() if t.kind == "organism"})
    server = OrganismServer(organisms) if organisms else None
    try:
        generation = store.generation(
            plan.line, plan.sha256, max_age=settings.max_age, now=time.time(), fresh=settings.fresh
        )
        renewal = store.renewal(plan.line)
        gated = {key: target for key, target in targets.items() if key[1] != "judge"}
        arms, warnings = asyncio.run(identify_all(gated, server.url if server else "", generation, renewal))
        warnings += _one_model_twice(plan, arms)
        judges = {model: targets[model, "judge"] for model in plan.judge_models}
        opened, told = open_judges(judges, server.url if server else "", store, fresh=settings.fresh)
        refuse_own_judges(arms, opened)
        arms, warnings = arms + opened, warnings + told
    except BaseException:
        if server is not None:
            server.close()
        raise
    opening = Opening(
        arms=tuple(arms),
        organism_url=server.url if server else "",
        generation=generation,
        plan_sha256=plan.sha256,
        opened_at=time.time(),
        warnings=tuple(warnings),
    )
    return OpenGate(opening, server)


def _arms(plan: Plan) -> list[tuple[str, Role]]:
    pairs: dict[tuple[str, Role], None] = {}
    for contrast in plan.contrasts:
        pairs[contrast.model, "treated"] = None
        if contrast.control:
            pairs[contrast.control, "control"] = None
    return [*pairs, *((model, "judge") for model in plan.judge_models)]


def target_of(model: str, role: Role, settings: GateSettings) -> Target:
    """Return where the requests of a model in a role go.

    Raises:
        UsageMistake: the name or an address is wrong, or there is no such organism.
    """
    main = settings.base_url
    if role == "judge":
        # A default judge is the base of the gated finetune, and served where that is.
        url = settings.judge_base_url or (main if settings.judge is None else None)
    else:
        url = main if role == "treated" else settings.control_base_url or main
    target = parse_target(model, base_url=url, role=role, main_base_url=main)
    if target.kind == "organism":
        zoo.organism(target.model)
    return target


def open_judges(
    targets: dict[str, Target], organism_url: str, store: SampleStore, *, fresh: bool = False
) -> tuple[list[OpenArm], list[str]]:
    """Ask who answers for each judge; return them opened, and warnings for people.

    What a judge said is kept and used again for `JUDGE_MAX_AGE`, its gold answers included: a judge that may change
    behind its name is measured anew after that, and at once if it calls itself something else.

    Args:
        targets: by the name that the user gave.
        organism_url: of the embedded server; empty: no organism is among them.
        store: keeps since when a judge is asked.
        fresh: ask judges anew that may have changed.

    Raises:
        EndpointError: a judge refuses or cannot be reached.
    """
    arms, warnings = [], []
    for model, target in targets.items():
        line = digest(["judge", target.base_url or "", target.model])
        generation = store.generation(line, "", max_age=JUDGE_MAX_AGE, now=time.time(), fresh=fresh)
        try:
            opened, told = asyncio.run(identify_all({(model, "judge"): target}, organism_url, generation, renewal=""))
        except EndpointError as error:
            raise type(error)(f"judge: {error}") from None
        arms += [arm.model_copy(update={"identity": _without_flapping(arm.identity)}) for arm in opened]
        warnings += [f"judge {note}" for note in told]
    return arms, warnings


def _one_model_twice(plan: Plan, arms: list[OpenArm]) -> list[str]:
    """Return warnings where two names may stand for one model: compared with itself, it is ABSENT whatever it does.

    Raises:
        UsageMistake: a control answers under the name of a gated model at the same server.
    """
    warnings = []
    opened = {(arm.model, arm.role): arm.identity for arm in arms}
    for model, control in dict.fromkeys((c.model, c.control) for c in plan.contrasts if c.control):
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


def _without_flapping(identity: Identity) -> Identity:
    """Return an identity without the fingerprint at OpenAI, where several answer under one name at the same time."""
    return identity.model_copy(update={"fingerprint": ""}) if identity.base_url == OPENAI_URL else identity


def refuse_own_judges(arms: Sequence[OpenArm], judges: Sequence[OpenArm]) -> None:
    """Refuse a judge that answers as a gated model: servers with one model give it under any name.

    Raises:
        UsageMistake: there is one.
    """
    for judge in judges:
        for arm in arms:
            one, other = judge.identity, arm.identity
            same = one.served == other.served != "" or (judge.any_name and arm.any_name)
            if arm.role == "treated" and one.base_url == other.base_url != "" and same:
                raise UsageMistake(
                    f"--judge {judge.model!r}: {one.base_url} answers it as {one.served!r}, and {arm.model!r}, the "
                    f"model to be gated, as {other.served!r}: nothing shows that they are two, and a finetune that "
                    "judges itself shows nothing. Serve the judge elsewhere, or name one that is served"
                )


async def identify_all(
    targets: dict[tuple[str, Role], Target], organism_url: str, generation: str, renewal: str
) -> tuple[list[OpenArm], list[str]]:
    """Ask each endpoint who it is; return the arms with their identities, and warnings for people.

    Args:
        targets: by model as named, and role.
        organism_url: of the embedded server; empty: no organism is among them.
        generation: under which models are drawn from that may change behind their name.
        renewal: under which all others are.

    Raises:
        EndpointError: an endpoint refuses or cannot be reached.
    """
    arms, warnings = [], []
    for (model, role), target in targets.items():
        endpoint = ChatEndpoint(target, organism_url if target.kind == "organism" else "")
        try:
            digest = zoo.digest(target.model) if target.kind == "organism" else ""
            found = await identify(endpoint, organism_digest=digest, generation=generation)
        finally:
            await endpoint.aclose()
        changeable = found.identity.generation != ""
        identity = found.identity if changeable else found.identity.model_copy(update={"generation": renewal})
        arms.append(OpenArm(model=model, role=role, identity=identity, any_name=found.any_name))
        warnings += [f"{model}: {note}" for note in found.warnings]
    return arms, list(dict.fromkeys(warnings))
