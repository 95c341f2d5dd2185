"""What `--gate-store` names: a file, or a schema in a PostgreSQL database. A password is in no text that is shown."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from weirdgen.errors import UsageMistake

SCHEMA = "weirdgen"
"""Where the tables are, unless the address says otherwise."""
_HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[^:\[\],@/?#]*)(?::\d*)?"
_URL = re.compile(
    rf"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::[^@/?#]*)?@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"(?:/(?P<database>[^@/?#]*))?(?:\?(?P<query>[^#]*))?"
)
_SHOWN = ("host", "hostaddr", "port", "dbname", "user", "options")
"""Parameters that tell which store it is. Others may be secrets."""
_SEARCH_PATH = re.compile(r"(?:-c\s*|--)search_path=(\S*)")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, repr=False)
class PostgresUrl:
    """The address of a PostgreSQL database."""

    secret: str = field()
    """With its password: for the driver alone."""
    shown: str
    """Without: as messages, logs and records have it."""
    schema: str = SCHEMA

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"PostgresUrl({self.shown!r})"


StorePlace = Path | PostgresUrl


def place_of(text: str, root: Path | None = None) -> StorePlace:
    """Return what a user named as a store.

    Args:
        text: a file, or an address that begins with ``postgresql://``.
        root: folder that files are relative to; None: where the process runs.

    Raises:
        UsageMistake: the address cannot be read; the message does not repeat it, since a password may be in it.
    """
    if re.match(r"postgres(ql)?:", text):
        return _address(text)
    return (root or Path()) / text


def named(place: StorePlace) -> str:
    """Return what a store is called in messages."""
    return f"sample store {str(place)!r}"


def nothing_at(place: StorePlace) -> str:
    """Return what is said where there is no store."""
    return "no such file" if isinstance(place, Path) else "no store in that database"


def _address(text: str) -> PostgresUrl:
    found = _URL.fullmatch(text)
    if found is None:
        raise UsageMistake(
            "the store's address cannot be read; it is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, where "
            "':', '/', '@', '?', '#' and '%' in a user, password or name are written as %3A, %2F, %40, %3F, %23, %25"
        )
    user, hosts, database, query = (found[name] or "" for name in ("user", "hosts", "database", "query"))
    pairs = re.findall(r"(?:^|&)([^=&]*)=([^&]*)", query)
    told = "&".join(f"{name}={value}" for name, value in pairs if name in _SHOWN)
    shown = f"postgresql://{user}{'@' if user else ''}{hosts}/{database}{'?' if told else ''}{told}"
    return PostgresUrl(text, shown, _schema_of(dict(parse_qsl(query)).get("options", "")))


def _schema_of(options: str) -> str:
    """Return the schema that the parameter `options` of an address names."""
    paths = _SEARCH_PATH.findall(options)
    if not paths:
        return SCHEMA
    if not _NAME.fullmatch(paths[-1]):
        raise UsageMistake(
            f"the store's search_path={unquote(paths[-1])!r}: name one schema, of lower-case letters, digits and '_'"
        )
    return str(paths[-1])
