"""What `--gate-store` may name, and that a password is in nothing that is shown of it."""

import pickle
import sys
from pathlib import Path

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.store.database import Database, is_there
from weirdgen.store.place import PostgresUrl, named, place_of


@pytest.mark.parametrize(
    ("text", "shown", "schema"),
    [
        ("postgresql://me:pw@db/gates", "postgresql://me@db/gates", "weirdgen"),
        ("postgres://me:p%40w@db:5433", "postgresql://me@db:5433/", "weirdgen"),
        ("postgresql:///gates?host=/run/pg&password=pw", "postgresql:///gates?host=/run/pg", "weirdgen"),
        ("postgresql://:pw@[::1]:5433,other:5434/g", "postgresql://[::1]:5433,other:5434/g", "weirdgen"),
        (
            "postgresql://me@db/g?sslpassword=pw&options=-csearch_path%3Dteam_1&sslmode=require",
            "postgresql://me@db/g?options=-csearch_path%3Dteam_1",
            "team_1",
        ),
        ("postgresql://db/g?options=-c%20search_path%3Da%20-c%20statement_timeout%3D9s", None, "a"),
    ],
)
def test_an_address_is_shown_without_its_password(text: str, shown: str | None, schema: str) -> None:
    place = place_of(text)
    assert isinstance(place, PostgresUrl)
    assert (str(place), place.secret, place.schema) == (shown or text, text, schema)
    for told in (str(place), repr(place), named(place), f"{place}", f"{[place]}"):
        assert "pw" not in told
        assert "p%40w" not in told
    assert pickle.loads(pickle.dumps(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:p@w:secret@db/g",
        "postgresql://me:secret/1@db/g",
        "postgresql://me:secret?@db/g",
        "postgresql://me:secret#@db/g",
        "postgresql:me:secret@db/g",
        "postgresql://me:secret",
        "postgresql://me:secret@db/g?options=-csearch_path%3D%22%24user%22%2Cpublic",
        "postgresql://me:secret@db/g?options=-csearch_path%3Da;drop",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageMistake, match=r"the store's (address cannot be read|search_path)") as caught:
        place_of(text)
    assert "secret" not in str(caught.value)


def test_everything_else_is_a_file(tmp_path: Path) -> None:
    assert place_of("store.sqlite3") == Path("store.sqlite3")
    assert place_of("a/postgresql://x", tmp_path) == tmp_path / "a/postgresql:/x"
    assert place_of("/abs/s", tmp_path) == Path("/abs/s")


def test_without_the_driver_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("weirdgen.store.postgres", "weirdgen.store.postgres_tables"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for what in (Database, is_there):
        with pytest.raises(UsageMistake, match=r"needs psycopg: pip install 'pytest-weirdgen\[postgres\]'"):
            what(place_of("postgresql://me:pw@127.0.0.1:1/g"))
