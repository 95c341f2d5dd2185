"""An arm opened after samples of it were deleted: a finetune is another one from then on, its trials new attempts."""

from pathlib import Path

import pytest
from stored import ORGANISM, asked, fill, server_model

from weirdgen.schema.sample import Identity
from weirdgen.store.database import Database
from weirdgen.store.pruning import Choice, prune
from weirdgen.store.store import SampleStore
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening, continued, renewed

FINETUNE = Identity(kind="finetune", model="ft:base:org::1", base_url="https://api.openai.com/v1", served="ft:base")
OTHER = FINETUNE.model_copy(update={"model": "ft:base:org::2"})


def arm(identity: Identity) -> OpenArm:
    return OpenArm(model=identity.model, role="treated", identity=identity)


@pytest.mark.parametrize("renewal", ["", "fresh"])
def test_only_a_finetune_whose_samples_were_deleted_is_renewed(tmp_path: Path, renewal: str) -> None:
    gated = FINETUNE.model_copy(update={"generation": renewal})
    fill(tmp_path / "s", asked(0, identity=gated), asked(0), asked(0, identity=server_model("tiny")))
    everybody = [arm(one) for one in (gated, OTHER, ORGANISM, server_model("tiny"))]
    with SampleStore(tmp_path / "s") as store:
        assert [renewed(one, store) for one in everybody] == everybody
    database = Database(tmp_path / "s")
    assert prune(database, Choice(before=1e12), gates_since=0.0, force=True, dry_run=False).samples == 3
    database.close()
    with SampleStore(tmp_path / "s") as store:
        first, *others = [renewed(one, store) for one in everybody]
        again = renewed(arm(gated), store)
    assert others == everybody[1:]
    assert first.identity.generation.startswith(renewal)
    assert len(first.identity.generation) == len(renewal) + 32
    assert again == first, "the same for all later runs"
    assert asked(0, identity=first.identity).key != asked(0, identity=gated).key


def test_an_opening_is_kept_without_what_passes_with_the_session() -> None:
    opening = Opening(
        arms=(arm(FINETUNE),), organism_url="http://127.0.0.1:1", generation="g", plan_sha256="p", opened_at=5.0
    )
    kept = opening.kept("line")
    assert (kept.token, kept.line, kept.opened_at) == ("g", "line", 5.0)
    assert [(one.model, one.role, one.identity) for one in kept.arms] == [("ft:base:org::1", "treated", FINETUNE)]
    assert kept.opening.keys().isdisjoint({"organism_url", "replay", "replay_store", "opened_at"})


def backends(first: str, *others: str, model: str = "tiny") -> OpenArm:
    identity = server_model(model).model_copy(update={"fingerprint": first})
    return arm(identity).model_copy(update={"fingerprints": tuple(sorted({first, *others}))})


def test_a_backend_that_takes_turns_with_the_first_one_continues_its_gate() -> None:
    again = continued(backends("b", "a"), [backends("a", "c")])
    assert again.identity.fingerprint == "a"
    assert again.fingerprints == ("a", "b", "c"), "what was drawn from them is no drift"


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [backends("a", "b")],  # the first one is gone
        [backends("a", model="other")],
        [backends("a").model_copy(update={"role": "control"})],
    ],
)
def test_another_model_is_opened_as_it_is(earlier: list[OpenArm]) -> None:
    now = backends("b", "c") if earlier and "b" in earlier[0].fingerprints else backends("b", "a")
    assert continued(now, earlier) == now
