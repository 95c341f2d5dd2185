"""How many requests an endpoint takes at once: found by trying, as TCP finds a link's capacity."""

import asyncio
import heapq
import itertools

START = 8
ORGANISM_MOST = 16
"""Requests in flight to an organism, at most: its server shares this machine's CPU, and the client's connection pool
costs 3.3 ms of CPU per sample with 16 connections but 6.0 ms with 64 (measured: 268 against 142 samples/s)."""


class AdaptiveLimit:
    """A first-come, first-served limit that grows on success and halves on overload.

    It doubles per window of successes until the first overload and then grows by one per window (additive increase,
    multiplicative decrease). It grows only while requests wait, and halves at most once per window, so that a burst
    of refusals to requests sent under the old limit counts once. Used from one event loop only.
    """

    def __init__(self, most: int, *, start: int = START) -> None:
        """Begin at `start` requests at once, never more than `most`."""
        if most < 1:
            raise ValueError(f"concurrency {most!r}: expected at least 1")
        self.limit = min(start, most)
        self._most = most
        self._in_flight = 0
        self._waiting: list[tuple[int, int, asyncio.Future[int]]] = []
        self._order = itertools.count()
        self._doubling = True
        self._credit = 0
        self._epoch = 0
        self._open_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        """Requests between `acquire` and `release`."""
        return self._in_flight

    async def acquire(self, ticket: int, *, held: bool = False) -> int:
        """Wait for a slot; the lowest ticket goes first, so a retry keeps its place.

        Args:
            ticket: place in the queue.
            held: give a slot back, but only after queueing for the next one.

        Returns:
            The current window, to be given back to `overloaded`.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (ticket, next(self._order), future))
        self._in_flight -= held
        self._admit()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._in_flight -= 1
        self._admit()

    def succeeded(self) -> None:
        """Count an answer; grow if the limit was what held requests back."""
        if not self._waiting or self.limit >= self._most:
            return
        self._credit += 1
        if self._doubling or self._credit >= self.limit:
            self.limit += 1
            self._credit = 0
            self._admit()

    def overloaded(self, window: int) -> None:
        """Halve, unless the request's window has already been answered by halving."""
        if window != self._epoch:
            return
        self._epoch += 1
        self._doubling = False
        self._credit = 0
        self.limit = max(1, self.limit // 2)

    def pause(self, seconds: float) -> None:
        """Let no request start for that long; the longest pause asked for holds."""
        self._open_at = max(self._open_at, asyncio.get_running_loop().time() + seconds)

    def fail_waiting(self, error: Exception) -> None:
        """Wake all that wait with an error."""
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(error)

    def close(self) -> None:
        """Drop the alarm of a pause."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _admit(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            if self._waiting[0][2].done():
                heapq.heappop(self._waiting)
                continue
            if self._closed():
                return
            future = heapq.heappop(self._waiting)[2]
            self._in_flight += 1
            future.set_result(self._epoch)

    def _closed(self) -> bool:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._open_at:
            return False
        if self._alarm is None or self._alarm.when() < self._open_at:
            self.close()
            self._alarm = loop.call_at(self._open_at, self._admit)
        return True


def most_at_once(kind: str, concurrency_max: int) -> int:
    """Return how many requests may be in flight to a model of a kind (`Target.kind`), at most."""
    here = kind in ("organism", "network")
    return min(concurrency_max, ORGANISM_MOST) if here else concurrency_max
