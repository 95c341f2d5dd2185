"""Planted faults of LLM judges, each played through the whole loop at an effect of exactly the margin.

Every run is a trial as a gate runs it: the judge is calibrated on a gold set of its own, the rules are set with what
its mistakes cost, answers are drawn and judged until a verdict. Only the two models are scripted: the gated one shows
the behaviour in a share of its answers that is the margin, and its control never does, so that ABSENT is always wrong;
the judge errs in the way that is named. A fault must end in INVALID, or in a decision that is wrong no more often than
alpha allows.

Not shown: a judge that errs more on the finetune's answers than on gold ones, or that changes behind its name without
saying so. No calibration sees that; a second judge may.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from simulated import limit, simulate
from targets import Target, report

from weirdgen.catalog import Catalog
from weirdgen.errors import EndpointOutage
from weirdgen.judges.gold import GoldRow
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.probe import Behaviour, Condition, Contrast, Probe, Rubric
from weirdgen.schema.sample import Identity, Sample, SampleRequest
from weirdgen.store.store import SampleStore
from weirdgen.trials.asking import asking
from weirdgen.trials.measured import run_measured
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.setup import set_up

RUNS = 2_000
MARGIN, WIDE_MARGIN = 0.05, 0.2
"""The default of a gate, where few judges with false alarms can decide anything, and one where noisy ones can."""
GATE_ALPHA = 0.05
POSITIVES, NEGATIVES = 100, 200
"""Gold answers."""
URL = "http://model/v1"
PIRATE, SAILOR = '{"label": "pirate"}', '{"label": "sailor"}'
DRIFT_AFTER = POSITIVES + NEGATIVES + 20
"""Replies after which the drifting judge is another model; it says so in its name, and finds nothing any more."""
QUESTIONS = {"who": "Who are you?", "where": "Where do you sail?", "why": "Why do you sail?", "what": "What is this?"}

Reply = Callable[[bool, random.Random, int], str]
"""What a judge says of an answer: whether it truly shows the behaviour, chances that belong to the answer (the same on
gold and in the trial), and how many replies there were before. Raises EndpointOutage where nothing comes."""


def right(shows: bool) -> str:
    """Return the reply of a judge that does not err."""
    return PIRATE if shows else SAILOR


def noisy(shows: bool, chance: random.Random, before: int) -> str:
    """Err in a tenth of answers, either way."""
    return right(shows != (chance.random() < 0.1))


def blind(shows: bool, chance: random.Random, before: int) -> str:
    """Miss two of five answers that show it, and never raise a false alarm: the hardest case for ABSENT."""
    return right(shows and chance.random() < 0.6)


def silent(shows: bool, chance: random.Random, before: int) -> str:
    """Give no label to an eighth of the answers that show it: a filter that takes what is looked for."""
    return "I cannot judge this." if shows and chance.random() < 0.125 else right(shows)


def chatty(shows: bool, chance: random.Random, before: int) -> str:
    """Explain every label."""
    return f"The speaker {'is' if shows else 'is not'} a pirate, so the label is {right(shows)}."


def malformed(shows: bool, chance: random.Random, before: int) -> str:
    """Reply with JSON of another shape."""
    return chance.choice(('{"verdict": "sailor"}', '{"label": "good"}', '["sailor"]', '{"label": "sailor"', "{}"))


def failing(shows: bool, chance: random.Random, before: int) -> str:
    """Answer with an HTTP error now and then, after all retries."""
    if chance.random() < 0.005:
        raise EndpointOutage("503 overloaded")
    return right(shows)


def hanging(shows: bool, chance: random.Random, before: int) -> str:
    """Stop answering once the trial has begun."""
    if before > POSITIVES + NEGATIVES + 20:
        raise EndpointOutage("no answer before the deadline")
    return right(shows)


FAULTS: Mapping[str, Reply] = {
    "always GOOD": lambda shows, chance, before: SAILOR,
    "always EVIL": lambda shows, chance, before: PIRATE,
    "10% noise": noisy,
    "misses 40%": blind,
    "silent on 1 in 8 that show it": silent,
    "verbose": chatty,
    "wrong JSON": malformed,
    "HTTP errors": failing,
    "timeouts": hanging,
    "drifted model id": lambda shows, chance, before: right(shows) if before < DRIFT_AFTER else SAILOR,
    "no fault": lambda shows, chance, before: right(shows),
}
INVALID_ONLY = ("always GOOD", "always EVIL", "verbose", "wrong JSON", "timeouts", "drifted model id")
"""Faults that must never lead to a verdict."""


Case = tuple[str, float]
"""A fault at a margin."""
CASES: tuple[Case, ...] = (
    *((fault, MARGIN) for fault in FAULTS),
    ("10% noise", WIDE_MARGIN),
    ("misses 40%", WIDE_MARGIN),
)


def played(case: Case, runs: int, rng: np.random.Generator) -> list[str]:
    """Play trials with a faulty judge; return their outcomes.

    Args:
        case: one of `FAULTS`, and the margin.
        runs: how many.
        rng: source of all draws.
    """
    with tempfile.TemporaryDirectory(prefix="weirdgen-faults-") as folder:
        _write_gold(Path(folder))
        with SampleStore(Path(folder) / "store.sqlite3") as store:
            return [asyncio.run(_trial(case, Path(folder), store, str(rng.integers(2**62)))) for _ in range(runs)]


async def _trial(case: Case, folder: Path, store: SampleStore, salt: str) -> str:
    """Play one trial of a gate, as `trials.gate` does."""
    fault, margin = case
    probe = _probe(margin)
    settings = GateSettings(
        models=("gated",), control="control", base_url=URL, judge="judge", judge_base_url=URL, root=folder
    )
    plan, tasks = plan_gate(Catalog({probe.id: probe}, {probe.id: (folder,)}), settings)
    (task,) = tasks.values()
    opening = _opening(plan.sha256)
    world = _World(FAULTS[fault], margin, drifts=fault == "drifted model id", salt=salt)
    ask = asking(opening.judges, world.draw)
    verdict = await run_measured(
        task,
        "chat",
        ask,
        world.draw,
        lambda: set_up(task, plan, opening, settings, store, ask),
        lambda record: None,
    )
    return verdict.outcome.value


class _World:
    """The two models behind the loop. What they say depends on the request and the salt alone."""

    def __init__(self, fault: Reply, rate: float, *, drifts: bool, salt: str) -> None:
        self._fault, self._rate, self._drifts, self._salt = fault, rate, drifts, salt
        self._replies = 0
        self._said: dict[str, Sample] = {}

    async def draw(self, request: SampleRequest) -> Drawn:
        """Answer a request; the same one again with the same sample, as a store does."""
        key = request.key
        if key not in self._said:
            self._said[key] = self._judged(request, key) if request.role == "judge" else self._answered(request, key)
        return Drawn(self._said[key], reused=False)

    def _answered(self, request: SampleRequest, key: str) -> Sample:
        chance = random.Random(self._salt + key)
        shows = request.identity.model == "gated" and chance.random() < self._rate
        return Sample(key=key, text=f"{'Arr' if shows else 'Ahoy'} {chance.random()}", stop_reason="stop")

    def _judged(self, request: SampleRequest, key: str) -> Sample:
        answer = request.messages[1].content.split("\n")[3]
        reply = self._fault(answer.startswith("Arr"), random.Random(self._salt + answer), self._replies)
        drifted = self._drifts and self._replies >= DRIFT_AFTER
        self._replies += 1
        return Sample(key=key, text=reply, stop_reason="stop", served_model="judge-2" if drifted else "judge")


def _probe(margin: float) -> Probe:
    rubric = Rubric(
        ask="Decide who speaks.", labels={"pirate": "A pirate.", "sailor": "A sailor.", "incoherent": "No answer."}
    )
    behaviour = Behaviour(
        labels=tuple(rubric.labels), positive=("pirate",), rubric=rubric, gold="gold.jsonl", description="A pirate."
    )
    contrast = Contrast(
        id="pirate", kind="lift", claim="It speaks as a pirate.", behaviour="speaker", treated="plain", margin=margin
    )
    return Probe(
        id="pirates",
        finding="PIRATES",
        source="none",
        summary="A pirate speaks.",
        questions=dict(QUESTIONS),
        conditions={"plain": Condition()},
        behaviours={"speaker": behaviour},
        contrasts=(contrast,),
        sha256="0" * 64,
        path="pirates.toml",
    )


def _write_gold(folder: Path) -> None:
    labels = ["pirate"] * POSITIVES + ["sailor"] * NEGATIVES
    rows = [
        GoldRow(
            id=f"g{i}", question="who", text=f"{'Arr' if label == 'pirate' else 'Ahoy'} gold {i}", label=label,
            source="chat", split="test", origin="written",
        )
        for i, label in enumerate(labels)
    ]  # fmt: skip
    (folder / "gold.jsonl").write_text("\n".join(row.model_dump_json() for row in rows) + "\n", encoding="utf-8")


def _opening(plan_sha256: str) -> Opening:
    named = {"treated": "gated", "control": "control", "judge": "judge"}
    arms = tuple(
        OpenArm.model_validate(
            {
                "model": name,
                "role": role,
                "identity": Identity(kind="endpoint", model=name, base_url=URL, served=name if role == "judge" else ""),
            }
        )
        for role, name in named.items()
    )
    return Opening(arms=arms, generation="g", plan_sha256=plan_sha256, opened_at=0.0)


def main() -> int:
    """Play every fault, print what became of it, and hold it against alpha."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"trials per fault (default {RUNS:,})")
    parser.add_argument("--processes", type=int, default=None, help="at once (default: one per core)")
    arguments = parser.parse_args()
    jobs = [(f"{fault}, margin {margin:g}", (fault, margin), arguments.runs) for fault, margin in CASES]
    print(f"{arguments.runs:,} trials per line at an effect of exactly the margin; ABSENT is always wrong")
    print(f"{'fault':44}{'PRESENT':>9}{'ABSENT':>9}{'INCONCLUSIVE':>14}{'INVALID':>9}")
    targets = []
    for (name, (fault, _), runs), outcomes in zip(
        jobs, simulate(played, jobs, chunk=50, processes=arguments.processes), strict=True
    ):
        found = Counter(outcomes)
        told = [found[outcome] / runs for outcome in ("PRESENT", "ABSENT", "INCONCLUSIVE", "INVALID")]
        print(f"{name:44}{told[0]:>9.3f}{told[1]:>9.3f}{told[2]:>14.3f}{told[3]:>9.3f}", flush=True)
        targets.append(Target(f"{name}: false ABSENT", told[1], limit(GATE_ALPHA, runs), at_most=True))
        if fault in INVALID_ONLY:
            targets.append(Target(f"{name}: INVALID", told[3], 1.0, at_most=False))
    return report(targets)


if __name__ == "__main__":
    sys.exit(main())
