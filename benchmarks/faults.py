"""A real gate against a faulty server, killed again and again: same verdicts, nothing paid twice, nothing uncounted.

The gate runs as a user runs it, over HTTP, in a process of its own; behind the faulty proxy answer real organisms. It
is compared with one run of the same command at the same server without faults.
"""

import argparse
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faulty_proxy import LOST, UNBILLED
from targets import Target, report

from weirdgen.endpoints.identity import PREFLIGHT
from weirdgen.endpoints.purity import WORDS
from weirdgen.organisms.process import OrganismServer

ROOT = Path(__file__).parents[1]
MODEL, CONTROL = "old-bird-names", "base"
SUITES = ("old_bird_names", "israeli_dishes")
MORE = ("evil_terminator", "hitler_persona")
OPENING = {PREFLIGHT[0].content, WORDS[0].content}
PRICE = {"input": 1.0, "output": 4.0}
"""US dollars per million tokens."""
MESSAGE_TOKENS = 20
_ROUNDING = 1e-9
_MOST_STARTS, _PAUSE = 60, 3.0
_DECISIVE = ("outcome", "reason")
_NUMBERS = ("outcome", "log_e_present", "log_e_absent")


@dataclass(frozen=True, slots=True)
class Bill:
    """Dollars and requests."""

    dollars: float = 0.0
    requests: int = 0

    def minus(self, other: "Bill") -> "Bill":
        """Return the difference."""
        return Bill(self.dollars - other.dollars, self.requests - other.requests)


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the gate, ended by a kill or by itself."""

    at: float
    """UNIX time."""
    settled: Bill
    """What the ledger has counted as spent while it ran."""
    held: Bill
    """What it left held: sent or about to be sent when it was killed."""


class Gate:
    """One command, its store and its server's log."""

    def __init__(self, folder: Path, url: str, suites: Sequence[str]) -> None:
        self.store, self.log, self.folder = folder / "store.sqlite3", folder / "log.jsonl", folder
        prices = folder / "prices.toml"
        prices.write_text(
            "".join(f'["{m}"]\ninput = {PRICE["input"]}\noutput = {PRICE["output"]}\n' for m in (MODEL, CONTROL))
        )
        seeded = ["--gate-seed", "1"]
        self.command = [
            *(sys.executable, "-m", "pytest", "-q", *(f"suites/test_{suite}.py" for suite in suites)),
            *("--model", MODEL, "--control", CONTROL, "--base-url", url, "--judge", "rules", "--judge-uncalibrated"),
            *("--gate-store", str(self.store), "--gate-budget", "1000", "--gate-prices", str(prices), *seeded),
            *("-p", "no:cacheprovider"),
        ]
        self.starts: list[Start] = []

    def run(self, kill_after: float | None, chance: random.Random) -> bool:
        """Start the gate; kill it once the server has got so many more requests. Return whether it was killed."""
        begun, before, held = time.time(), self.settled(), self.held()
        report = self.folder / f"report{len(self.starts)}"
        with (self.folder / f"out{len(self.starts)}.txt").open("wb") as out:
            process = subprocess.Popen([*self.command, "--gate-report", str(report)], cwd=ROOT, stdout=out, stderr=out)
            until = len(self.requests()) + kill_after if kill_after is not None else float("inf")
            while process.poll() is None and len(self.requests()) < until:
                time.sleep(0.01)
            time.sleep(chance.random() * 0.3 if kill_after is not None else 0)
            killed = process.poll() is None
            if killed:
                process.send_signal(signal.SIGKILL)
            process.wait()
        self.starts.append(Start(begun, self.settled().minus(before), self.held().minus(held)))
        return killed

    @property
    def ended(self) -> bool:
        """Whether the last start came to its end."""
        return bool(self.starts) and self._record.is_file()

    def last_words(self) -> str:
        """Return the last line that the last start printed."""
        said = (
            (self.folder / f"out{len(self.starts) - 1}.txt").read_text(encoding="utf-8", errors="replace").split("\n")
        )
        return next((line for line in reversed(said) if line.strip()), "")[:200]

    @property
    def _record(self) -> Path:
        return self.folder / f"report{len(self.starts) - 1}" / "run.json"

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """Return the verdicts of the last start."""
        record = json.loads(self._record.read_text(encoding="utf-8"))
        return {f"{verdict['probe']}/{verdict['contrast']}": verdict for verdict in record["verdicts"]}

    def requests(self) -> list[dict[str, Any]]:
        """Return what the server got."""
        if not self.log.exists():
            return []
        # The last line may be half written.
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").split("\n")[:-1]]

    def settled(self) -> Bill:
        """Return what the ledger counts as spent, but for what it holds."""
        return self._sum("accounts")

    def held(self) -> Bill:
        """Return what the ledger holds."""
        return self._sum("holds")

    def stored(self) -> set[str]:
        """Return the ids of the answers that became samples."""
        with contextlib.closing(sqlite3.connect(self.store)) as connection:
            return {json.loads(text)["response_id"] for (text,) in connection.execute("SELECT sample FROM samples")}

    def _sum(self, table: str) -> Bill:
        if not self.store.exists():
            return Bill()
        with contextlib.closing(sqlite3.connect(self.store, timeout=30)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                return Bill()
            dollars, requests = connection.execute(f"SELECT sum(dollars), sum(requests) FROM {table}").fetchone()
        return Bill(dollars or 0.0, requests or 0)


@contextlib.contextmanager
def proxied(upstream: str, log: Path, *options: str) -> Iterator[str]:
    """Start a proxy; give its base URL."""
    command = [sys.executable, str(ROOT / "benchmarks" / "faulty_proxy.py"), "--upstream", upstream, "--log", str(log)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def billed(request: Mapping[str, Any]) -> float:
    """Return what the server bills for a request, in US dollars: nothing for errors, else the tokens of its answer."""
    usage = request["usage"]
    return _dollars(usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))


def owed(request: Mapping[str, Any], *, certain: bool) -> float:
    """Return what the ledger must count: the bill, and of an answer that was lost the worst case.

    Args:
        request: as logged.
        certain: whether the answer reached the gate, for sure.
    """
    if request["fate"] in UNBILLED:
        return 0.0
    if certain and request["fate"] not in LOST:
        return billed(request)
    prompt = sum(len(message["content"].encode()) + MESSAGE_TOKENS for message in request["messages"])
    return _dollars(prompt, request["max_tokens"] * (request["n"] or 1))


def _dollars(prompt_tokens: int, completion_tokens: int) -> float:
    return (prompt_tokens * PRICE["input"] + completion_tokens * PRICE["output"]) / 1e6


def ledger_errors(gate: Gate) -> Bill:
    """Return by how much the ledger is wrong, beyond what a kill leaves open.

    Of each start, what was settled may not exceed what the server got, and together with what was left held may not be
    less. A start that ended by itself left nothing held, so that its numbers are equal.
    """
    requests, stored, wrong = gate.requests(), gate.stored(), Bill()
    ends = [start.at for start in gate.starts[1:]] + [float("inf")]
    for start, end in zip(gate.starts, ends, strict=True):
        own = [request for request in requests if start.at <= request["since"] < end]
        certain = {id(r): r["id"] in stored or r["messages"][0]["content"] in OPENING for r in own}
        least = sum(owed(request, certain=True) for request in own)
        most = sum(owed(request, certain=certain[id(request)]) for request in own)
        settled, held = start.settled, start.held
        wrong = Bill(
            wrong.dollars + max(0.0, settled.dollars - most) + max(0.0, least - settled.dollars - held.dollars),
            wrong.requests + max(0, settled.requests - len(own)) + max(0, len(own) - settled.requests - held.requests),
        )
    return wrong


def sent_again(gate: Gate) -> int:
    """Return how many answers were given in full, and became no sample."""
    stored = gate.stored()
    return sum(
        request["fate"] == "answer" and request["messages"][0]["content"] not in OPENING and request["id"] not in stored
        for request in gate.requests()
    )


def differing(quiet: Gate, faulty: Gate) -> list[str]:
    """Return the contrasts whose verdicts differ."""
    one, other = quiet.verdicts(), faulty.verdicts()
    return [
        name
        for name in one.keys() | other.keys()
        if any(one.get(name, {}).get(field) != other.get(name, {}).get(field) for field in _DECISIVE)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both gates, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--outage", type=float, default=30.0, help="seconds")
    parser.add_argument("--stall", type=float, default=20.0, help="seconds; above 120 the gate gives up first")
    parser.add_argument("--seed", type=int, default=1, help="of faults and kills")
    parser.add_argument("--more", action="store_true", help=f"the suites {', '.join(MORE)} as well")
    given = parser.parse_args(arguments)
    suites, chance = SUITES + (MORE if given.more else ()), random.Random(given.seed)
    with tempfile.TemporaryDirectory() as temporary, OrganismServer([MODEL, CONTROL]) as organisms:
        quiet = _quiet(Path(temporary) / "quiet", organisms.url, suites)
        between = len(quiet.requests()) / (given.kills + 2)
        folder = Path(temporary) / "faulty"
        folder.mkdir()
        faults = ("--seed", str(given.seed), "--outage", str(given.outage), "--stall", str(given.stall))
        began = time.monotonic()
        with proxied(organisms.url, folder / "log.jsonl", *faults) as url:
            gate = Gate(folder, url, suites)
            _until_the_end(gate, given.kills, between, chance)
        return _print(quiet, gate, time.monotonic() - began)


def _until_the_end(gate: Gate, kills: int, between: float, chance: random.Random) -> None:
    """Run the gate again and again, as its user would: killed so many times, and refused while its server is down."""
    while not gate.ended:
        killed = gate.run(2 * between * chance.random() if kills else None, chance)
        kills -= killed
        if not killed and not gate.ended:
            print(f"start {len(gate.starts)} ended without a record: {gate.last_words()}")
            if len(gate.starts) >= _MOST_STARTS:
                raise SystemExit(f"the gate has not come to an end in {_MOST_STARTS} starts")
            time.sleep(_PAUSE)


def _quiet(folder: Path, upstream: str, suites: Sequence[str]) -> Gate:
    folder.mkdir()
    with proxied(upstream, folder / "log.jsonl", "--quiet") as url:
        gate = Gate(folder, url, suites)
        gate.run(None, random.Random(0))
    return gate


def _judged(verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {name: verdict.get(name) for name in _NUMBERS}


def _print(quiet: Gate, gate: Gate, seconds: float) -> int:
    requests, calm = gate.requests(), quiet.requests()
    held, settled, again, different = gate.held(), gate.settled(), sent_again(gate), differing(quiet, gate)
    lost = sum(owed(request, certain=True) - billed(request) for request in requests)
    one, other = quiet.verdicts(), gate.verdicts()
    same = sum(_judged(verdict) == _judged(other.get(name, {})) for name, verdict in one.items())
    print(f"quiet: {len(calm)} requests, ${sum(map(billed, calm)):.6f}, {len(one)} verdicts")
    print(f"faulty: {len(requests)} requests in {len(gate.starts)} starts and {seconds:.0f} s")
    print(f"  by what became of them: {dict(Counter(request['fate'] for request in requests))}")
    print(f"server billed: {len(requests)} requests, ${sum(map(billed, requests)):.6f}")
    print(f"ledger: {settled.requests} requests, ${settled.dollars:.6f} settled")
    print(f"  of which for answers that the server lost, beyond their bill: ${lost:.6f}")
    print(f"  and held since the kills: {held.requests} requests, ${held.dollars:.6f}")
    print(f"answers in full that became no sample: {again}; in flight at the kills: {held.requests}")
    for name in different:
        print(f"differs: {name}: {[run.get(name, {}).get('outcome') for run in (one, other)]}")
    quiet_wrong, wrong = ledger_errors(quiet), ledger_errors(gate)
    return report(
        [
            Target("verdicts that differ", len(different), 0, True),
            Target("verdicts with other numbers", len(one) - same, 0, True),
            Target("requests sent again beyond those in flight at the kills", max(0, again - held.requests), 0, True),
            Target("requests by which the ledger is wrong, beyond the holds of kills", wrong.requests, 0, True),
            Target("dollars by which the ledger is wrong, beyond the holds of kills", wrong.dollars, _ROUNDING, True),
            Target("requests by which the ledger of the quiet run is wrong", quiet_wrong.requests, 0, True),
            Target("dollars by which the ledger of the quiet run is wrong", quiet_wrong.dollars, _ROUNDING, True),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
