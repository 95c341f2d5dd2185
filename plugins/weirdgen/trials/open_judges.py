"""Judges opened: who answers for them, and that it is not the gated model."""

import asyncio
from collections.abc import Sequence

from weirdgen.endpoints.models import OPENAI_URL, Target
from weirdgen.errors import EndpointError, UsageMistake
from weirdgen.schema.canonical import digest
from weirdgen.schema.sample import Identity
from weirdgen.store.store import SampleStore
from weirdgen.trials.open_arms import OpenArm, identify_all
from weirdgen.trials.paid import Till

JUDGE_MAX_AGE = 7 * 24 * 3600.0
"""Seconds for which the replies of a judge are used again that may change behind its name."""


def open_judges(
    targets: dict[str, Target],
    organism_url: str,
    store: SampleStore,
    *,
    fresh: bool = False,
    till: Till | None = None,
) -> tuple[list[OpenArm], list[str]]:
    """Ask who answers for each judge; return them opened, and warnings for people.

    What a judge said is kept and used again for `JUDGE_MAX_AGE`, its gold answers included: a judge that may change
    behind its name is measured anew after that, and at once if it calls itself something else.

    Args:
        targets: by the name that the user gave.
        organism_url: of the embedded server; empty: no organism is among them.
        store: keeps since when a judge is asked.
        fresh: ask judges anew that may have changed.
        till: pays; None: nobody counts.

    Raises:
        EndpointError: a judge refuses or cannot be reached.
    """
    arms, warnings = [], []
    for model, target in targets.items():
        line = digest(["judge", target.base_url or "", target.model])
        generation = store.generation(line, "", max_age=JUDGE_MAX_AGE, now=store.clock(), fresh=fresh)
        try:
            opened, told = asyncio.run(identify_all({(model, "judge"): target}, organism_url, generation, "", till))
        except EndpointError as error:
            raise type(error)(f"judge: {error}") from None
        arms += [arm.model_copy(update={"identity": _without_flapping(arm.identity)}) for arm in opened]
        warnings += [f"judge {note}" for note in told]
    return arms, warnings


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


def _without_flapping(identity: Identity) -> Identity:
    """Return an identity without the fingerprint at OpenAI, where several answer under one name at the same time."""
    return identity.model_copy(update={"fingerprint": ""}) if identity.base_url == OPENAI_URL else identity
