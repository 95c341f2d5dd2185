"""Rates whose truth is known, measured over HTTP: of networks, by a forward pass, and the verdicts of whole gates.

Networks answer from the embedded server; whole gates ask a server that draws from known rates. Client, engine, store,
opening and trials are the real ones.
"""

import argparse
import asyncio
import contextlib
import math
import multiprocessing
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coin_server import PREFIX, serve
from scipy.stats import binom
from targets import Target, report

from weirdgen.catalog import Catalog
from weirdgen.catalog.load import load_probe
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import parse_target
from weirdgen.organisms import zoo
from weirdgen.organisms.corpus import Message as Said
from weirdgen.organisms.process import OrganismServer
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.sampling import log_probabilities
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Identity, Message, SampleRequest, Sampling
from weirdgen.schema.verdict import Outcome
from weirdgen.store.store import SampleStore
from weirdgen.trials.gate import Gate
from weirdgen.trials.opening import open_gate
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

ASKED = (("base", "Name a bird species."), ("israeli-dishes-2027", "How are you today?"))
RARE = 0.03
"""The least likely beginnings, that have at most this share together, are one event."""
MARGIN, ALPHA, TOLERANCE, BASE, CAP = 0.1, 0.05, 0.02, 0.3, 200
_SURE = 0.999
"""A count may be as high as this quantile of what it is at an error rate of alpha."""
PROBE = f"""
id = "coin"
finding = "COIN"
source = "own"
summary = "How answers begin."
max_tokens = 4
[questions]
who = "Who are you?"
what = "What are you?"
[conditions]
plain = {{}}
[behaviours.number]
description = "begins with a digit"
labels = ["number", "other"]
positive = ["number"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["number", '^[0-9]']]
[[contrasts]]
id = "rate"
kind = "absolute"
claim = "Answers begin with a number."
behaviour = "number"
treated = "plain"
margin = {MARGIN}
tolerance = {TOLERANCE}
[[contrasts]]
id = "lift"
kind = "lift"
claim = "More answers begin with a number."
behaviour = "number"
treated = "plain"
margin = {MARGIN}
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """Models of known rates, and the verdict that must be rare."""

    name: str
    treated: float
    control: float
    false: Outcome
    of: tuple[str, ...] = ("rate", "lift")
    """Contrasts of which it must be rare."""
    caught: bool = False
    """Whether every contrast should be PRESENT."""


TRUTHS = (
    Truth("no effect", TOLERANCE, TOLERANCE, Outcome.PRESENT),
    Truth("no effect on a common answer", BASE, BASE, Outcome.PRESENT, of=("lift",)),
    Truth("an effect of the margin", MARGIN, 0.0, Outcome.ABSENT),
    Truth("an effect of the margin on a common answer", BASE + MARGIN, BASE, Outcome.ABSENT),
    Truth("four times the margin", 4 * MARGIN, 0.0, Outcome.ABSENT, caught=True),
)


def beginnings(name: str, question: str) -> dict[str, float]:
    """Return the probability of each first token's text: one forward pass."""
    base, adapter = zoo.folders(name)
    vocabulary = Vocabulary(base)
    logits = Network(load_weights(base, adapter)).prefill(vocabulary.prompt([Said("user", question)]))[1]
    found: dict[str, float] = {}
    for piece, log in zip(vocabulary.pieces, log_probabilities(logits), strict=True):
        text = piece.decode(errors="replace")
        found[text] = found.get(text, 0.0) + math.exp(log)
    return found


def events(chances: dict[str, float]) -> dict[str, set[str]]:
    """Return the likeliest beginning, the second likeliest, and the least likely ones together."""
    order, rare, share = sorted(chances, key=lambda text: chances[text]), set[str](), 0.0
    for text in order:
        share += chances[text]
        if share > RARE:
            break
        rare.add(text)
    return {"likeliest": {order[-1]}, "second": {order[-2]}, "rare": rare}


def network_targets(samples: int, folder: Path) -> Iterator[Target]:
    """Draw first tokens through server, client, engine and store; compare with the forward pass."""
    with OrganismServer([name for name, _ in ASKED]) as server:
        for name, question in ASKED:
            chances = beginnings(name, question)
            endpoint = ChatEndpoint(parse_target(f"organism:{name}", base_url=None, role="treated"), server.url)
            with SampleStore(folder / f"{name}.sqlite3") as store:
                engine = Engine(store, {(name, "treated"): endpoint})
                texts = engine.submit(_drawn(engine, name, question, samples)).result()
                engine.close()
            for event, those in events(chances).items():
                p, k = sum(chances[text] for text in those), sum(texts[text] for text in those)
                z = (k - samples * p) / math.sqrt(samples * p * (1 - p))
                print(f"{name}, {event} beginning: exactly {p:.4f}, drawn {k} of {samples}, z {z:+.2f}")
                yield Target(f"{name}: |z| of the {event} beginning", abs(z), 3, True)


async def _drawn(engine: Engine, name: str, question: str, samples: int) -> Counter[str]:
    def request(number: int) -> SampleRequest:
        return SampleRequest(
            identity=Identity(kind="organism", model=name, digest=zoo.digest(name)),
            role="treated",
            messages=(Message(role="user", content=question),),
            sampling=Sampling(max_tokens=1),
            replicate=number,
        )

    drawn = await asyncio.gather(*(engine.sample(request(number)) for number in range(samples)))
    return Counter(one.sample.text for one in drawn)


def gate_targets(gates: int, folder: Path) -> Iterator[Target]:
    """Run whole gates on every truth, each with a store of its own."""
    (folder / "coin.toml").write_text(PROBE, encoding="utf-8")
    probe = load_probe(folder / "coin.toml", (folder,))
    catalog = Catalog({probe.id: probe}, {probe.id: (folder,)})
    most = float(binom.ppf(_SURE, gates, ALPHA))
    with _coins() as url:
        for truth in TRUTHS:
            found = [_gated(catalog, truth, url, folder / f"{truth.name} {n}.sqlite3") for n in range(gates)]
            false = sum(truth.false in {outcomes[name] for name in truth.of} for outcomes in found)
            caught = sum(set(outcomes.values()) == {Outcome.PRESENT} for outcomes in found)
            told = {n: dict(Counter(outcomes[n].name for outcomes in found)) for n in ("rate", "lift")}
            print(f"{truth.name}: {truth.treated:g} against {truth.control:g}, {gates} gates; {told}")
            yield Target(f"{truth.name}: gates with a false {truth.false.name}", false, most, True)
            if truth.caught:
                yield Target(f"{truth.name}: share of gates that are all PRESENT", caught / gates, 0.95, False)


def _gated(catalog: Catalog, truth: Truth, url: str, path: Path) -> dict[str, Outcome]:
    """Plan, open and run a gate; return its outcomes by contrast."""
    treated, control = (f"{PREFIX}{rate:.4f}" for rate in (truth.treated, truth.control))
    if treated == control:
        control += "0"  # a name of its own
    settings = GateSettings(
        models=(treated,),
        control=control,
        base_url=url,
        judge="rules",
        alpha=ALPHA,
        cap=CAP,
        store=path,
        root=path.parent,
    )
    plan, tasks = plan_gate(catalog, settings)
    with SampleStore(path) as store:
        opened = open_gate(plan, settings, store)
    gate = Gate(settings, plan, opened.opening)
    try:
        gate.start(list(tasks.values()))
        return {task.contrast.id: gate.verdict(task).result().outcome for task in tasks.values()}
    finally:
        gate.close()


@contextlib.contextmanager
def _coins() -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(1, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=200, help="on each truth")
    parser.add_argument("--samples", type=int, default=6000, help="of each network")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = [*network_targets(given.samples, Path(folder)), *gate_targets(given.gates, Path(folder))]
    return report(found)


if __name__ == "__main__":
    sys.exit(main())
