"""The store beside the loop: calls that come together are one transaction."""

import asyncio
import concurrent.futures
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from weirdgen.store.database import StoreBusy
from weirdgen.store.store import SampleStore

T = TypeVar("T")
_Call = tuple["asyncio.Future[Any]", Callable[[], Any]]
_MOST = 256
"""Calls in one transaction: the loop and other processes wait for some milliseconds at most."""


class Clerk:
    """Makes calls in the order of `do`, those of one turn of the loop together. Used from one event loop only.

    One transaction per call costs as much as a request. A thread makes it worse, since after every statement it waits
    up to 5 ms for the interpreter, so that it is used only while another process holds the file.
    """

    def __init__(self, store: SampleStore) -> None:
        self._store = store
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "weirdgen-store")
        self._waiting: list[_Call] = []
        self._called = False

    def do(self, method: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
        """Call a method of the store, even if the future is cancelled; it is done once what was written is committed.

        The future raises StoreError where nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((future, partial(method, *arguments)))
        if not self._called:
            self._called = True
            loop.call_soon(self._start)
        return future

    def close(self) -> None:
        """End the thread. Everything that was awaited is done."""
        self._thread.shutdown(wait=True)

    def _start(self) -> None:
        calls, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            results = self._store.together([call for _, call in calls], wait=False)
        except StoreBusy:
            made = asyncio.get_running_loop().run_in_executor(
                self._thread, self._store.together, [call for _, call in calls]
            )
            made.add_done_callback(partial(self._made, calls))
        except Exception as error:
            self._end(calls, [error] * len(calls))
        else:
            self._end(calls, results)

    def _made(self, calls: list[_Call], made: "asyncio.Future[list[Any]]") -> None:
        fault = asyncio.CancelledError() if made.cancelled() else made.exception()
        self._end(calls, made.result() if fault is None else [fault] * len(calls))

    def _end(self, calls: list[_Call], results: list[Any]) -> None:
        for (future, _), result in zip(calls, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._called = bool(self._waiting)
        if self._called:
            asyncio.get_running_loop().call_soon(self._start)
