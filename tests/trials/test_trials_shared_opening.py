"""One opening for all shards: asked for once, whoever is first, and joined only where the same models answer."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer
from stored import ORGANISM, server_model

from weirdgen.endpoints.models import Target
from weirdgen.errors import EndpointOutage, EndpointRefused, StoreError
from weirdgen.organisms import zoo
from weirdgen.schema.sample import Identity, Role
from weirdgen.schema.shard import Shard
from weirdgen.store.openings import KeptOpening
from weirdgen.store.shards import Asked, Cut
from weirdgen.store.store import SampleStore
from weirdgen.trials.inspection import Served
from weirdgen.trials.shared_opening import check_joined, shared

TREATED: tuple[str, Role] = ("tiny", "treated")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def cut_of(store: SampleStore) -> Cut:
    return store.begin_shard(Asked("line", "plan", ""), Shard(1, 2), "s", max_age=60.0, fresh=False)


def opening(at: float = 1.0) -> KeptOpening:
    return KeptOpening(token="t", line="line", opened_at=at, opening={"arms": []})


def test_whoever_comes_while_it_is_asked_for_waits_and_asks_nobody(store: SampleStore) -> None:
    cut, asked, found = cut_of(store), list[int](), list[tuple[KeptOpening, bool]]()

    def ask() -> KeptOpening:
        asked.append(1)
        time.sleep(0.3)
        return opening(at=float(len(asked)))

    threads = [threading.Thread(target=lambda: found.append(shared(store, cut, ask))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(asked) == 1
    assert [kept for kept, _ in found] == [opening()] * 4
    assert sorted(here for _, here in found) == [False, False, False, True]


def test_a_shard_that_finds_nobody_leaves_the_asking_to_the_next(store: SampleStore) -> None:
    cut = cut_of(store)

    def ask() -> KeptOpening:
        raise EndpointOutage("nobody answers")

    with pytest.raises(EndpointOutage):
        shared(store, cut, ask)
    assert shared(store, cut, opening) == (opening(), True)


def test_an_opening_of_another_version_is_no_opening(store: SampleStore) -> None:
    cut = cut_of(store)
    store.keep_cut_opening(cut, '{"token": 1}')
    with pytest.raises(StoreError, match="was written by another version of weirdgen"):
        shared(store, cut, opening)


def joined(identity: Identity, url: str = "") -> None:
    target = Target(identity.model, "treated", identity.kind, identity.model, url or None, key_env=())
    check_joined({TREATED: identity}, {TREATED: target}, Served())


def test_an_organism_is_joined_where_its_files_are_the_same() -> None:
    joined(ORGANISM.model_copy(update={"digest": zoo.digest(ORGANISM.model)}))
    with pytest.raises(EndpointRefused, match="its files here are not those of the shard that opened this gate"):
        joined(ORGANISM)


def test_a_model_that_was_replaced_behind_its_name_is_not_joined() -> None:
    with ChatServer(lambda _: "Ship.") as server:
        for created in (1, None):
            joined(server_model("tiny").model_copy(update={"base_url": server.url, "created": created}), server.url)
        assert server.total == server.words == 0, "its list of models is all that is asked for"
        with pytest.raises(EndpointRefused, match="says that it was made at 1, and said 5 when this gate was opened"):
            joined(server_model("tiny").model_copy(update={"base_url": server.url, "created": 5}), server.url)


def test_a_server_that_is_gone_is_told_at_once() -> None:
    with ChatServer(lambda _: "Ship.") as server:
        url = server.url
    with pytest.raises(EndpointRefused, match="cannot reach it"):
        joined(server_model("tiny").model_copy(update={"base_url": url}), url)
