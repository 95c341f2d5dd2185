"""The exception tree. Every message names the subject, the value got, what was expected, and the fix.

    WeirdgenError
    ├── UsageMistake            the user's words are wrong: option, probe file, model name, environment
    │   └── CatalogError        a probe file, with file and key
    ├── EndpointError           the endpoint did not give a sample
    │   ├── EndpointRefused     it answered that it never will (401, 404, unsupported parameter, wrong address)
    │   └── EndpointOutage      it may later (time-outs, 429, 5xx, broken bodies), after all retries
    ├── BudgetSpent             a request may cost more than is left of the gate's budget
    ├── StoreError              the sample store cannot be read or written
    ├── NotRecorded             a replay asks for a sample that its cassette does not hold
    ├── JudgeError              a judge cannot be used (no rules or rubric, or another model answers for it)
    ├── ShardsUnfit             the shards of a gate cannot be merged: one is missing, or was asked for something else
    └── EvidenceError           a report could not be written, or reads back differently

Rooms refine it where only they need to tell cases apart (`endpoints.faults`, `organisms.wire`). While the gate opens,
the plugin turns every one into pytest's own one-line usage error; in a trial, endpoint, store, judge and replay errors
become INVALID verdicts. EvidenceError becomes exit status 12.
"""

import difflib
from collections.abc import Callable, Iterable


class WeirdgenError(Exception):
    """Root of everything weirdgen raises on purpose."""


class UsageMistake(WeirdgenError):
    """Something the user wrote cannot be used; the message says what to write instead."""


class CatalogError(UsageMistake):
    """A probe file is wrong; the message starts with the file and the key."""


class EndpointError(WeirdgenError):
    """An endpoint did not give a sample."""

    requests: int = 1
    """Requests that reached a server until it was raised."""


class EndpointRefused(EndpointError):
    """The endpoint will never answer this request: configuration, not weather."""


class EndpointOutage(EndpointError):
    """The endpoint did not answer in time after all retries; the same request may work later."""


class BudgetSpent(WeirdgenError):
    """What a request may cost is not left of the gate's budget."""


class StoreError(WeirdgenError):
    """The sample store cannot be read or written."""


class ShardsUnfit(WeirdgenError):
    """The shards in a store do not make one gate."""


class NotRecorded(WeirdgenError):
    """A replay asks for a sample that its cassette does not hold.

    What comes nearest is looked up when the message is read: of thousands that are missing at once, one is told.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        super().__init__()
        self._describe = describe

    def __str__(self) -> str:
        return self._describe()


class JudgeError(WeirdgenError):
    """A judge cannot be used for these answers."""


class JudgeChanged(JudgeError):
    """Another model answers for a judge than the one that was measured."""


class EvidenceError(WeirdgenError):
    """A report could not be written, or what was written reads back differently."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known word, or the list of all known words.

    Args:
        word: what the user wrote.
        known: the words that would have been accepted.
    """
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(map(repr, words))}." if words else ""
