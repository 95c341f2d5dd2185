"""weirdgen as a gate draws: keys, leases, and a store on disk that holds each sample before it is seen."""

import asyncio
import tempfile
from pathlib import Path

from measured import MODEL, QUESTIONS, arguments, hide_aiohttp, import_transport, report

ASKED = arguments()
hide_aiohttp(ASKED.transport)

import openai.resources.chat  # noqa: E402, F401

from weirdgen.endpoints.client import ChatEndpoint  # noqa: E402
from weirdgen.endpoints.models import parse_target  # noqa: E402
from weirdgen.sampler.engine import Engine  # noqa: E402
from weirdgen.schema.sample import Identity, Message, SampleRequest, Sampling  # noqa: E402
from weirdgen.store.store import SampleStore  # noqa: E402

AT_ONCE = 200
"""Rounds that a gate's trials ask for at a time: 2,000 samples wait for an answer, however many there will be."""
SAMPLING = Sampling()
IDENTITY = Identity(kind="endpoint", model=MODEL, base_url=ASKED.url, served=MODEL, generation="benchmark")
"""One object for all requests, as the arms of a gate have it."""


def _request(question: str, replicate: int) -> SampleRequest:
    return SampleRequest(
        identity=IDENTITY,
        role="treated",
        messages=(Message(role="user", content=question),),
        sampling=SAMPLING,
        replicate=replicate,
    )


async def _look(engine: Engine, rounds: range) -> int:
    """Draw all rounds of a look at once; return how many different answers came. Nothing of it stays in memory."""
    wanted = [_request(question, replicate) for replicate in rounds for question in QUESTIONS]
    drawn = await asyncio.gather(*map(engine.sample, wanted))
    return len({one.sample.text for one in drawn})


async def _fill(engine: Engine) -> int:
    """Draw as trials do: look after look."""
    rounds = range(ASKED.samples // len(QUESTIONS))
    return sum([await _look(engine, rounds[first : first + AT_ONCE]) for first in rounds[::AT_ONCE]])


def _sample() -> int:
    target = parse_target(MODEL, base_url=ASKED.url, role="treated", environ={})
    with tempfile.TemporaryDirectory() as folder, SampleStore(Path(folder) / "samples.sqlite3") as store:
        endpoint = ChatEndpoint(target, ASKED.url, choices=ASKED.choices)
        engine = Engine(store, {(MODEL, "treated"): endpoint}, concurrency_max=ASKED.concurrency)
        try:
            answers = engine.submit(_fill(engine)).result()
        finally:
            engine.close(drain=True)
        return answers


import_transport()
report(_sample)
