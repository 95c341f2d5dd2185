"""Whether a tail is cut: chances that are bounded from below, and an e-process that errs no more often than it says."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.truncation import ALPHA, Token, tail_evidence, tails

RNG = np.random.default_rng(5)


def distribution(size: int, sharpness: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return chances of tokens, the likeliest first."""
    weights = np.sort(np.exp(sharpness * rng.standard_normal(size)))[::-1]
    chances: npt.NDArray[np.float64] = weights / weights.sum()
    return chances


def drawn(temperature: float, count: int, *, top_k: int = 0, min_p: float = 0.0, sharpness: float = 2.5) -> list[Token]:
    """Draw tokens of as many distributions, cut before the temperature, with the 20 likeliest listed."""
    rng, found = np.random.default_rng(count), []
    for _ in range(count):
        chances = distribution(2000, sharpness, rng)
        kept = chances ** (1 / temperature)
        kept[top_k or len(kept) :] = 0
        kept[chances < min_p * chances[0]] = 0
        own = rng.choice(len(kept), p=kept / kept.sum())
        found.append(Token(math.log(chances[own]), tuple(np.log(chances[:20]).tolist())))
    return found


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_whole_distribution_is_called_whole(temperature: float) -> None:
    found = tails(drawn(temperature, 400), temperature)
    assert not any(tail.truncated for tail in found)
    assert any(tail.whole for tail in found)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("cut", [{"top_k": 1}, {"top_k": 20}, {"min_p": 0.05}], ids=str)
def test_a_cut_tail_is_found(temperature: float, cut: dict[str, float]) -> None:
    found = tails(drawn(temperature, 400, **cut), temperature)  # type: ignore[arg-type]
    assert any(tail.truncated for tail in found)


def test_a_lower_temperature_than_asked_for_is_found() -> None:
    assert any(tail.truncated for tail in tails(drawn(1.0, 400), 2.0))


@pytest.mark.slow
def test_a_pure_sampler_is_hardly_ever_called_truncated() -> None:
    """At most in a share alpha of runs, also where one looks after every token: the largest value of each is taken."""
    wrong, runs, level = 0, 4000, 0.05
    for _ in range(runs):
        chances = RNG.uniform(0.02, 0.4, size=60)
        hits = RNG.random(60) < chances
        most = max(tail_evidence(zip(chances[:n], hits[:n], strict=True)).log_e for n in range(1, 61, 3))
        wrong += most >= -math.log(level)
    assert 0.01 < wrong / runs < level
    assert level > ALPHA


@given(chance=st.floats(0.01, 0.9), misses=st.integers(0, 60))
def test_evidence_of_misses_alone_is_known(chance: float, misses: int) -> None:
    """The mean over shares s of ((1 - s c) / (1 - c))^n."""
    found = tail_evidence([(chance, False)] * misses)
    by_hand = sum(((1 - s * chance) / (1 - chance)) ** misses for s in (0, 0.25, 0.5)) / 3
    assert math.isclose(found.log_e, math.log(by_hand), abs_tol=1e-9)
    assert math.isclose(found.expected, chance * misses)


def test_a_hit_ends_what_only_a_bare_cut_explains() -> None:
    found = tail_evidence([(0.2, True)])
    assert math.isclose(found.log_e, math.log((0 + 0.25 + 0.5) / 3))
    assert (found.seen, found.whole, found.truncated) == (1, False, False)


def test_chances_of_rounding_say_nothing() -> None:
    assert tail_evidence([(1e-7, True), (0.0, False), (1.0, True)]) == tail_evidence([])


@given(seed=st.integers(0, 10_000), temperature=st.sampled_from([1.0, 1.5, 2.0]), sharpness=st.floats(0.5, 4))
def test_the_chance_of_a_tail_is_bounded_from_below(seed: int, temperature: float, sharpness: float) -> None:
    """By the listed chances alone, whatever the others are; at temperature 1 it is exact."""
    chances = distribution(400, sharpness, np.random.default_rng(seed))
    token = Token(math.log(chances[0]), tuple(np.log(chances[:20]).tolist()))
    weights = chances ** (1 / temperature)
    cuts = [chances[19], 0.05 * chances[0], 0.05**temperature * chances[0]]
    for tail, cut in zip(tails([token], temperature), cuts, strict=True):
        true = weights[chances < cut * (1 - 1e-12)].sum() / weights.sum()
        assert tail.expected <= true + 1e-9
        if temperature == 1.0 and tail.expected:
            assert math.isclose(tail.expected, true, rel_tol=1e-6)
