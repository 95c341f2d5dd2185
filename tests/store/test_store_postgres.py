"""What only a server can do to a store: be gone, be another program's, be shared by machines whose clocks differ."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from cutting_proxy import Cut, CuttingProxy
from postgres_server import PASSWORD, Server
from stored import answered, asked, begin, fill, opened, rows, server_model

from weirdgen.cli import main
from weirdgen.errors import StoreError
from weirdgen.schema.sample import Sample
from weirdgen.store import postgres_tables
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.connection import Connection
from weirdgen.store.database import StoreBusy, is_there
from weirdgen.store.inventory import take_inventory
from weirdgen.store.owner import new_owner
from weirdgen.store.place import PostgresUrl, place_of
from weirdgen.store.steps import SCHEMA_VERSION, STEPS
from weirdgen.store.store import Claim, SampleStore

OWNER = new_owner()
CHARGE = Charge(Account("gate", 100.0, None), Amount(1.0, 1))


@pytest.fixture
def url(postgres: Server) -> PostgresUrl:
    return postgres.url()


@pytest.fixture
def store(url: PostgresUrl) -> Iterator[SampleStore]:
    with SampleStore(url) as opened:
        yield opened


@pytest.fixture
def proxy(postgres: Server) -> Iterator[CuttingProxy]:
    running = CuttingProxy(postgres.port)
    yield running
    running.close()


def run(url: PostgresUrl, *statements: str) -> list[tuple[Any, ...]]:
    """Run SQL as another program would; return the rows of the last statement."""
    with psycopg.connect(url.secret, autocommit=True) as raw:
        cursor = raw.cursor()
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def cut(url: PostgresUrl) -> None:
    """End all other connections to the server."""
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND client_port > 0")


def put(store: SampleStore, number: int, dollars: float = 0.25) -> Any:
    cost = "gate", Amount(dollars, 1)
    return partial(store.put, asked(number), answered(asked(number), str(number)), OWNER, cost)


def test_there_is_a_store_once_it_was_opened(url: PostgresUrl) -> None:
    assert not is_there(url)
    SampleStore(url).close()
    assert is_there(url)
    assert run(url, "SELECT nspname FROM pg_namespace WHERE nspname = 'weirdgen'") == [], (
        "the address names another one"
    )


def test_several_that_make_a_store_at_the_same_time_make_one(url: PostgresUrl) -> None:
    with ThreadPoolExecutor(6) as threads:
        stores = list(threads.map(SampleStore, [url] * 6))
    assert stores[0].claim(asked(0).key, OWNER) is Claim.MINE
    assert [store.claim(asked(0).key, new_owner()) for store in stores[1:]] == [Claim.BUSY] * 5
    for store in stores:
        store.close()


def test_another_programs_schema_and_a_newer_store_are_left_alone(url: PostgresUrl) -> None:
    run(url, f"CREATE SCHEMA {url.schema}", f"CREATE TABLE {url.schema}.theirs (x int)")
    with pytest.raises(StoreError, match=r"another program's; name another one with \?options=-csearch_path"):
        SampleStore(url)
    run(url, f"DROP TABLE {url.schema}.theirs")
    SampleStore(url).close()
    run(url, "UPDATE weirdgen_store SET version = 99")
    with pytest.raises(StoreError, match=r"version 99.*upgrade"):
        SampleStore(url)


def test_a_store_of_an_earlier_version_is_brought_up_to_date(url: PostgresUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(postgres_tables, "STEPS", STEPS[:5])
        earlier.setattr(postgres_tables, "SCHEMA_VERSION", 5)
        with SampleStore(url) as store:
            put(store, 0)()
    assert take_inventory(url).version == 5, "which changes nothing"
    with SampleStore(url) as store:
        assert store.get(asked(0).key) == answered(asked(0), "0")
        assert store.openings("none yet") == []
    found = take_inventory(url)
    assert (found.version, found.sound, found.accounts) == (SCHEMA_VERSION, True, [("gate", 0.25, 1, 0.0, 0)])


def test_a_role_without_rights_is_told_which_it_lacks(postgres: Server, url: PostgresUrl) -> None:
    run(url, "CREATE ROLE guest LOGIN PASSWORD 'guest-secret'")
    guest = place_of(url.secret.replace(f"tester:{PASSWORD}", "guest:guest-secret"))
    assert isinstance(guest, PostgresUrl)
    with pytest.raises(StoreError, match=r"permission denied.*give the role its rights \(docs/store.md\)"):
        SampleStore(guest)
    fill(url, asked(0))
    run(
        url,
        f"GRANT USAGE ON SCHEMA {url.schema} TO guest",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {url.schema} TO guest",
    )
    assert take_inventory(guest).models[0].samples == 1
    with SampleStore(guest) as store:
        assert store.get(asked(0).key) == answered(asked(0))
        with pytest.raises(StoreError, match="permission denied"):
            store.put(asked(1), answered(asked(1)), OWNER)


def test_no_message_has_the_password(postgres: Server, url: PostgresUrl, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = place_of(url.secret.replace(PASSWORD, "wrong-secret"))
    away = place_of(url.secret.replace(f":{postgres.port}/", ":1/"))
    for place, words in ((wrong, "password authentication failed"), (away, "Connection refused")):
        assert isinstance(place, PostgresUrl)
        with pytest.raises(StoreError, match=f"sample store '{place.shown[:20]}.*{words}") as caught:
            SampleStore(place)
        assert "secret" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert main(["store", "info", place.secret]) == 2
    told = capsys.readouterr()
    assert told.err.count("sample store 'postgresql://tester@") == 2
    assert "secret" not in told.out + told.err
    assert PASSWORD not in told.out + told.err


def test_a_network_is_never_waited_for_where_nobody_may_wait(store: SampleStore) -> None:
    with pytest.raises(StoreBusy):
        store.together([partial(store.get, asked(0).key)], wait=False)
    assert store.together([put(store, 0), partial(store.get, asked(0).key)])[1] == answered(asked(0), "0")


def test_a_connection_that_was_lost_is_made_again(store: SampleStore, url: PostgresUrl) -> None:
    put(store, 0)()
    for ask in (
        partial(store.get, asked(0).key),
        put(store, 1),
        partial(store.clock),
        lambda: store.together([put(store, 2)]),
    ):
        cut(url)
        assert ask()
    with opened(url) as database:
        cut(url)
        with database.snapshot() as connection:
            assert len(connection.execute("SELECT key FROM samples").fetchall()) == 3
    assert store.spent("gate") == (0.75, 3)


def test_a_transaction_that_was_lost_is_made_again_and_nothing_twice(store: SampleStore, url: PostgresUrl) -> None:
    calls = [partial(store.claim, asked(0).key, OWNER, 60.0, CHARGE), put(store, 1), partial(cut, url), put(store, 2)]
    results = store.together(calls)
    assert [results[0], results[1].text, results[3].text] == [Claim.MINE, "1", "2"]
    assert store.spent("gate") == (1.5, 3), "what is held, and what two samples cost"
    with opened(url) as database:

        def lost() -> None:
            with database.writing() as connection:
                connection.execute("DELETE FROM samples")
                cut(url)
                connection.execute("DELETE FROM holds")

        with pytest.raises(StoreError, match="; check the server"):
            lost()
    assert len(rows(url)["samples"]) == 2


def test_a_statement_that_fails_unseen_undoes_all(store: SampleStore, url: PostgresUrl) -> None:
    """What is sent and not waited for fails at the commit, or at the next answer that is waited for."""

    def broken(connection: Connection) -> None:
        connection.execute("INSERT INTO stops VALUES ('a', 'b')")
        connection.execute("INSERT INTO stops VALUES ('a', 'c')")

    def alone() -> None:
        with store._database.writing() as connection:
            broken(connection)

    def swallowed() -> None:
        with store._database.writing() as connection:
            broken(connection)
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT 1").fetchone()

    for fails, words in ((alone, "duplicate key value"), (swallowed, "one of its statements has failed|aborted")):
        with pytest.raises(StoreError, match=words):
            fails()
        assert rows(url)["stops"] == []
        results = store.together([put(store, 0), fails, put(store, 1)])
        assert [type(result) for result in results] == [Sample, StoreError, Sample]
        assert rows(url)["stops"] == []
    assert store.spent("gate").requests == 4
    assert len(rows(url)["samples"]) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_that_was_not_answered_happens_once(
    url: PostgresUrl, postgres: Server, proxy: CuttingProxy, moment: Cut
) -> None:
    """Either it is done again, or it is found done: what a sample cost is never booked twice, nor lost."""
    way = place_of(url.secret.replace(f":{postgres.port}/", f":{proxy.port}/"))
    with SampleStore(way) as store:
        put(store, 0)()
        proxy.cut = moment
        assert [one.text for one in store.together([put(store, 1), put(store, 2)])] == ["1", "2"]
        assert proxy.cuts == 1
        assert store.spent("gate") == (0.75, 3)
        proxy.cut = moment
        if moment == "after":
            assert put(store, 3)().text == "3"
        else:
            with pytest.raises(StoreError, match="; check the server"):
                put(store, 3)()
        assert (proxy.cuts, store.spent("gate").requests) == (2, 4 if moment == "after" else 3)


def test_a_server_that_starts_again_is_waited_for(store: SampleStore, postgres: Server) -> None:
    put(store, 0)()
    postgres.stop()
    again = threading.Timer(0.5, postgres.start)
    again.start()
    assert store.together([put(store, 1)])[0].text == "1"
    again.join()
    assert store.count_since(0) == 2


def test_what_is_read_row_by_row_may_be_left_in_the_middle(url: PostgresUrl) -> None:
    fill(url, *(asked(n) for n in range(300)), text="x" * 5000)
    with opened(url) as database:
        for _ in range(2):
            with database.snapshot() as connection:
                for number, row in enumerate(connection.execute("SELECT sample FROM samples")):
                    if number == 5:
                        assert "xxxx" in row[0]
                        break
                assert connection.execute("SELECT count(*) FROM samples").fetchone() == (300,)
        with pytest.raises(StoreError, match="division by zero"), database.snapshot() as connection:
            list(connection.execute("SELECT 1 / 0"))
        with database.writing() as connection:
            assert connection.execute("DELETE FROM samples").rowcount == 300


def test_leases_go_by_the_servers_clock(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600.0)  # this machine's is wrong
    assert abs(store.clock() - real()) < 60
    key, elsewhere = asked(0).key, "another-machine/1/1|7|1|x"
    assert store.claim(key, elsewhere) is Claim.MINE
    assert store.claim(key, OWNER) is Claim.BUSY
    put(store, 1)()
    assert store.count_since(real() - 60) == 1
    assert store.count_since(real() + 60) == 0


def test_what_cannot_be_text_there_is_refused_as_a_whole(store: SampleStore, url: PostgresUrl) -> None:
    calls = [put(store, 0), partial(store.first_stop, "a\0b", "stop"), put(store, 1)]
    results = store.together(calls)
    assert isinstance(results[1], StoreError)
    assert "NUL" in str(results[1])
    assert [results[0].text, results[2].text] == ["0", "1"]
    with pytest.raises(StoreError, match="NUL"):
        store.first_stop("a\0b", "stop")
    assert rows(url)["stops"] == []


def test_the_commands_take_an_address(url: PostgresUrl, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cassette, store = tmp_path / "c.jsonl", f"--gate-store={url.secret}"
    assert main(["store", "prune", store, "--model", "tiny"]) == 2
    assert main(["store", "export", store, "--out", str(cassette)]) == 2
    assert "there is no store in that database" in capsys.readouterr().err
    assert not is_there(url)
    fill(url, asked(0, identity=server_model("tiny")), asked(1), text="a\0b")
    begin(url, "line", server_model("tiny"))
    assert main(["store", "export", store, "--out", str(cassette)]) == 0
    assert main(["store", "prune", store, "--model", "tiny"]) == 0
    assert "deleted 1 samples" in capsys.readouterr().out
    assert main(["store", "import", store, str(cassette)]) == 0
    assert "samples: 1 new, 1 known, 0 conflicting" in capsys.readouterr().out
    assert main(["store", "info", url.secret]) == 0
    told = capsys.readouterr()
    assert f"{url.shown}: " in told.out
    assert "sound" in told.out
    assert PASSWORD not in told.out + told.err
    run(url, "UPDATE samples SET sample = '{'")
    assert main(["store", "info", url.secret]) == 1
