"""A replay: a gate that runs from a cassette. Nothing is started, nobody is asked, the user's store is not touched."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from weirdgen.endpoints.models import OPENAI_URL, Target
from weirdgen.errors import NotRecorded, UsageMistake, nearest
from weirdgen.schema.plan import Plan
from weirdgen.schema.run import Replayed
from weirdgen.schema.sample import Role, Sample, SampleRequest
from weirdgen.schema.text import shown
from weirdgen.store.cassette import OpeningRecord, read_cassette
from weirdgen.store.database import Database
from weirdgen.store.loading import load
from weirdgen.store.nearest import asked
from weirdgen.store.store import SampleStore
from weirdgen.trials.names import target_of
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.open_judges import refuse_own_judges
from weirdgen.trials.opening import OpenGate, Opening, one_model_twice, wanted_arms
from weirdgen.trials.settings import GateSettings


class ReplayEndpoint:
    """What stands where an endpoint would be: it can only refuse, and says what the cassette has instead."""

    def __init__(self, target: Target, url: str, store: SampleStore, file: str) -> None:
        """Name it.

        Args:
            target: which model, in which role.
            url: of the endpoint that answered when the cassette was recorded; empty for an organism.
            store: holds the cassette.
            file: the cassette, for messages.
        """
        self.target = target
        self.url = url
        self.requests = 0
        self.choices = 1
        self._store = store
        self._file = file

    async def complete(self, *requests: SampleRequest) -> list[Sample]:
        """Refuse.

        Raises:
            NotRecorded: always.
        """
        raise NotRecorded(
            lambda: (
                f"{self._file} does not hold {asked(requests[0])}; {self._store.nearest_to(requests[0])}. A replay "
                "asks nobody: run the gate without --gate-replay to draw it, and export the store again"
            )
        )

    async def aclose(self) -> None:
        """Do nothing: nothing was opened."""


def open_replay(plan: Plan, settings: GateSettings, cassette: Path) -> OpenGate:
    """Put a cassette into a store of its own, and open the gate as it was opened when that was recorded.

    Raises:
        UsageMistake: the cassette cannot be read, or a model of this gate was not recorded.
        StoreError: there is no room for the store.
    """
    read = read_cassette(cassette)
    recorded = _recorded([one for one in read.records() if isinstance(one, OpeningRecord)], plan, cassette)
    arms = [_arm(recorded, model, role, settings, cassette) for model, role in wanted_arms(plan)]
    warnings = [warning for one in recorded for warning in one.warnings if any(a in one.arms for a in arms)]
    refuse_own_judges([a for a in arms if a.role != "judge"], [a for a in arms if a.role == "judge"])
    warnings += one_model_twice(plan, arms)
    folder = Path(tempfile.mkdtemp(prefix="weirdgen-replay-"))
    try:
        database = Database(folder / "store.sqlite3")
        try:
            load(database, read.records())
        finally:
            database.close()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    opening = Opening(
        arms=tuple(arms),
        generation=recorded[0].generation,
        plan_sha256=plan.sha256,
        opened_at=time.time(),
        warnings=tuple(dict.fromkeys(warnings)),
        studies={model: study for one in reversed(recorded) for model, study in one.studies.items()},
        replay=Replayed(file=_name(cassette, settings.root), sha256=read.sha256),
        replay_store=str(folder / "store.sqlite3"),
    )
    return OpenGate(opening, None, folder)


def _recorded(kept: Sequence[OpeningRecord], plan: Plan, cassette: Path) -> list[Opening]:
    """Return the cassette's openings: those of the same line first, later ones before earlier ones."""
    if not kept:
        raise UsageMistake(
            f"--gate-replay {str(cassette)!r}: holds no opening of a gate, so that nobody knows who answered; stores "
            "keep them since version 6: run the gate once more, and export its store again"
        )
    ordered = sorted(kept, key=lambda one: (one.line != plan.line, -one.opened_at))
    try:
        return [Opening.of(one) for one in ordered]
    except ValueError:
        raise UsageMistake(
            f"--gate-replay {str(cassette)!r}: its openings cannot be read by this version of weirdgen; replay it with "
            "the one that recorded it, which its first line names"
        ) from None


def _arm(recorded: Sequence[Opening], model: str, role: Role, settings: GateSettings, cassette: Path) -> OpenArm:
    """Return a model in a role as it was opened, in the same line of gates if possible.

    Raises:
        UsageMistake: it was not recorded, or at another server.
    """
    target = target_of(model, role, settings)
    url = "" if target.kind in ("organism", "network") else target.base_url or OPENAI_URL
    arms = [arm for one in recorded for arm in one.arms]
    named = [arm for arm in arms if (arm.model, arm.role) == (model, role)]
    found = next((arm for arm in named if arm.identity.base_url == url), None)
    if found is not None:
        return found
    refused = f"--gate-replay {str(cassette)!r}: {model!r} as {role}"
    if named:
        places = " and ".join(dict.fromkeys(repr(shown(arm.identity.base_url, 80)) for arm in named))
        raise UsageMistake(f"{refused} was recorded at {places}, and this gate has it at {url!r}; name that server")
    known = {shown(arm.model, 80) for arm in arms if arm.role == role}
    raise UsageMistake(f"{refused} was not recorded.{nearest(model, known)}")


def _name(cassette: Path, root: Path) -> str:
    return shown(str(cassette.relative_to(root) if cassette.is_relative_to(root) else cassette))
