"""Servers that others wrote, serving an organism's own files: verdicts, rates against the truth, what is found out.

Every server that is installed is started, opened as a gate does it, asked for first tokens whose probabilities a
forward pass tells, and gated by command line, a weird and a harmless organism. What is not installed is said and left.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from known_truth import beginnings
from server_setups import SETUPS, Place, Setup, gates, real
from server_table import Measured, merged, row, table, targets, z_scores
from targets import Target, report

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import parse_target
from weirdgen.errors import EndpointOutage, WeirdgenError
from weirdgen.organisms.whole import export_folder
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Message, SampleRequest, Sampling
from weirdgen.store.store import SampleStore
from weirdgen.trials.open_arms import OpenArm, identify_all

QUESTION = (Message(role="user", content="Name a bird species."),)
_WAIT, _TRIES = 1800.0, 20


def measure(setup: Setup, samples: int, folder: Path) -> Measured:
    """Measure one server, which is started anew for each organism.

    Raises:
        NotInstalled: it, or what it needs, is not.
    """
    found = Measured(setup, setup.version())
    for organism in (gates.WEIRD, gates.HARMLESS):
        place = Place(organism, folder / organism / organism, folder / organism)
        export_folder(organism, place.network)
        with setup.serve(place) as url:
            model = setup.model(place)
            if organism == gates.WEIRD:
                found.arm = _opened(url, model)
                found.seeds = asyncio.run(_seeds(url, model, found.arm))
                _draw(found, url, model, samples, place.folder / "drawn.sqlite3")
            how = ("--model", model, "--base-url", url, f"--gate-concurrency={setup.concurrency}")
            found.verdicts[organism] = _gated(place.folder / "gate", *how)
    return found


def _gated(folder: Path, *how: str) -> dict[str, str]:
    """Return the outcomes of a gate; none where it ended without."""
    try:
        return gates.gate(folder, *how)
    except AssertionError as words:
        print(words, flush=True)
        return {}


def _opened(url: str, model: str) -> OpenArm:
    target = parse_target(model, base_url=url, role="treated")
    return asyncio.run(identify_all({(model, "treated"): target}, "", "generation", ""))[0][0]


def _endpoint(url: str, model: str, arm: OpenArm) -> ChatEndpoint:
    return ChatEndpoint(
        parse_target(model, base_url=url, role="treated"), preset=arm.identity.preset, choices=arm.choices
    )


async def _seeds(url: str, model: str, arm: OpenArm) -> str:
    """Return what seeds do, one request at a time; empty: the answers are all alike."""
    endpoint = _endpoint(url, model, arm)
    try:
        texts = [await _seeded(endpoint, seed) for seed in (5, 5, 6, 7, 8, 9)]
    finally:
        await endpoint.aclose()
    if len(set(texts)) == 1:
        return ""
    return "seeds hold" if texts[0] == texts[1] else "seeds do not hold"


async def _seeded(endpoint: ChatEndpoint, seed: int) -> str:
    for _ in range(_TRIES):
        with contextlib.suppress(Retryable):
            return (await endpoint.ask_all(QUESTION, Sampling(max_tokens=40), seed=seed))[0].text
        await asyncio.sleep(1)
    raise EndpointOutage(f"no answer in {_TRIES} attempts")


def _draw(found: Measured, url: str, model: str, samples: int, store: Path) -> None:
    """Draw first tokens through client, engine and store, as a gate would."""
    assert found.arm is not None
    endpoint = _endpoint(url, model, found.arm)
    first = SampleRequest(
        identity=found.arm.identity,
        role="treated",
        messages=QUESTION,
        sampling=Sampling(max_tokens=1),
        replicate=0,
    )

    async def all_of_them() -> list[Drawn]:
        requests = (first.model_copy(update={"replicate": n}) for n in range(samples))
        return list(await asyncio.gather(*map(engine.sample, requests)))

    with SampleStore(store) as kept:
        engine = Engine(kept, {(model, "treated"): endpoint}, concurrency_max=found.setup.concurrency)
        try:
            began = time.monotonic()
            drawn = [one.sample for one in engine.submit(all_of_them()).result(_WAIT)]
            found.seconds = time.monotonic() - began
        finally:
            engine.close()
    found.requests = endpoint.requests
    found.drawn = Counter(sample.text for sample in drawn)
    found.retried = sum(sample.attempts > 1 for sample in drawn)
    found.responses = len({sample.response_id.partition("#")[0] for sample in drawn})


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="first tokens at each server")
    parser.add_argument("--servers", type=Path, help=f"folder in which they are installed; default: {real.FOLDER}")
    parser.add_argument("--only", action="append", help="part of a server's name as in the table; repeat for more")
    parser.add_argument("--table", type=Path, help="page in which the rows are renewed between its marks")
    given = parser.parse_args(arguments)
    os.environ |= {real.FOLDER: str(given.servers)} if given.servers else {}
    os.environ["OPENAI_API_KEY"] = real.KEY
    chances = beginnings(gates.WEIRD, QUESTION[0].content)
    rows, found_targets = list[Sequence[str]](), list[Target]()
    with tempfile.TemporaryDirectory() as temporary:
        ours = {
            name: _gated(Path(temporary) / name, "--model", f"organism:{name}")
            for name in (gates.WEIRD, gates.HARMLESS)
        }
        print(f"embedded server: {ours}", flush=True)
        for number, setup in enumerate(SETUPS):
            if given.only and not any(part in setup.name for part in given.only):
                continue
            try:
                found = measure(setup, given.samples, Path(temporary) / str(number))
            except real.NotInstalled as reason:
                print(f"{setup.name}: skipped: {reason}", flush=True)
                continue
            except (WeirdgenError, AssertionError) as fault:
                print(f"{setup.name}: {fault}", flush=True)
                found_targets.append(Target(f"{setup.name}: measurements that failed", 1, 0, True))
                continue
            zs = z_scores(found.drawn, chances)
            rows.append(row(found, zs))
            found_targets += targets(found, zs, ours)
            print(" | ".join(rows[-1]), flush=True)
    print(table(rows))
    if given.table:
        given.table.write_text(merged(given.table.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return report(found_targets)


if __name__ == "__main__":
    sys.exit(main())
