"""Whether drawn tokens come from the whole distribution that a server reports, or only from its likely part.

A server that cuts the tail (top-k, min-p, a lower temperature) never, or too seldom, draws what by its own report has a
small chance. Before a token is drawn its report bounds the chance of the tail from below, so a product of likelihood
ratios is an e-process under pure sampling, however tokens depend on those before, and by Ville's inequality reaches
1/alpha with probability at most alpha (statistics specification, section 1).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALPHA = 1e-4
"""Chance of calling a pure sampler truncated by one tail, at most."""
_SHARES = (0.0, 0.25, 0.5)
"""How often the tail is drawn under truncation, relative to its chance; the e-process is their mean."""
_LEAST_CHANCE, _MOST_CHANCE = 1e-3, 1 - 1e-3
"""Chances outside these are rounding, or leave nothing to cut."""
_LEAST_EXPECTED, _LEAST_SHARE = 10.0, 0.5
"""What must be expected of a tail, and which share of it be seen, to say that it is not cut."""
_MIN_P = 0.05
"""Of servers that cut what is less likely than this, relative to the likeliest token (llama.cpp)."""
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class Token:
    """A drawn token as a server reports it: natural logarithms of chances at temperature 1."""

    own: float
    listed: tuple[float, ...]
    """Of the likeliest tokens; at least one."""


@dataclass(frozen=True, slots=True)
class TailEvidence:
    """What was seen of a tail."""

    expected: float
    """Tokens of the tail under pure sampling, at least."""
    seen: int
    log_e: float
    """Natural logarithm of the e-value against pure sampling."""

    @property
    def truncated(self) -> bool:
        """Whether pure sampling is rejected at `ALPHA`."""
        return self.log_e >= -math.log(ALPHA)

    @property
    def whole(self) -> bool:
        """Whether the tail came about as often as it had to."""
        return not self.truncated and self.expected >= _LEAST_EXPECTED and self.seen >= _LEAST_SHARE * self.expected


def tails(tokens: Iterable[Token], temperature: float) -> tuple[TailEvidence, ...]:
    """Test three tails: what is not listed, and what is unlikelier than min-p cuts before or after the temperature.

    Args:
        tokens: in the order in which they were drawn.
        temperature: that they were drawn at, at least 1: above 1 tails are fatter, and fewer tokens tell.
    """
    cuts = (None, math.log(_MIN_P), temperature * math.log(_MIN_P))
    drawn = list(tokens)
    return tuple(tail_evidence(_place(token, temperature, cut) for token in drawn) for cut in cuts)


def tail_evidence(places: Iterable[tuple[float, bool]]) -> TailEvidence:
    """Test whether a tail is drawn as often as its chances say.

    Args:
        places: of each token the chance, known before it was drawn, that it is of the tail, or a lower bound of it, in
            [0, 1]; and whether it was.
    """
    log_es = [0.0] * len(_SHARES)
    expected, seen = 0.0, 0
    for chance, hit in places:
        if _LEAST_CHANCE <= chance <= _MOST_CHANCE:
            expected, seen = expected + chance, seen + hit
            log_es = [log_e + _log_ratio(share, chance, hit) for log_e, share in zip(log_es, _SHARES, strict=True)]
    return TailEvidence(expected, seen, _log_mean(log_es))


def _place(token: Token, temperature: float, cut: float | None) -> tuple[float, bool]:
    """Return the least chance of a tail, and whether the token is of it.

    Tokens that are not listed have the rest m of the chances, each at most the least listed one q, so that at
    temperature T their weights sum to at least m q^(1/T - 1).

    Args:
        token: the drawn one.
        temperature: T.
        cut: logarithm of the tail's bound relative to the likeliest token; None: the tail is what is not listed.
    """
    top, least = max(token.listed), min(token.listed)
    bound = least if cut is None else top + cut
    if bound < least:
        return 0.0, False  # of what is not listed some may be above the bound: nothing is known
    rest = max(0.0, 1.0 - sum(map(math.exp, token.listed)))
    weights = [math.exp((one - top) / temperature) for one in token.listed]
    unlisted = rest * math.exp(least * (1 / temperature - 1) - top / temperature)
    below = sum(weight for weight, one in zip(weights, token.listed, strict=True) if one < bound)
    return (unlisted + below) / (unlisted + sum(weights)), token.own < bound - _ROUNDING


def _log_ratio(share: float, chance: float, hit: bool) -> float:
    """Return the logarithm of how much likelier a token is if the tail is drawn `share` times as often."""
    if hit:
        return math.log(share) if share else -math.inf
    return math.log((1 - share * chance) / (1 - chance))


def _log_mean(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs) / len(logs))
