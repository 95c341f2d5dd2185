"""The loop with scripted answers: neither speed, order, selection, interruption nor workers change a verdict."""

import math
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from plans import empty_plan
from scripted_gates import (
    CONTRASTS,
    ScriptedEndpoint,
    ScriptedGate,
    keys_that_decide_wants,
    run_all,
    run_in_workers,
    scripted_gate,
    without_history,
)
from verdicts import verdict

from weirdgen.schema.sample import Sample
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.store.store import SampleStore
from weirdgen.trials.family import session_verdicts

NAMES = [contrast.id for contrast in CONTRASTS]
RATES = {
    ("gated", "trigger"): 0.5,
    ("gated", "plain"): 0.25,
    ("gated", "y1"): 0.2,
    ("gated", "y2"): 0.8,
    ("gated", "y3"): 0.3,
    ("control", "trigger"): 0.3,
    ("control", "plain"): 0.2,
    ("control", "y1"): 0.2,
    ("control", "y2"): 0.3,
}
CLEAN = {("gated", "trigger"): 0.02}


@pytest.fixture(params=[RATES, CLEAN], ids=["effects", "clean"])
def rates(request: pytest.FixtureRequest) -> Mapping[tuple[str, str], float]:
    found: Mapping[tuple[str, str], float] = request.param
    return found


def same_verdicts(found: Mapping[str, Verdict], expected: Mapping[str, Verdict]) -> None:
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        assert without_history(found[name]) == without_history(one)


def straight(gate: ScriptedGate, rates: Mapping[tuple[str, str], float]) -> tuple[dict[str, Verdict], ScriptedEndpoint]:
    """Run all trials at once on an empty store, without delays."""
    endpoint = ScriptedEndpoint(rates)
    return run_all([gate.trial(name) for name in NAMES], endpoint), endpoint


def test_the_script_reaches_every_verdict(gate: ScriptedGate) -> None:
    """Else the tests below would compare one verdict with itself."""
    verdicts = [*straight(gate, RATES)[0].values(), *straight(gate, CLEAN)[0].values()]
    assert {verdict.outcome for verdict in verdicts} >= {Outcome.PRESENT, Outcome.ABSENT, Outcome.INCONCLUSIVE}
    assert sum(arm.extras for verdict in verdicts for arm in verdict.arms if arm) > 20
    assert sum(arm.missing for verdict in verdicts for arm in verdict.arms if arm) > 3


def test_just_what_decide_asks_for_is_requested(gate: ScriptedGate, rates: Mapping[tuple[str, str], float]) -> None:
    for name in NAMES:
        endpoint = ScriptedEndpoint(rates)
        run_all([gate.trial(name)], endpoint)
        assert len(endpoint.asked) == len(set(endpoint.asked))
        assert set(endpoint.asked) == keys_that_decide_wants(gate, name, endpoint)


@pytest.mark.parametrize("seed", range(2))
def test_delays_and_the_order_of_trials_change_nothing(
    gate: ScriptedGate, rates: Mapping[tuple[str, str], float], seed: int
) -> None:
    expected, once = straight(gate, rates)
    shuffled = random.Random(seed).sample(NAMES, len(NAMES))
    slow = ScriptedEndpoint(rates, delays=random.Random(seed))
    same_verdicts(run_all([gate.trial(name) for name in shuffled], slow), expected)
    assert set(slow.asked) == set(once.asked)
    assert sorted(slow.drawn) == sorted(once.drawn)


def test_a_selection_of_contrasts_changes_none_of_them(
    gate: ScriptedGate, rates: Mapping[tuple[str, str], float]
) -> None:
    """Alone, or beside others that share its samples, have drawn ahead of it, or stopped before it."""
    expected, _ = straight(gate, rates)
    shared: dict[str, Sample] = {}
    for name in NAMES:
        alone, after = ScriptedEndpoint(rates), ScriptedEndpoint(rates, stored=shared)
        same_verdicts(run_all([gate.trial(name)], alone), {name: expected[name]})
        same_verdicts(run_all([gate.trial(name)], after), {name: expected[name]})
        assert after.asked == alone.asked


@pytest.mark.parametrize("seed", range(2))
def test_a_trial_that_was_cut_goes_on_with_what_was_stored(
    gate: ScriptedGate, rates: Mapping[tuple[str, str], float], seed: int
) -> None:
    """Each is cut at three requests in turn, whatever else of the batch was on its way."""
    expected, _ = straight(gate, rates)
    chance = random.Random(seed)
    for name in NAMES:
        once = ScriptedEndpoint(rates)
        run_all([gate.trial(name)], once)
        stored: dict[str, Sample] = {}
        runs = [
            ScriptedEndpoint(rates, stored=stored, delays=chance, fails_at=position)
            for position in (*sorted(chance.sample(range(1, len(once.asked) + 1), 3)), None)
        ]
        *cut, found = [run_all([gate.trial(name)], endpoint) for endpoint in runs]
        assert {(one[name].outcome, one[name].reason) for one in cut} == {(Outcome.INVALID, "outage")}
        same_verdicts(found, {name: expected[name]})
        assert {key for endpoint in runs for key in endpoint.asked} == set(once.asked)
        drawn = [key for endpoint in runs for key in endpoint.drawn]
        assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("seed", range(2))
def test_four_workers_on_one_store_pay_once_and_agree(
    gate: ScriptedGate, rates: Mapping[tuple[str, str], float], seed: int
) -> None:
    expected, once = straight(gate, rates)
    first = ScriptedEndpoint(rates, delays=random.Random(seed))
    endpoints = [first] + [
        ScriptedEndpoint(rates, stored=first.stored, flights=first.flights, delays=random.Random(10 * seed + i))
        for i in range(1, 4)
    ]
    shuffled = random.Random(seed).sample(NAMES, len(NAMES))
    found = run_in_workers([([gate.trial(name) for name in shuffled[i::4]], endpoints[i]) for i in range(4)])
    same_verdicts(found, expected)
    drawn = [key for endpoint in endpoints for key in endpoint.drawn]
    assert sorted(drawn) == sorted(once.drawn)


def test_the_same_gate_again_asks_for_nothing_new(gate: ScriptedGate) -> None:
    expected, once = straight(gate, RATES)
    again = ScriptedEndpoint(RATES, stored=once.stored)
    found = run_all([gate.trial(name) for name in NAMES], again)
    same_verdicts(found, expected)
    assert again.drawn == []
    assert all(one.own_stop for one in found.values())


class TestContinuedByChoice:
    """A higher cap after an undecided end: the threshold holds at any stop, a mean of e-values does not."""

    def test_a_trial_goes_by_its_own_stop_only_at_its_first_cap(self, tmp_path: Path, store: SampleStore) -> None:
        low, high = (scripted_gate(tmp_path, store, cap=cap) for cap in (24, 60))
        stored: dict[str, Sample] = {}
        first = run_all([low.trial("flip")], ScriptedEndpoint(RATES, stored=stored))["flip"]
        then = run_all([high.trial("flip")], ScriptedEndpoint(RATES, stored=stored))["flip"]
        again = run_all([low.trial("flip")], ScriptedEndpoint(RATES, stored=stored))["flip"]
        assert first.outcome is Outcome.INCONCLUSIVE
        assert [one.own_stop for one in (first, then, again)] == [True, False, True]
        assert len({one.trial_id for one in (first, then, again)}) == 1
        assert [one.attempt for one in (first, then, again)] == [1, 1, 1]
        assert without_history(again) == without_history(first)

    @pytest.mark.parametrize("own_stop", [True, False])
    def test_the_session_lifts_it_only_at_the_stop_that_it_began_with(self, own_stop: bool) -> None:
        """Beside three that are certain, the last of four needs a sixteenth of its threshold."""
        threshold = math.log(200)
        needed = threshold - math.log(16)
        strong = [verdict(Outcome.PRESENT, contrast=f"c{i}", log_e_present=40.0) for i in range(3)]
        for log_e, reached in ((needed + 0.01, True), (needed - 0.01, False)):
            last = verdict(
                Outcome.INCONCLUSIVE,
                contrast="last",
                own_stop=own_stop,
                log_e_present=log_e,
                log_threshold_present=threshold,
            )
            found = session_verdicts([*strong, last], empty_plan(4))[-1]
            assert (found.session_outcome is Outcome.PRESENT) is (reached and own_stop)
