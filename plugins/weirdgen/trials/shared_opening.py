"""One opening for all shards of a gate: the first one asks, the others wait for it and go by what it found.

Without it each shard would pay for an opening of its own, find another backend where several take turns, and count
what the others drew as reused.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import Target
from weirdgen.errors import EndpointRefused, StoreError
from weirdgen.schema.canonical import canonical_json, digest
from weirdgen.schema.sample import Identity, Role
from weirdgen.store.openings import KeptOpening
from weirdgen.store.owner import new_owner
from weirdgen.store.shards import Cut
from weirdgen.store.store import Claim, SampleStore
from weirdgen.trials.inspection import Served

LEASE_SECONDS = 180.0
"""How long a shard on another machine that died while it asked is waited for: an opening takes seconds."""
_LOOK_SECONDS = 0.2


def shared(store: SampleStore, cut: Cut, ask: Callable[[], KeptOpening]) -> tuple[KeptOpening, bool]:
    """Return the opening of a gate that is cut into shards, and whether it was asked for here.

    Args:
        store: of the gate.
        cut: the gate.
        ask: asks the endpoints; what it raises is this shard's alone, and another one asks next.

    Raises:
        StoreError: another version of weirdgen keeps it.
    """
    owner, key = new_owner(), digest(["opening", *cut])
    while True:
        if kept := store.cut_opening(cut):
            return _read(kept), False
        if store.claim(key, owner, LEASE_SECONDS) is Claim.MINE:
            try:
                if kept := store.cut_opening(cut):  # it was finished between the two looks
                    return _read(kept), False
                asked = ask()
                counts = _read(store.keep_cut_opening(cut, canonical_json(asked.model_dump(mode="json"))))
                return counts, counts == asked
            finally:
                store.release(key, owner)
        time.sleep(_LOOK_SECONDS)


def _read(kept: str) -> KeptOpening:
    try:
        return KeptOpening.model_validate_json(kept)
    except ValueError:
        raise StoreError("the opening of this gate's shards was written by another version of weirdgen") from None


def check_joined(
    arms: Mapping[tuple[str, Role], Identity], targets: Mapping[tuple[str, Role], Target], served: Served
) -> None:
    """Refuse to join where somebody else answers here than answered the shard that opened the gate.

    Files are compared, and of servers the date of the model in their lists, which costs nothing. What changes later is
    noticed in the answers, as in any gate.

    Args:
        arms: who was opened, by model as named and role.
        targets: whom this shard asks.
        served: where organisms and networks are, and their digests.

    Raises:
        EndpointRefused: a server cannot be reached, or a model is another one.
    """
    for key, identity in arms.items():
        target = targets[key]
        if identity.digest:
            if served.digest_of(target) != identity.digest:
                raise EndpointRefused(
                    f"{key[0]!r}: its files here are not those of the shard that opened this gate; install the same "
                    "version of weirdgen, and name the same files, on all machines"
                )
            continue
        created = asyncio.run(_created(target, served.url_of(target)))
        if None not in (created, identity.created) and created != identity.created:
            raise EndpointRefused(
                f"{key[0]!r} at {identity.base_url}: its server says that it was made at {created}, and said "
                f"{identity.created} when this gate was opened: it was replaced meanwhile; run all shards again, with "
                "--gate-fresh"
            )


async def _created(target: Target, url: str) -> int | None:
    endpoint = ChatEndpoint(target, url)
    try:
        listing = await endpoint.listing()
    finally:
        await endpoint.aclose()
    return listing.created.get(target.model) if listing else None
