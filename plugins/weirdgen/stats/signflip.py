"""Sign-flip tests of many features at once, family-wise over the features.

Of n units (questions, prompts) each has a difference per feature. If there is no effect, each unit's whole row of
differences is as likely with the other sign, so that the signs can be flipped; all features of a unit flip together,
which keeps what they have in common. The largest statistic over the features then bounds them all (Westfall and Young
1993, step-down maxT; Ge, Dudoit and Speed 2003, box 2). This needs rows that are independent and symmetric around 0
under the null hypothesis, nothing else: no normal distribution, no independence of features.

The number of units is fixed before the test: unlike the e-processes, it does not hold at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from weirdgen.stats.eprocess import FloatArray

Alternative = Literal["greater", "two-sided"]

#: Units up to which all signs are gone through in place of a sample of them, if they are no more than the flips asked
#: for.
_MOST_EXACT = 20
#: Two statistics closer than this are equal: sums of the same numbers in another order must tie.
_TIE = 1e-9
_BLOCK = 2**14


@dataclass(frozen=True, eq=False, slots=True)
class SignFlips:
    """What a sign-flip test came to, one value for each feature.

    Attributes:
        mean: mean difference.
        statistic: mean difference over the root mean square one, in [-1, 1]; Student's t is a growing function of it,
            the same for all features. 0 where all differences are.
        p: chance of a statistic at least as large without an effect, for this feature alone.
        adjusted: the same, adjusted for the family of all features: family-wise error at most `adjusted`.
        flips: how many assignments of signs were looked at, the observed one included.
        exact: whether these are all there are.
    """

    mean: FloatArray
    statistic: FloatArray
    p: FloatArray
    adjusted: FloatArray
    flips: int
    exact: bool


def sign_flips(
    differences: FloatArray, *, flips: int = 10_000, seed: int = 0, alternative: Alternative = "greater"
) -> SignFlips:
    """Test for each feature that its differences are symmetric around 0.

    All assignments of signs are gone through where they are no more than ``flips`` (p is then exact); else the observed
    one and ``flips - 1`` drawn ones are, so that p is at least ``1 / flips`` and never too small on average.

    Args:
        differences: (units, features), finite; at least one of each.
        flips: assignments of signs, at least 2.
        seed: of the drawn ones.
        alternative: ``greater``: differences above 0; ``two-sided``.

    Raises:
        ValueError: no units or features, a number that is not finite, or fewer than 2 flips.
    """
    if differences.ndim != 2 or not differences.size or not np.isfinite(differences).all():
        raise ValueError(f"differences of shape {differences.shape}: expected finite (units, features), one at least")
    if flips < 2:
        raise ValueError(f"flips = {flips!r}, expected at least 2")
    units = len(differences)
    exact = units <= _MOST_EXACT and 2**units <= flips
    scaled = _scaled(differences)
    observed = _looked_at(scaled.sum(axis=0, keepdims=True), alternative)[0]
    order = np.argsort(-observed, kind="stable")
    alone = np.zeros(len(observed), dtype=np.int64)
    stepped = np.zeros(len(observed), dtype=np.int64)
    looked = 0
    for signs in _all_signs(units) if exact else _drawn_signs(units, flips, seed):
        found = _looked_at(signs @ scaled, alternative)
        alone += (found >= observed - _TIE).sum(axis=0)
        # Step down: a feature competes with those that are no stronger than itself.
        rivals = np.maximum.accumulate(found[:, order[::-1]], axis=1)[:, ::-1]
        stepped += (rivals >= observed[order] - _TIE).sum(axis=0)
        looked += len(signs)
    adjusted = np.zeros(len(observed))
    adjusted[order] = np.maximum.accumulate(stepped / looked)
    return SignFlips(differences.mean(axis=0), scaled.sum(axis=0), alone / looked, adjusted, looked, exact)


def _scaled(differences: FloatArray) -> FloatArray:
    """Return differences whose sum is the statistic; flipping signs leaves their root mean square as it is."""
    size = np.sqrt((differences**2).mean(axis=0)) * len(differences)
    scaled: FloatArray = np.divide(differences, size, out=np.zeros_like(differences, dtype=np.float64), where=size > 0)
    return scaled


def _looked_at(statistics: FloatArray, alternative: Alternative) -> FloatArray:
    return statistics if alternative == "greater" else np.abs(statistics)


def _all_signs(units: int) -> Iterator[FloatArray]:
    """Yield all assignments of signs in blocks (flips, units), the observed one among them."""
    for start in range(0, 2**units, _BLOCK):
        number = np.arange(start, min(start + _BLOCK, 2**units))[:, None]
        yield np.where((number >> np.arange(units)) & 1, -1.0, 1.0)


def _drawn_signs(units: int, flips: int, seed: int) -> Iterator[FloatArray]:
    """Yield the observed assignment and then drawn ones, in blocks (flips, units)."""
    rng = np.random.default_rng(seed)
    yield np.ones((1, units))
    for start in range(1, flips, _BLOCK):
        yield np.where(rng.integers(0, 2, size=(min(_BLOCK, flips - start), units)), -1.0, 1.0)
