"""How many samples a second go through a store on a PostgreSQL server, in all, by how far away it is.

    python benchmarks/store_server.py postgresql://USER@HOST/DATABASE --machines 4 --delay 0.5 --budget

Each of some processes claims and stores packs of samples as a gate's engine does. A delay stands for the way there and
back, in milliseconds, on top of the real one.
"""

import argparse
import asyncio
import multiprocessing
import threading
import time
from functools import partial
from urllib.parse import urlsplit

from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling, Usage
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.owner import new_owner
from weirdgen.store.place import place_of
from weirdgen.store.store import Claim, SampleStore

TEXT = "An answer of usual length, about which nothing is strange. " * 5


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="postgresql://..., or a file to compare with")
    parser.add_argument("--machines", type=int, default=1, help="processes")
    parser.add_argument("--samples", type=int, default=1024, help="of each process")
    parser.add_argument("--pack", type=int, default=64, help="requests that are answered at the same time")
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds there and back")
    parser.add_argument("--budget", action="store_true", help="hold and settle what each costs")
    asked = parser.parse_args()
    place = _delayed(asked.store, asked.delay / 1000) if asked.delay else asked.store
    SampleStore(place_of(asked.store)).close()
    begun = multiprocessing.Barrier(asked.machines + 1)
    arguments = (place, asked.samples, asked.pack, asked.budget, begun)
    processes = [multiprocessing.Process(target=_machine, args=(n, *arguments)) for n in range(asked.machines)]
    for process in processes:
        process.start()
    begun.wait()
    started = time.monotonic()
    for process in processes:
        process.join()
    rate = asked.machines * asked.samples / (time.monotonic() - started)
    told = "with" if asked.budget else "without"
    print(f"{asked.machines} machines, {asked.delay:g} ms, {told} a budget: {rate:,.0f} samples a second in all")


def _machine(number: int, place: str, samples: int, pack: int, budget: bool, begun: "threading.Barrier") -> None:
    """Draw samples that take no time."""
    charge = Charge(Account("gate", 1e6, None), Amount(0.01, 1)) if budget else None
    cost = ("gate", Amount(0.001, 1)) if budget else None
    requests = [_request(f"{number} {time.time_ns()}", n) for n in range(samples)]
    with SampleStore(place_of(place)) as store:
        owner = new_owner()
        begun.wait()
        for first in range(0, samples, pack):
            some = requests[first : first + pack]
            claims = store.together([partial(store.claim, one.key, owner, 60.0, charge) for one in some])
            assert set(claims) == {Claim.MINE}
            store.together([partial(store.put, one, _sample(one), owner, cost) for one in some])


def _request(run: str, number: int) -> SampleRequest:
    identity = Identity(kind="endpoint", model="m", base_url="http://gpu/v1", generation=run)
    messages = (Message(role="user", content="What do you say?"),)
    return SampleRequest(identity=identity, role="treated", messages=messages, sampling=Sampling(), replicate=number)


def _sample(request: SampleRequest) -> Sample:
    usage = Usage(prompt_tokens=12, completion_tokens=60)
    return Sample(key=request.key, text=TEXT, raw=TEXT, stop_reason="stop", usage=usage)


def _delayed(address: str, seconds: float) -> str:
    """Return the address of a way to the server that takes longer."""
    url = urlsplit(address)
    ready: list[int] = []
    started = threading.Event()

    async def serve() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            away_reader, away_writer = await asyncio.open_connection(url.hostname, url.port or 5432)
            await asyncio.gather(_later(reader, away_writer, seconds / 2), _later(away_reader, writer, seconds / 2))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ready.append(server.sockets[0].getsockname()[1])
        started.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    started.wait()
    host = f"{url.hostname}:{url.port}" if url.port else str(url.hostname)
    return address.replace(host, f"127.0.0.1:{ready[0]}", 1)


async def _later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Pass bytes on, each after the delay, without holding back what comes behind them."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(seconds, writer.write, data)
    loop.call_later(seconds, writer.close)


if __name__ == "__main__":
    main()
