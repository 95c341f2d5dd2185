"""One live line on a terminal while items wait for their trials."""

import contextlib
import time
from collections.abc import Callable
from types import TracebackType

import pytest

from weirdgen.trials.gate import Counts

SHOW_AFTER = 0.5
"""Seconds: a gate that answers from the store at once should not flicker."""


def uncaptured(config: pytest.Config) -> contextlib.AbstractContextManager[None]:
    """Return in what a test shows something at once: pytest keeps what is printed meanwhile for the test's report."""
    manager = config.pluginmanager.get_plugin("capturemanager")
    return contextlib.nullcontext() if manager is None else manager.global_and_fixture_disabled()


class Progress:
    """Shows trials decided, samples, rate and time; says nothing on anything but a terminal."""

    def __init__(self, config: pytest.Config, counts: Callable[[], Counts]) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        live = isinstance(reporter, pytest.TerminalReporter) and reporter.isatty and reporter.verbosity >= 0
        self._reporter: pytest.TerminalReporter | None = reporter if live else None
        self._counts = counts
        self._since = time.monotonic()
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def show(self) -> None:
        """Rewrite the line."""
        if self._reporter is None or time.monotonic() - self._since < SHOW_AFTER:
            return
        if not self._shown:
            self._reporter.ensure_newline()
            self._shown = True
        self._reporter.rewrite(_line(self._counts()), erase=True)

    def clear(self) -> None:
        """Remove the line, for another one."""
        if self._shown and self._reporter is not None:
            self._reporter.rewrite("", erase=True)
            self._shown = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


def _line(counts: Counts) -> str:
    batched = f"{counts.in_batches:,} requests in batches, " if counts.in_batches else ""
    return (
        f"weirdgen: {counts.decided}/{counts.trials} trials decided, {batched}{counts.samples:,} samples "
        f"({counts.reused:,} from the store), {counts.samples_per_second:.0f}/s, {counts.seconds:.0f} s"
    )
