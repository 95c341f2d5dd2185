"""Models opened for work outside a gate: a baseline that is saved, a judge that is measured."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import Target
from weirdgen.errors import UsageMistake
from weirdgen.judges.protocol import Ask
from weirdgen.organisms.process import OrganismServer
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Identity, Role
from weirdgen.store.store import SampleStore
from weirdgen.trials.asking import asking
from weirdgen.trials.names import target_of
from weirdgen.trials.open_arms import OpenArm, identify_all
from weirdgen.trials.open_judges import open_judges, refuse_own_judges
from weirdgen.trials.settings import GateSettings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine with open endpoints."""

    engine: Engine
    arms: tuple[OpenArm, ...]
    """The models that are sampled; judges are not among them."""
    judges: dict[str, Identity]
    """Who answers for the judges' models."""
    ask: Ask
    """Asks them."""


@contextmanager
def open_desk(
    sampled: Mapping[tuple[str, Role], Target],
    judges: Iterable[str],
    settings: GateSettings,
    store: SampleStore,
    say: Say,
    *,
    generation: str = "",
    renewal: str = "",
) -> Iterator[Desk]:
    """Start what must be started, ask every model who it is, and close all again at the end.

    Args:
        sampled: models by name and role.
        judges: models of judges, as the user named them.
        settings: where models are served.
        store: keeps what is drawn.
        say: takes warnings.
        generation: see `identify_all`.
        renewal: see `identify_all`.

    Raises:
        WeirdgenError: a model refuses or cannot be reached, or the organisms' server does not start.
    """
    asked = {model: target_of(model, "judge", settings) for model in dict.fromkeys(judges)}
    targets = {**sampled, **{(model, "judge"): target for model, target in asked.items()}}
    if local := [target.label for target in targets.values() if target.kind == "network"]:
        raise UsageMistake(f"{local[0]!r}: a network in a folder is served by a gate only: pytest --model {local[0]}")
    organisms = sorted({target.model for target in targets.values() if target.kind == "organism"})
    server = OrganismServer(organisms) if organisms else None
    try:
        url = server.url if server else ""
        arms, warnings = asyncio.run(identify_all(dict(sampled), url, generation, renewal))
        opened, told = open_judges(asked, url, store)
        refuse_own_judges(arms, opened)
        for warning in (*warnings, *told):
            say(f"warning: {warning}")
        known = {(arm.identity.model, arm.role): arm for arm in (*arms, *opened)}
        endpoints: dict[tuple[str, Role], ChatEndpoint] = {
            (target.model, target.role): ChatEndpoint(
                target,
                url if target.kind == "organism" else "",
                preset=known[target.model, target.role].identity.preset,
                choices=known[target.model, target.role].choices,
                shutdown_date=known[target.model, target.role].shutdown_date,
            )
            for target in targets.values()
        }
        engine = Engine(store, endpoints, concurrency_max=settings.concurrency)
        try:
            answering = {arm.model: arm.identity for arm in opened}
            yield Desk(engine, tuple(arms), answering, asking(answering, engine.sample))
        finally:
            engine.close()
    finally:
        if server is not None:
            server.close()
