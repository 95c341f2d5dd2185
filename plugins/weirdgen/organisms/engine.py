"""The thread that computes: requests go in, futures of answers come out."""

import contextlib
import secrets
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Protocol, TypeVar

from weirdgen.errors import WeirdgenError
from weirdgen.organisms.choice import Answer, Choice, Drawing

T = TypeVar("T")
Answers = Future[tuple[Answer, ...]]
_Work = Callable[[], None]


class Batches(Protocol):
    """Whatever draws the answers of one network, a token of each in turn."""

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        ...

    def add(self, choice: Choice) -> None:
        """Queue a choice; prompt and limit must fit the context."""
        ...

    def step(self) -> None:
        """Draw a token of every running choice."""
        ...


class Engine:
    """Runs the batchers of all served networks in one thread, a token of each in turn."""

    def __init__(self, batchers: Mapping[str, Batches]) -> None:
        self._batchers = dict(batchers)
        self._arrived: list[tuple[str, list[Choice]]] = []
        self._works: list[_Work] = []
        self._changed = threading.Condition()
        self._open: set[Answers] = set()
        self._failure: str | None = None
        self._closing = False
        # A daemon, so that no answer in the making can hold up the end of the process.
        self._thread = threading.Thread(target=self._run, name="weirdgen-organisms", daemon=True)
        self._thread.start()

    def submit(self, name: str, prompt: tuple[int, ...], drawing: Drawing, *, seed: int | None, n: int) -> Answers:
        """Queue a request.

        Args:
            name: of a served network.
            prompt: token ids; prompt and limit together must fit the context.
            drawing: how its choices are drawn.
            seed: None for a fresh one.
            n: choices.

        Returns:
            A future of the n answers by index. Cancelling it drops the work.

        Raises:
            WeirdgenError: the engine is closed, or a defect stopped it.
        """
        request = _Request(n)
        seed = secrets.randbits(63) if seed is None else seed
        choices = [request.choice(prompt, drawing, seed, index) for index in range(n)]
        with self._changed:
            if self._failure is not None or self._closing:
                raise WeirdgenError(f"the engine has stopped: {self._failure or 'closed'}")
            self._open.add(request.future)
            self._arrived.append((name, choices))
            self._changed.notify()
        request.future.add_done_callback(self._forget)
        return request.future

    def compute(self, work: Callable[[], T]) -> Future[T]:
        """Queue something else to be computed by the thread, between two tokens: networks are not used from others.

        Raises:
            WeirdgenError: the engine is closed, or a defect stopped it.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._failure is not None or self._closing:
                raise WeirdgenError(f"the engine has stopped: {self._failure or 'closed'}")
            self._works.append(lambda: _fulfil(future, work))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Stop; open futures are cancelled."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        for future in list(self._open):
            future.cancel()

    def _forget(self, future: Answers) -> None:
        with self._changed:
            self._open.discard(future)

    def _run(self) -> None:
        try:
            while self._collect():
                for batcher in self._batchers.values():
                    if batcher.busy:
                        batcher.step()
        except Exception as error:  # a defect: every request gets to know, none waits for ever
            traceback.print_exc()
            with self._changed:
                self._failure = repr(error)
            for future in list(self._open):
                with contextlib.suppress(InvalidStateError):  # cancelled meanwhile
                    future.set_exception(error)

    def _collect(self) -> bool:
        """Hand what arrived to the batchers, waiting while there is nothing to do; False when closing."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closing
                    or self._arrived
                    or self._works
                    or any(batcher.busy for batcher in self._batchers.values())
                )
            )
            arrived, self._arrived = self._arrived, []
            works, self._works = self._works, []
        for work in works:
            work()
        for name, choices in arrived:
            for choice in choices:
                self._batchers[name].add(choice)
        return not self._closing


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    """Do a piece of work, unless nobody waits for it any more; its failure is for who waits, not for the engine."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)


class _Request:
    """The choices of one request and the future they fulfil together."""

    def __init__(self, n: int) -> None:
        self.future: Answers = Future()
        self._answers: list[Answer | None] = [None] * n

    def choice(self, prompt: tuple[int, ...], drawing: Drawing, seed: int, index: int) -> Choice:
        """Return one choice of the request."""

        def finish(answer: Answer) -> None:
            self._answers[index] = answer
            answers = tuple(answer for answer in self._answers if answer is not None)
            # False: cancelled meanwhile; nobody waits.
            if len(answers) == len(self._answers) and self.future.set_running_or_notify_cancel():
                self.future.set_result(answers)

        return Choice(prompt, drawing, seed, index, finish, self.future.cancelled)
