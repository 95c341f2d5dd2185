"""One live line on a terminal while items wait for their trials."""

import time
from collections.abc import Callable
from types import TracebackType

import pytest

from weirdgen.trials.gate import Counts

SHOW_AFTER = 0.5
"""Seconds: a gate that answers from the store at once should not flicker."""


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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._reporter is not None:
            self._reporter.rewrite("", erase=True)


def _line(counts: Counts) -> str:
    return (
        f"weirdgen: {counts.decided}/{counts.trials} trials decided, {counts.samples:,} samples "
        f"({counts.reused:,} from the store), {counts.samples_per_second:.0f}/s, {counts.seconds:.0f} s"
    )
