"""The store's database and its transactions. Every error of it leaves here as a StoreError that names the store."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from weirdgen.errors import StoreError, UsageMistake
from weirdgen.store.connection import Connection, Driver
from weirdgen.store.place import StorePlace, named
from weirdgen.store.sqlite import SqliteFile


class StoreBusy(StoreError):
    """Another thread or process uses the store, or a network is between, and nobody was to wait for it."""


class Spoilt(StoreError):
    """A part of a shared transaction failed, so that all of it was undone."""


class Database:
    """One connection to a file or a server, shared by the threads of a process under a lock."""

    def __init__(self, place: StorePlace, *, prepared: bool = True) -> None:
        """Open the store.

        Args:
            place: of the store.
            prepared: make it if there is none, and bring it up to date; else it is only looked at.

        Raises:
            UsageMistake: what it needs is not installed.
            StoreError: it is not ours, newer, damaged, or cannot be reached or written.
        """
        self.place = place
        self._driver = driver_of(place)
        self._lock = threading.RLock()
        self._guard = _Guard(self._lock, self._driver, named(place))
        self._together = self._begun = self._spoilt = False
        try:
            with self._guard:
                if prepared:
                    self._driver.prepare()
        except BaseException:
            self._driver.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection for single statements that only read."""
        with self._guard:
            yield self._driver.connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give the connection inside one read transaction: all statements see the same moment, whoever writes."""
        with self._guard:
            self._driver.begin(write=False)
            try:
                yield self._driver.connection
            finally:
                self._driver.rollback()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection inside one write transaction: all of it happens, or nothing.

        Within `together` it is a part of that one, and what fails spoils it.
        """
        with self._guard:
            if not self._together:
                self._driver.begin(write=True)
            elif not self._begun:
                # Before it is true: where the store cannot be locked, no other part must wait for the lock again.
                self._begun = True
                self._driver.begin(write=True)
            elif not self.written:
                raise self._broken()
            try:
                yield self._driver.connection
                if not self._together:
                    self._driver.commit()
            except BaseException:
                self._spoilt = self._together
                # A commit that fails may leave the transaction open, and the next would fail for that.
                if not self._together:
                    self._driver.rollback()
                raise

    @property
    def written(self) -> bool:
        """Whether a write transaction is under way, so that what is read now holds until its end."""
        return self._driver.in_transaction

    @contextlib.contextmanager
    def together(self, *, wait: bool = True) -> Iterator[None]:
        """Make one transaction of all that is written inside, begun with the first write: nothing holds before the end.

        A commit costs more than all that a sample writes, so what comes at the same time shares one.

        Args:
            wait: for another thread or process that uses the store, and for a network.

        Raises:
            StoreBusy: not `wait`, and it would have to be waited for; nothing was written.
            Spoilt: a part failed, or the connection, which there is again; nothing was written.
            StoreError: nothing was written.
        """
        if (self._driver.waits and not wait) or not self._lock.acquire(blocking=wait):
            raise StoreBusy(f"{named(self.place)}: in use")
        try:
            with self._guard, contextlib.nullcontext() if wait else self._driver.impatient(), self._shared():
                yield
                # None was begun in a store that is locked, or it was given up: for one error (a full disk), for a lost
                # connection.
                if self._begun and not self.written:
                    if not wait:
                        raise StoreBusy(f"{named(self.place)}: in use")
                    if not self._driver.undone():
                        raise self._broken()
                    self._spoilt = True
                if self._spoilt:
                    raise Spoilt(f"{named(self.place)}: a part failed")
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _shared(self) -> Iterator[None]:
        self._together = True
        try:
            yield
            if self._begun:
                self._commit()
        finally:
            self._together = self._begun = self._spoilt = False
            self._driver.rollback()

    def _commit(self) -> None:
        try:
            self._driver.commit()
        except Exception as error:
            if self._driver.undone():
                raise Spoilt(f"{named(self.place)}: {self._driver.told(error)}") from None
            raise

    def _broken(self) -> StoreError:
        return StoreError(f"{named(self.place)}: its transaction could not be begun or ended; {self._driver.advice}")

    def check(self) -> None:
        """Look for damage in the store's structure, where that takes a moment only.

        Raises:
            StoreError: there is some.
        """
        with self._guard:
            self._driver.check()

    def shrink(self) -> None:
        """Give the room of deleted rows back.

        Raises:
            StoreError: another process holds the store, or there is no room for the copy that SQLite makes meanwhile.
        """
        with self._guard:
            self._driver.shrink()

    def version(self) -> int:
        """Return the version of the store's tables.

        Raises:
            StoreError: it is not ours, or newer.
        """
        with self._guard:
            return self._driver.version()

    def size(self) -> int:
        """Return the bytes that the store takes."""
        with self._guard:
            return self._driver.size()

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        with self._lock:
            self._driver.close()


def driver_of(place: StorePlace) -> Driver:
    """Return a connection to a store.

    Raises:
        UsageMistake: what it needs is not installed.
        StoreError: it cannot be reached.
    """
    if isinstance(place, Path):
        return SqliteFile(place)
    with _installed():
        from weirdgen.store.postgres import PostgresServer
    return PostgresServer(place)


def is_there(place: StorePlace) -> bool:
    """Whether there is a store, without making one.

    Raises:
        UsageMistake: what it needs is not installed.
        StoreError: the server cannot be reached.
    """
    if isinstance(place, Path):
        return place.is_file()
    with _installed():
        from weirdgen.store.postgres import has_store
    return has_store(place)


@contextlib.contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise UsageMistake(
            f"a store in PostgreSQL needs {error.name}: pip install 'pytest-weirdgen[postgres]'"
        ) from None


class _Guard:
    """Holds the lock, and tells the driver's errors as our own. May be entered again inside."""

    def __init__(self, lock: threading.RLock, driver: Driver, name: str) -> None:
        self._lock, self._driver, self._name = lock, driver, name

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        if told := self._driver.told(error):
            raise StoreError(f"{self._name}: {told}") from None
