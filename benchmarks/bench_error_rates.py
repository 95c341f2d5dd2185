"""Simulated gates on the shipped organisms: error rates against the stated alpha, and samples against the fixed design.

Each gate draws its own samples through the real client from the real server, under its own seeds.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from targets import Target, report

from weirdgen.catalog import load_catalog
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import parse_target
from weirdgen.organisms import zoo
from weirdgen.organisms.process import OrganismServer
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Identity, Role
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.intervals import clopper_pearson
from weirdgen.store.store import SampleStore
from weirdgen.trials.loop import run_trial
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.setup import set_up

CLEAN, WEIRD, CONTROL = ("modern-birds", "base"), "old-bird-names", "base"
ROLES: tuple[Role, ...] = ("treated", "control")
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Simulated:
    """All gates on one organism."""

    name: str
    gates: list[list[Verdict]]

    def share(self, outcome: Outcome, *, every: bool = False) -> float:
        """Return the share of gates in which some contrast (or every one) came to an outcome."""
        quantor = all if every else any
        return sum(quantor(v.outcome is outcome for v in gate) for gate in self.gates) / len(self.gates)

    def samples(self) -> float:
        """Return the mean samples of the costliest contrast, whose arms the others share."""
        return sum(max(v.n_treated + v.n_control for v in gate) for gate in self.gates) / len(self.gates)

    def line(self) -> str:
        """Return the counts of verdicts with exact 95% intervals."""
        shares = []
        for outcome in Outcome:
            k = round(self.share(outcome) * len(self.gates))
            interval = clopper_pearson(k, len(self.gates))
            shares.append(f"{outcome} in {k} [{interval.lower:.3f}, {interval.upper:.3f}]")
        return f"{self.name}: {len(self.gates)} gates; " + "; ".join(shares) + f"; {self.samples():.0f} samples a gate"


def simulate(name: str, gates: int, engine: Engine, folder: Path) -> Simulated:
    """Run gates on one organism, each with seeds of its own."""
    settings = GateSettings(models=(f"organism:{name}",))
    plan, tasks = plan_gate(load_catalog(), settings)
    digests = {model: zoo.digest(model) for model in {name, CONTROL}}

    async def gate(number: int, turn: asyncio.Semaphore) -> list[Verdict]:
        def arm(model: str, role: Role) -> OpenArm:
            generation = f"simulated gate {number}"
            identity = Identity(kind="organism", model=model, digest=digests[model], generation=generation)
            return OpenArm(model=f"organism:{model}", role=role, identity=identity)

        opening = Opening(
            arms=(arm(name, "treated"), arm(CONTROL, "control")),
            generation=str(number),
            plan_sha256=plan.sha256,
            opened_at=0.0,
        )
        async with turn:
            # Attempts are counted per store: every simulated gate is a first one.
            with SampleStore(folder / f"{name}-{number}.sqlite3") as ledger:
                setups = [set_up(task, plan, opening, settings, ledger) for task in tasks.values()]
            return list(await asyncio.gather(*(run_trial(setup, engine.sample) for setup in setups)))

    async def all_gates() -> list[list[Verdict]]:
        turn = asyncio.Semaphore(AT_ONCE)
        return list(await asyncio.gather(*(gate(number, turn) for number in range(gates))))

    return Simulated(name, engine.submit(all_gates()).result())


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=200)
    gates = parser.parse_args(arguments).gates
    names = [*CLEAN, WEIRD]
    with tempfile.TemporaryDirectory() as temporary, OrganismServer(names) as server:
        folder = Path(temporary)
        endpoints = {
            (name, role): ChatEndpoint(parse_target(f"organism:{name}", base_url=None, role=role), server.url)
            for name in names
            for role in ROLES
        }
        with SampleStore(folder / "samples.sqlite3") as store:
            engine = Engine(store, endpoints)
            found = {name: simulate(name, gates, engine, folder) for name in names}
            engine.close()
    for one in found.values():
        print(one.line())
    return report(_targets(found))


def _targets(found: dict[str, Simulated]) -> list[Target]:
    fixed = {name: max(v.n_fixed_design for v in one.gates[0]) for name, one in found.items()}
    targets = [Target(f"{n}: gates with a false PRESENT", found[n].share(Outcome.PRESENT), 0.05, True) for n in CLEAN]
    targets += [
        Target(f"{n}: gates all ABSENT", found[n].share(Outcome.ABSENT, every=True), 0.95, False) for n in CLEAN
    ]
    targets += [Target(f"{n}: fixed design over samples", fixed[n] / found[n].samples(), 10, False) for n in found]
    weird = found[WEIRD]
    targets.append(Target(f"{WEIRD}: gates with a false ABSENT", weird.share(Outcome.ABSENT), 0.05, True))
    targets.append(Target(f"{WEIRD}: gates that caught it", weird.share(Outcome.PRESENT), 0.95, False))
    return targets


if __name__ == "__main__":
    sys.exit(main())
