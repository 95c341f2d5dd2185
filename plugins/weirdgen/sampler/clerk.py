"""The store beside the loop: calls that come together are one transaction."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from weirdgen.store.database import StoreBusy
from weirdgen.store.store import SampleStore

T = TypeVar("T")
_MOST = 256
"""Errands in one transaction: the loop and other processes wait for some milliseconds at most."""


class _Errand(NamedTuple):
    """Calls that are made one after the other, and who waits for them."""

    calls: list[Callable[[], Any]]
    future: "asyncio.Future[Any]"
    alone: bool
    """It is one call, whose result is the future's, not a list of results."""


class Clerk:
    """Makes calls in the order of `do`, those of one turn of the loop together. Used from one event loop only.

    One transaction per call costs as much as a request. A thread makes it worse, since after every statement it waits
    up to 5 ms for the interpreter, so that it is used only while another process holds the file, or for a store on a
    server, which answers in milliseconds: what comes meanwhile goes into the next transaction.
    """

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "weirdgen-store")
        self._waiting: list[_Errand] = []
        self._called = False

    def do(self, method: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
        """Call a method of the store, even if the future is cancelled; it is done once what was written is committed.

        The future raises StoreError where nothing was written.
        """
        return self._wait_for([partial(method, *arguments)], alone=True)

    def do_all(self, method: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> "asyncio.Future[list[T]]":
        """Call a method of the store for each of some arguments, as `do`; where calls fail, raise what the first did.

        The samples of a response wait for one future instead of one each.
        """
        return self._wait_for([partial(method, *each) for each in arguments], alone=False)

    def close(self) -> None:
        """End the thread. Everything that was awaited is done."""
        self._thread.shutdown(wait=True)

    def _wait_for(self, calls: list[Callable[[], Any]], *, alone: bool) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(_Errand(calls, future, alone))
        if not self._called:
            self._called = True
            loop.call_soon(self._start)
        return future

    def _start(self) -> None:
        errands, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        calls = [call for errand in errands for call in errand.calls]
        try:
            results = self._store.together(calls, wait=False)
        except StoreBusy:
            made = asyncio.get_running_loop().run_in_executor(self._thread, self._store.together, calls)
            made.add_done_callback(partial(self._made, errands))
        except Exception as error:
            self._end(errands, [error] * len(calls))
        else:
            self._end(errands, results)

    def _made(self, errands: list[_Errand], made: "asyncio.Future[list[Any]]") -> None:
        fault = asyncio.CancelledError() if made.cancelled() else made.exception()
        calls = sum(len(errand.calls) for errand in errands)
        self._end(errands, made.result() if fault is None else [fault] * calls)

    def _end(self, errands: list[_Errand], results: list[Any]) -> None:
        left = iter(results)
        for errand in errands:
            given = list(islice(left, len(errand.calls)))
            if errand.future.done():
                continue
            fault = next((result for result in given if isinstance(result, BaseException)), None)
            if fault is not None:
                errand.future.set_exception(fault)
            else:
                errand.future.set_result(given[0] if errand.alone else given)
        self._called = bool(self._waiting)
        if self._called:
            asyncio.get_running_loop().call_soon(self._start)
