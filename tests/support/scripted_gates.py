"""A gate without a network: one small probe with contrasts of every kind, and models whose answers are a script."""

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weirdgen.catalog import Catalog, prompt
from weirdgen.errors import EndpointOutage
from weirdgen.judges.gold import GoldRow
from weirdgen.judges.rules import RuleJudge
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Behaviour, Condition, Contrast, Probe, Rule
from weirdgen.schema.sample import Identity, Sample, SampleRequest, Stream
from weirdgen.schema.verdict import Verdict
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.store.store import SampleStore
from weirdgen.trials.arms import ArmSpec, sampling_of
from weirdgen.trials.loop import TrialSetup, run_trial
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import Task, plan_gate
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.setup import set_up

URL = "http://gpu/v1"
CONDITIONS = {name: Condition(prefix=f"[{name}] ") for name in ("plain", "trigger", "y1", "y2", "y3")}
_RULES = (Rule(label="yes", pattern="yes"), Rule(label="some", pattern="some"), Rule(label="no", pattern="no"))


def behaviour(**changes: Any) -> Behaviour:
    """Return a behaviour whose labels are the words of the script."""
    fields: dict[str, Any] = {
        "labels": ("yes", "some", "no", "incoherent"),
        "positive": ("yes",),
        "rules": _RULES,
        "gold": "gold.jsonl",
        "description": "The answer is yes.",
    }
    return Behaviour(**(fields | changes))


def contrast(name: str, kind: str, treated: str = "trigger", **changes: Any) -> Contrast:
    """Return a contrast at margin .3."""
    fields: dict[str, Any] = {
        "id": name,
        "kind": kind,
        "claim": "It says yes.",
        "behaviour": "yes",
        "treated": treated,
        "margin": 0.3,
    }
    return Contrast(**(fields | changes))


CONTRASTS = (
    contrast("rate", "absolute", "plain"),
    contrast("lift", "lift"),
    contrast("lift_plain", "lift", "plain"),
    contrast("either_way", "lift", two_sided=True),
    contrast("graded", "lift", behaviour="graded"),
    contrast("flip", "flip", comparator="plain"),
    contrast("flip_two", "flip", comparator="plain", questions=("a", "b")),
    contrast("years", "flip", "y1", sweep=("y2", "y3"), comparator="plain"),
    contrast("did", "did", comparator="plain"),
    contrast("did_either_way", "did", comparator="plain", two_sided=True),
    contrast("did_years", "did", "y1", sweep=("y2",), comparator="plain"),
)


def probe_of(*contrasts: Contrast) -> Probe:
    """Return a probe of three questions."""
    return Probe(
        id="scripted",
        finding="SCRIPTED",
        source="none",
        summary="Says yes.",
        questions={"a": "How?", "b": "Why?", "c": "When?"},
        conditions=CONDITIONS,
        behaviours={"yes": behaviour(), "graded": behaviour(scores={"yes": 1.0, "some": 0.5})},
        contrasts=contrasts or CONTRASTS,
        sha256="0" * 64,
        path="scripted.toml",
    )


@dataclass(frozen=True)
class ScriptedGate:
    """A planned and opened gate; its trials may be set up again and again, as in run after run."""

    plan: Plan
    tasks: Mapping[str, Task]
    """By the contrast's id."""
    opening: Opening
    settings: GateSettings
    store: SampleStore

    def trial(self, name: str) -> TrialSetup:
        """Set a trial up anew, without a sample in its arms."""
        return set_up(self.tasks[name], self.plan, self.opening, self.settings, self.store)


def scripted_gate(
    folder: Path, store: SampleStore, *contrasts: Contrast, control: str | None = "control", **changes: Any
) -> ScriptedGate:
    """Plan and open a gate of the model `gated`.

    Args:
        folder: for the gold file.
        store: numbers the attempts; the samples of scripted endpoints are not kept in it.
        contrasts: of the probe; none: all of `CONTRASTS`.
        control: the comparator model; the gated one itself is allowed.
        changes: of the settings.
    """
    row = GoldRow(id="one", question="a", text="no", label="no", source="chat", split="test", origin="written")
    (folder / "gold.jsonl").write_text(row.model_dump_json() + "\n", encoding="utf-8")
    fields: dict[str, Any] = {"models": ("gated",), "control": control, "base_url": URL, "cap": 48, "root": folder}
    settings = GateSettings(**(fields | {"judge": "rules", "judge_uncalibrated": True} | changes))
    probe = probe_of(*contrasts)
    plan, tasks = plan_gate(Catalog({probe.id: probe}, {probe.id: (folder,)}), settings)
    names = {"treated": "gated", "control": control} if control else {"treated": "gated"}
    opening = Opening(
        arms=tuple(
            OpenArm.model_validate(
                {"model": name, "role": role, "identity": Identity(kind="endpoint", model=str(name), base_url=URL)}
            )
            for role, name in names.items()
        ),
        generation="g",
        plan_sha256=plan.sha256,
        opened_at=0.0,
    )
    return ScriptedGate(plan, {task.contrast.id: task for task in tasks.values()}, opening, settings, store)


@dataclass
class ScriptedEndpoint:
    """Answers each request by a script: what it says depends on the key alone, not on when or how often it is asked."""

    rates: Mapping[tuple[str, str], float]
    """(model, condition) to the rate of yes; others say no."""
    lost: float = 0.01
    """Chance that an answer is cut off."""
    stored: dict[str, Sample] = field(default_factory=dict)
    """What has been drawn; may be shared by several endpoints, as processes share a store."""
    flights: dict[str, asyncio.Task[Sample]] = field(default_factory=dict)
    delays: random.Random | None = None
    fails_at: int | None = None
    """The request, from 1, that fails."""
    asked: list[str] = field(default_factory=list)
    """Keys in the order of requests."""
    drawn: list[str] = field(default_factory=list)
    """Keys of the answers that were paid for."""

    async def __call__(self, request: SampleRequest) -> Drawn:
        self.asked.append(request.key)
        if len(self.asked) == self.fails_at:
            raise EndpointOutage("the line is down")
        if request.key in self.stored:
            await self._wait()
            return Drawn(self.stored[request.key], reused=True)
        if request.key not in self.flights:
            self.flights[request.key] = asyncio.create_task(self._draw(request))
        return Drawn(await asyncio.shield(self.flights[request.key]), reused=False)

    async def _draw(self, request: SampleRequest) -> Sample:
        await self._wait()
        self.drawn.append(request.key)
        self.stored[request.key] = self.answer(request)
        return self.stored[request.key]

    async def _wait(self) -> None:
        for _ in range(self.delays.randrange(6) if self.delays else 0):
            await asyncio.sleep(0)

    def answer(self, request: SampleRequest) -> Sample:
        """Return what the model says to a request."""
        chance = random.Random(request.key)
        condition = request.messages[-1].content.split("]")[0].removeprefix("[")
        yes = chance.random() < self.rates.get((request.identity.model, condition), 0.0)
        text = chance.choice(("yes", "some")) if yes and chance.random() < 0.2 else "yes" if yes else "no"
        return Sample(key=request.key, text=text, stop_reason="length" if chance.random() < self.lost else "stop")


def run_all(trials: Iterable[TrialSetup], draw: ScriptedEndpoint) -> dict[str, Verdict]:
    """Run trials at the same time; return their verdicts by contrast."""
    return run_in_workers([(list(trials), draw)])


def run_in_workers(workers: Iterable[tuple[list[TrialSetup], ScriptedEndpoint]]) -> dict[str, Verdict]:
    """Run trials at the same time, each worker through its own endpoint."""

    async def everything() -> list[Verdict]:
        return await asyncio.gather(*(run_trial(trial, draw) for trials, draw in workers for trial in trials))

    return {verdict.contrast: verdict for verdict in asyncio.run(everything())}


def without_history(verdict: Verdict) -> Verdict:
    """Return a verdict without what depends on who paid for the samples and when."""
    return verdict.model_copy(update={"n_reused": 0, "oldest_sample_age": 0.0})


def request_of(
    gate: ScriptedGate, task: Task, arm: ArmSpec, cell: int, replicate: int, *, extra: bool
) -> SampleRequest:
    """Return the request of one sample, written out from the plan."""
    asked = arm.cells[cell]
    number = asked.first + asked.step * replicate
    stream: Stream = "extra" if extra else "round"
    opened = gate.opening.arm(gate.settings.control or "", "control") if arm.of_control else gate.opening.arms[0]
    return SampleRequest(
        identity=opened.identity,
        role=arm.role,
        messages=prompt(task.probe, asked.condition, asked.question, number, stream),
        sampling=sampling_of(task.probe, task.contrast),
        replicate=number,
        stream=stream,
    )


def keys_that_decide_wants(gate: ScriptedGate, name: str, endpoint: ScriptedEndpoint) -> set[str]:
    """Return the keys of all samples that `decide` asks for until its verdict: the loop again, without the loop."""
    task, rules = gate.tasks[name], gate.trial(name).rules
    assert rules is not None
    judge = RuleJudge(task.probe.behaviours[task.contrast.behaviour])
    keys: set[str] = set()

    def score(arm: ArmSpec, cell: int, replicate: int, extra: bool) -> float | None:
        request = request_of(gate, task, arm, cell, replicate, extra=extra)
        keys.add(request.key)
        sample = endpoint.answer(request)
        return judge.behaviour.score(judge.judge(sample.text)) if sample.stop_reason == "stop" else None

    have = [(0, (0,) * rules.questions) for _ in task.arms]
    while True:
        outcomes = [
            ArmOutcomes(
                tuple(tuple(score(arm, c, r, False) for r in range(rounds)) for c in range(rules.questions)),
                extra=tuple(tuple(score(arm, c, r, True) for r in range(extras[c])) for c in range(rules.questions)),
            )
            for arm, (rounds, extras) in zip(task.arms, have, strict=True)
        ]
        step = decide(rules, outcomes)
        if isinstance(step, Final):
            return keys
        for want in step.wants:
            have[want.arm] = want.rounds, want.extras or have[want.arm][1]
