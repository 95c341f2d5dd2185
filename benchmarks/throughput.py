"""What a sample costs: weirdgen beside bare loops and beside llmcomp and inspect-ai, against one local server.

Every contender gets the same samples in a fresh process, one after the other, in rounds; of each the best wall and the
best CPU count, since whatever else runs on the machine only adds. Imports are left out of both and told apart.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from latency_server import Counted, counted, serving
from targets import Target, report

HERE = Path(__file__).parent
PEERS = {"llmcomp": ("llmcomp", "llmcomp==1.6.0"), "inspect-ai": ("inspect", "inspect-ai==0.3.285 openai")}
"""Name: client script, and what is installed for it (llmcomp brings 6 GB)."""
MOST, MOST_MB, FLAT = 1.3, 150.0, 1.1
"""Of the bare loop's wall and CPU; MB; peak of the long run over that of the short one, for 25 times the samples."""
CHOICES = 8


class Contender(NamedTuple):
    """A way to get samples."""

    name: str
    client: str
    options: tuple[str, ...] = ()
    python: str = sys.executable


@dataclass
class Result:
    """The best of a contender's rounds."""

    wall: float = float("inf")
    cpu: float = float("inf")
    peak_mb: float = float("inf")
    imported_mb: float = 0.0
    requests: int = 0
    at_once: int = 0
    server_share: float = 0.0
    """CPU of the server per second of wall, at most."""
    rounds: list[float] = field(default_factory=list)

    def take(self, told: dict[str, float], before: Counted, after: Counted) -> None:
        """Add a round."""
        self.wall, self.cpu = min(self.wall, told["wall"]), min(self.cpu, told["cpu"])
        self.peak_mb, self.imported_mb = min(self.peak_mb, told["peak_mb"]), told["imported_mb"]
        self.requests, self.at_once = after.requests - before.requests, max(self.at_once, after.most_at_once)
        self.server_share = max(self.server_share, (after.cpu_seconds - before.cpu_seconds) / told["wall"])
        self.rounds.append(told["wall"])


def contenders(peers: Sequence[str]) -> list[Contender]:
    """Return all that take part."""
    many = ("--choices", str(CHOICES))
    listed = [Contender("aiohttp loop", "aiohttp"), Contender(f"aiohttp loop, n={CHOICES}", "aiohttp", many)]
    for transport in ("httpx", "aiohttp"):
        over = ("--transport", transport)
        listed.append(Contender(f"openai loop over {transport}", "openai", over))
        listed.append(Contender(f"weirdgen over {transport}", "weirdgen", over))
    listed.append(Contender(f"weirdgen, n={CHOICES}", "weirdgen", ("--transport", "aiohttp", *many)))
    return listed + [Contender(name, PEERS[name][0], python=installed(name)) for name in peers]


def installed(peer: str) -> str:
    """Install a peer into an environment of its own, once; return its Python."""
    folder = HERE.parent / ".venv-peers" / peer
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        print(f"installing {PEERS[peer][1]} into {folder.relative_to(HERE.parent)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS[peer][1].split()], check=True)
        done.touch()
    return str(python)


def measured(contender: Contender, url: str, samples: int, concurrency: int, result: Result) -> None:
    """Run a contender once.

    Raises:
        SystemExit: it failed, or has fewer answers than it was asked for.
    """
    options = ("--samples", str(samples), "--concurrency", str(concurrency), *contender.options)
    command = [contender.python, str(HERE / f"client_{contender.client}.py"), url, *options]
    before = counted(url)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    after = counted(url)
    if done.returncode:
        raise SystemExit(f"{contender.name}: exit status {done.returncode}\n{done.stderr[-2_000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["answers"] != samples:
        raise SystemExit(f"{contender.name}: {told['answers']} different answers, expected {samples}")
    result.take(told, before, after)


def _environment() -> dict[str, str]:
    """Return the environment without proxies and without keys: all traffic is for this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_proxy", "_api_key"))}
    return kept | {"OPENAI_API_KEY": "none"}


def table(results: dict[str, Result]) -> None:
    """Print what was measured."""
    limit = results["aiohttp loop"]
    print(
        "contender                    wall s (x)     CPU s (x)    peak MB  after import  requests  at once  server CPU"
    )
    for name, found in results.items():
        print(
            f"{name:26}{found.wall:8.2f} {found.wall / limit.wall:5.2f}{found.cpu:8.2f} {found.cpu / limit.cpu:5.2f}"
            f"{found.peak_mb:11.0f}{found.peak_mb - found.imported_mb:+14.0f}{found.requests:10,}{found.at_once:9}"
            f"{found.server_share:11.0%}"
        )
    print("(x): times the aiohttp loop, the practical limit; at once: most requests that the server held")


def targets(results: dict[str, Result], short: Result, long: Result) -> list[Target]:
    """Return what is held to a bound."""
    listed = []
    for transport in ("httpx", "aiohttp"):
        own, bare = results[f"weirdgen over {transport}"], results[f"openai loop over {transport}"]
        listed.append(
            Target(f"wall of weirdgen over {transport}, of the openai loop's", own.wall / bare.wall, MOST, True)
        )
        listed.append(Target(f"CPU of weirdgen over {transport}, of the openai loop's", own.cpu / bare.cpu, MOST, True))
    many, bare = results[f"weirdgen, n={CHOICES}"], results["aiohttp loop"]
    listed.append(
        Target(f"wall of weirdgen with n={CHOICES}, of the aiohttp loop's", many.wall / bare.wall, MOST, True)
    )
    listed.append(Target(f"CPU of weirdgen with n={CHOICES}, of the aiohttp loop's", many.cpu / bare.cpu, MOST, True))
    listed.append(Target("peak memory of weirdgen, MB", max(short.peak_mb, long.peak_mb), MOST_MB, True))
    listed.append(Target("peak memory of the long run, of the short one's", long.peak_mb / short.peak_mb, FLAT, True))
    return listed


def main() -> int:
    """Measure everything and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds until the server answers")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the peers take part in the first only")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, or none")
    parser.add_argument("--long", type=int, default=50_000, help="samples of the run whose memory is compared")
    asked = parser.parse_args()
    peers = [] if asked.peers == "none" else asked.peers.split(",")
    if unknown := [peer for peer in peers if peer not in PEERS]:
        parser.error(f"--peers {unknown[0]!r}: expected none, or some of {', '.join(PEERS)}")
    listed = contenders(peers)
    results = {contender.name: Result() for contender in listed}
    print(
        f"{asked.samples:,} samples, {asked.latency * 1000:.0f} ms latency, {asked.concurrency} at once, best of "
        f"{asked.rounds}; Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}",
        flush=True,
    )
    with serving(asked.latency) as url:
        for turn in range(asked.rounds):
            for contender in listed:
                if turn == 0 or contender.name not in peers:
                    measured(contender, url, asked.samples, asked.concurrency, results[contender.name])
        long = Result()
        own = next(contender for contender in listed if contender.name == "weirdgen over aiohttp")
        measured(own, url, asked.long, asked.concurrency, long)
    table(results)
    print(f"{asked.long:,} samples: {long.wall:.1f} s, CPU {long.cpu:.1f} s, peak {long.peak_mb:.0f} MB")
    return report(targets(results, results[own.name], long))


if __name__ == "__main__":
    sys.exit(main())
