"""Models opened: their servers asked who answers, and whether all that a model may say can be drawn there."""

from collections.abc import Iterable
from typing import Literal

from weirdgen.endpoints.choices import find_choices
from weirdgen.endpoints.identity import identify
from weirdgen.endpoints.models import Target
from weirdgen.endpoints.purity import find_purity
from weirdgen.errors import EndpointRefused
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.sample import Identity, Purity, Role
from weirdgen.trials.inspection import Served
from weirdgen.trials.paid import Till, opening_endpoint

SamplingState = Literal["whole", "truncated", "unknown"]


class OpenArm(Frozen):
    """A model in a role, ready to be sampled."""

    model: str
    """As the user named it."""
    role: Role
    identity: Identity
    any_name: bool = False
    """Whether its server answers under any name, so that its own tells nothing."""
    purity: Purity = Purity(state="whole")
    """Whether its server cuts off rare answers; of a judge it does not matter."""
    choices: int = 1
    """Answers that its server gives in one response."""
    fingerprints: tuple[str, ...] = ()
    """Backends (`system_fingerprint`) that answered while it was opened; another one later on is a change."""
    shutdown_date: str = ""
    """When its server stops to serve it, if the server says."""

    @property
    def told(self) -> dict[str, str | int | None]:
        """As a run record tells it."""
        return self.identity.model_dump() | {
            "sampling": self.purity.state,
            "sampling_text": self.purity.text,
            "fingerprints": ", ".join(self.fingerprints),
            "shutdown_date": self.shutdown_date,
        }


def truncation(arm: OpenArm) -> str:
    """Return how an arm's server is known to cut off rare answers, and what to do about it; empty if it is not."""
    if arm.purity.state != "truncated":
        return ""
    return (
        f"{arm.model!r} at {arm.identity.base_url} is not sampled as it is at temperature 1: {arm.purity.text}. What "
        "is rare would never show. Switch off top_k, min_p and penalties at the server, or serve it with vLLM or "
        "llama-server, where weirdgen does that"
    )


def refuse_truncated(arm: OpenArm) -> None:
    """Refuse a model at a server that cuts off rare answers.

    Raises:
        EndpointRefused: it does.
    """
    if cut := truncation(arm):
        raise EndpointRefused(cut)


async def identify_all(
    targets: dict[tuple[str, Role], Target],
    organism_url: str,
    generation: str,
    renewal: str,
    till: Till | None = None,
    served: Served | None = None,
) -> tuple[list[OpenArm], list[str]]:
    """Ask each endpoint who it is; return the arms with their identities, and warnings for people.

    Args:
        targets: by model as named, and role.
        organism_url: of the embedded server; empty: no organism is among them.
        generation: under which models are drawn from that may change behind their name.
        renewal: under which all others are.
        till: pays; None: nobody counts.
        served: where organisms and networks are; None: organisms at `organism_url`.

    Raises:
        EndpointError: an endpoint refuses or cannot be reached.
        BudgetSpent: asking may cost more than is left.
    """
    arms, warnings = [], []
    served = served or Served(organism_url)
    for (model, role), target in targets.items():
        endpoint = opening_endpoint(target, served.url_of(target), till)
        try:
            found = await identify(endpoint, organism_digest=served.digest_of(target), generation=generation)
            sampled = target.kind not in ("organism", "network") and role != "judge"
            purity = await find_purity(endpoint, found.identity.fingerprint) if sampled else Purity(state="whole")
            choices = await find_choices(endpoint) if sampled else 1
        finally:
            await endpoint.aclose()
        asked_with = {"preset": endpoint.preset if sampled else ""}
        asked_with |= {} if found.identity.generation else {"generation": renewal}
        identity = found.identity.model_copy(update=asked_with)
        arms.append(
            OpenArm(
                model=model,
                role=role,
                identity=identity,
                any_name=found.any_name,
                purity=purity,
                choices=choices,
                fingerprints=tuple(sorted(endpoint.fingerprints)) if found.identity.kind == "endpoint" else (),
                shutdown_date=endpoint.shutdown_date,
            )
        )
        if endpoint.shutdown_date:
            warnings.append(f"{model} at {endpoint.url}: will not be served after {endpoint.shutdown_date}")
        if purity.state != "whole":
            warnings.append(f"{model} at {endpoint.url}: {purity.text}")
        warnings += [f"{model}: {note}" for note in found.warnings]
    return arms, list(dict.fromkeys(warnings))


def worst_sampling(states: Iterable[SamplingState]) -> SamplingState:
    """Return the worst of what is known of several servers."""
    known = set(states)
    return "truncated" if "truncated" in known else "unknown" if "unknown" in known else "whole"
