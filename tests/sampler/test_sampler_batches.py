"""An engine whose endpoint has a Batch API: waves, one submission, and what becomes of lost ones."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer
from scripted_endpoint import FakeEndpoint, request

from weirdgen.endpoints.batched import BatchedEndpoint, SentLine
from weirdgen.endpoints.models import Kind, parse_target
from weirdgen.endpoints.prices import Price
from weirdgen.errors import BatchPending, BudgetSpent, EndpointOutage, EndpointRefused
from weirdgen.organisms import batch_jobs
from weirdgen.sampler import batches, waves
from weirdgen.sampler.batches import chunks
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
from weirdgen.sampler.lane import Endpoint
from weirdgen.schema.sample import Identity, Message, Role, SampleRequest, Sampling
from weirdgen.store.accounts import Account, Amount
from weirdgen.store.batches import BatchBook, KeptBatch, KeptLine
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore

SUBMIT = "POST batches"
WAIT = 60.0
Start = Callable[..., Engine]


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer(lambda body: body["messages"][-1]["content"]) as running:
        yield running


@pytest.fixture
def begin(server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr(batches, "SETTLE_SECONDS", 0.5)
    opened: list[tuple[Engine, SampleStore]] = []

    def make(wait: float = WAIT, judge: FakeEndpoint | None = None, label: str = "tiny", **options: Any) -> Engine:
        target = parse_target(label, base_url=server.url, role="treated", environ={})
        store = SampleStore(tmp_path / "store.sqlite3")
        arms: dict[tuple[str, Role], Endpoint] = {("tiny", "treated"): BatchedEndpoint(target, server.url, key="none")}
        arms |= {(judge.target.model, "judge"): judge} if judge else {}
        opened.append((Engine(store, arms, batch_wait=wait, **options), store))
        return opened[-1][0]

    yield make
    server.go_on.set()
    for engine, store in opened:
        engine.close()
        store.close()


def asked(server: BatchServer, number: int, kind: Kind = "endpoint", **sampling: Any) -> SampleRequest:
    return SampleRequest(
        identity=Identity(kind=kind, model="tiny", base_url=server.url if kind == "endpoint" else ""),
        role="treated",
        messages=(Message(role="user", content=f"q{number}"),),
        sampling=Sampling(**sampling),
        replicate=0,
    )


def some(server: BatchServer, many: int = 5) -> list[SampleRequest]:
    return [asked(server, number) for number in range(many)]


def begun(engine: Engine, requests: list[SampleRequest]) -> "Future[list[Drawn]]":
    async def all_of_them() -> list[Drawn]:
        return list(await asyncio.gather(*map(engine.sample, requests)))

    return engine.submit(all_of_them())


def draw(engine: Engine, *requests: SampleRequest) -> list[Drawn]:
    return begun(engine, list(requests)).result(WAIT)


def test_what_is_asked_together_is_one_batch_but_for_the_first(begin: Start, server: BatchServer) -> None:
    engine = begin()
    drawn = draw(engine, *some(server))
    assert [one.sample.text for one in drawn] == [f"q{number}" for number in range(5)]
    assert [bool(one.sample.batch) for one in drawn] == [False, True, True, True, True]
    assert not any(one.reused for one in drawn)
    assert (server.asked[SUBMIT], server.live.total(), server.lines.total()) == (1, 1, 4)
    assert (engine.stats.samples, engine.stats.requests, engine.stats.in_batches) == (5, 5, 0)
    assert draw(engine, *some(server)) == drawn
    assert server.asked[SUBMIT] == 1


def test_what_is_tried_out_stays_claimed(begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[str] = []
    plain = SampleStore.release

    def release(store: SampleStore, key: str, owner: str) -> None:
        released.append(key)
        plain(store, key, owner)

    monkeypatch.setattr(SampleStore, "release", release)
    draw(begin(), *some(server))
    assert released == []


def test_each_kind_of_parameters_is_tried_by_itself(begin: Start, server: BatchServer) -> None:
    draw(begin(), *some(server), *(asked(server, number, max_tokens=7) for number in range(5)))
    assert (server.asked[SUBMIT], server.live.total(), server.lines.total()) == (1, 2, 8)


def test_a_wave_takes_along_what_is_expected_once(begin: Start, server: BatchServer) -> None:
    engine, many = begin(), some(server, 20)
    engine.submit(_expect(engine, many)).result(WAIT)
    draw(engine, *many[:3])
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 19)
    engine.submit(_expect(engine, None)).result(WAIT)
    assert len(draw(engine, *many)) == 20
    assert server.asked[SUBMIT] == 1


async def _expect(engine: Engine, requests: list[SampleRequest] | None) -> None:
    engine.expect("trial", None if requests is None else lambda: requests)


def test_a_submission_whose_answer_is_lost_is_found_and_not_repeated(begin: Start, server: BatchServer) -> None:
    server.broken[SUBMIT] = 1
    assert len(draw(begin(), *some(server))) == 5
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 4)


def test_a_session_ends_although_its_server_does_not_say_whether_there_is_a_batch(
    begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.broken.update({SUBMIT: 1, "GET batches": 1000})
    first = begin(wait=0)
    with pytest.raises(BatchPending, match="a batch that is being submitted is not over"):
        draw(first, *some(server))
    first.close()
    server.broken.clear()
    monkeypatch.setattr(batches, "is_dead", lambda _: True)  # the next session is another process
    assert len(draw(begin(), *some(server))) == 5
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 4)


def test_an_upload_that_fails_is_tried_again(begin: Start, server: BatchServer) -> None:
    server.broken["POST files"] = 1
    assert len(draw(begin(), *some(server))) == 5
    assert (server.asked["POST files"], server.asked[SUBMIT], server.lines.total()) == (2, 1, 4)


def test_an_upload_that_always_fails_is_an_outage(begin: Start, server: BatchServer) -> None:
    server.broken["POST files"] = 9
    with pytest.raises(EndpointOutage, match="3 batches brought no answer"):
        draw(begin(), *some(server))


def test_a_server_that_fails_for_a_while_is_asked_on(begin: Start, server: BatchServer) -> None:
    server.broken.update({"GET batches/ID": 2, "GET files/ID/content": 1})
    assert len(draw(begin(), *some(server))) == 5
    assert server.lines.total() == 4


def test_what_is_in_a_batch_is_nobodys_else_and_collected_by_whoever_comes(
    begin: Start, server: BatchServer, tmp_path: Path
) -> None:
    server.go_on.clear()
    first = begin(wait=0)
    with pytest.raises(BatchPending, match=r"batch batch_\w+ \(in_progress, 0 of 4 requests done\) is not over"):
        draw(first, *some(server))
    first.close()
    with SampleStore(tmp_path / "store.sqlite3") as store:
        assert store.claim(asked(server, 3).key, "other|1|1|x") is Claim.BUSY
        second = begun(begin(), some(server))
        time.sleep(1.0)
        server.go_on.set()
        assert len(second.result(WAIT)) == 5
        assert BatchBook(store.database).pending(server.url, "tiny") == []
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 4)


def name_files(monkeypatch: pytest.MonkeyPatch, *names: str | None) -> None:
    """Let completed batches tell other names of their files first."""
    plain, left = batch_jobs.Job.card.fget, list(names)  # type: ignore[attr-defined]

    def card(job: batch_jobs.Job) -> dict[str, Any]:
        said: dict[str, Any] = plain(job)
        return said | ({"output_file_id": left.pop(0)} if left and said["status"] == "completed" else {})

    monkeypatch.setattr(batch_jobs.Job, "card", property(card))


def test_files_that_a_completed_batch_does_not_name_yet_are_waited_for(
    begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_files(monkeypatch, None, None)
    assert len(draw(begin(), *some(server))) == 5
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 4)


def test_a_batch_with_a_file_that_cannot_be_asked_for_is_kept(
    begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_files(monkeypatch, "x" * 513)
    first = begin()
    with pytest.raises(EndpointRefused, match="names a file by an id that cannot be sent back"):
        draw(first, *some(server))
    first.close()
    assert len(draw(begin(), *some(server))) == 5
    assert (server.asked[SUBMIT], server.lines.total()) == (1, 4)


@pytest.mark.parametrize(("label", "kind"), [("tiny", "endpoint"), ("organism:tiny", "organism")])
def test_a_batch_that_its_server_does_not_know_is_asked_again_only_of_an_organism(
    begin: Start, server: BatchServer, label: str, kind: Kind
) -> None:
    """It may have been paid for under another key; an embedded server is another one in each session."""
    server.go_on.clear()
    requests = [asked(server, number, kind) for number in range(3)]
    first = begin(wait=0, label=label)
    with pytest.raises(BatchPending):
        draw(first, *requests)
    first.close()
    server.forget()
    server.go_on.set()
    if kind == "endpoint":
        with pytest.raises(EndpointRefused, match="is not there for this key"):
            draw(begin(label=label), *requests)
    else:
        assert len(draw(begin(label=label), *requests)) == 3
    assert server.asked[SUBMIT] == 1 + (kind == "organism")


def test_a_batch_of_another_process_s_own_server_is_left_to_it(
    begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.go_on.clear()
    requests = [asked(server, number, "organism") for number in range(3)]
    first = begin(wait=0, label="organism:tiny")
    with pytest.raises(BatchPending):
        draw(first, *requests)
    first.close()
    server.forget()
    monkeypatch.setattr(batches, "_process", str)  # each engine is a process
    second = begin(wait=0, label="organism:tiny")
    with pytest.raises(BatchPending):
        draw(second, *requests)
    second.close()
    assert server.asked[SUBMIT] == 1
    monkeypatch.setattr(batches, "is_dead", lambda _: True)
    server.go_on.set()
    assert len(draw(begin(label="organism:tiny"), *requests)) == 3


def test_two_engines_collect_one_batch_without_asking_twice(begin: Start, server: BatchServer) -> None:
    server.go_on.clear()
    one = begun(begin(), some(server))
    while not server.asked[SUBMIT]:
        time.sleep(0.02)
    other = begun(begin(), some(server, 6))
    time.sleep(1.5)
    server.go_on.set()
    assert len(one.result(WAIT)) == 5
    assert len(other.result(WAIT)) == 6
    assert server.lines.total() + server.live.total() == 6


def counted(dollars: float) -> Budget:
    """Return a budget for a model whose answers of 12 tokens cost $12, and in a batch $6."""
    prices = {"tiny": Price(input=1_000_000, output=1_000_000, batch=0.5)}
    return Budget(Account("gate", dollars, None), prices)


def test_batches_cost_what_they_cost_and_money_is_held_for_them(
    begin: Start, server: BatchServer, tmp_path: Path
) -> None:
    server.go_on.clear()
    first = begin(wait=0, budget=counted(10_000))
    with pytest.raises(BatchPending):
        draw(first, *some(server))
    first.close()
    with SampleStore(tmp_path / "store.sqlite3") as store:
        assert store.spent("gate") == Amount(12 + 4 * (2 + 20 + 400) * 0.5, 5)
        server.go_on.set()
        draw(begin(budget=counted(10_000)), *some(server))
        assert store.spent("gate") == Amount(12 + 4 * 6, 5)


def test_what_the_budget_does_not_hold_is_not_submitted(begin: Start, server: BatchServer) -> None:
    engine = begin(budget=counted(1000))
    ended = [begun(engine, [one]) for one in some(server)]
    assert all(one.exception(WAIT) is None for one in ended)  # what is held for some is settled, then others are asked
    assert (server.asked[SUBMIT], server.lines.total(), server.live.total()) == (1, 4, 1)
    engine.close()
    with pytest.raises(BudgetSpent):
        draw(begin(budget=counted(100)), asked(server, 99))


def test_a_wave_goes_off_although_a_judge_waits_for_the_money_that_it_holds(
    begin: Start, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "PATIENCE_SECONDS", 1.0)
    budget = Budget(
        Account("gate", 1000, None), {name: Price(input=1e6, output=1e6, batch=0.5) for name in ("tiny", "m")}
    )
    engine = begin(judge=FakeEndpoint(role="judge"), budget=budget)
    treated = begun(engine, some(server, 4))
    time.sleep(0.2)
    judge = begun(engine, [request(role="judge")])
    assert len(treated.result(WAIT)) == 4
    assert len(judge.result(WAIT)) == 1


def test_a_judge_does_not_wait_for_money_of_a_batch_that_nobody_waits_for(begin: Start, server: BatchServer) -> None:
    server.go_on.clear()
    budget = Budget(Account("gate", None, 5), {})
    engine = begin(wait=0, judge=FakeEndpoint(role="judge"), budget=budget)
    with pytest.raises(BatchPending):
        draw(engine, *some(server))
    with pytest.raises(BatchPending, match="holds what it may cost"):
        draw(engine, request(role="judge"))
    engine.close()
    server.go_on.set()
    collecting = begin(judge=FakeEndpoint(role="judge"), budget=budget)
    assert len(draw(collecting, *some(server))) == 5
    with pytest.raises(BudgetSpent):
        draw(collecting, request(role="judge"))


def test_a_live_request_does_not_wait_for_a_batch_that_has_it(store: SampleStore) -> None:
    line, owner = request(), new_owner()
    assert store.claim(line.key, owner) is Claim.MINE
    BatchBook(store.database).begin(KeptBatch("t", "", "u", "m", owner, 1.0), [KeptLine(line, {})])
    engine = Engine(store, {("m", "treated"): FakeEndpoint()})
    try:
        with pytest.raises(BatchPending, match="has this request"):
            draw(engine, line)
    finally:
        engine.close()


def test_nothing_is_asked_ahead_of_half_the_budget(begin: Start, server: BatchServer) -> None:
    engine, many = begin(budget=counted(1100)), some(server, 20)
    engine.submit(_expect(engine, many)).result(WAIT)
    draw(engine, *many[:4])
    assert server.lines.total() == 3


def test_lines_are_split_as_a_server_takes_them() -> None:
    lines = [(None, SentLine(b"x" * size, {})) for size in (4, 4, 4, 9, 1, 1, 1, 1)]
    sizes = [[len(line.text) for _, line in part] for part in chunks(lines, 3, 10)]  # type: ignore[arg-type]
    assert sizes == [[4, 4], [4], [9, 1], [1, 1, 1]]
    assert list(chunks([])) == []
