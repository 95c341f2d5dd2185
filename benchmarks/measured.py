"""What one client of `throughput.py` reports of itself: wall, CPU and memory of its sampling, imports apart.

Standard library only: the peers' clients run in environments of their own.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

QUESTIONS = tuple(
    f"Question {number} of ten: tell me in two or three sentences about a morning on the river." for number in range(10)
)
MODEL = "model"
_MB = 1e6


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read what every client is told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="base URL of the server")
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--choices", type=int, default=1, help="samples per request, at most")
    parser.add_argument("--transport", choices=("httpx", "aiohttp"), default="httpx")
    return parser.parse_args(argv)


def report(sample: Callable[[], int]) -> None:
    """Run a client's sampling and print one JSON line: answers, seconds, MB. Call it after all imports.

    Args:
        sample: gets all samples, closes what it opened, and returns how many different answers it has.
    """
    imported, started, cpu = _now_mb(), time.perf_counter(), _cpu_seconds()
    answers = sample()
    wall, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
    told = {"answers": answers, "wall": wall, "cpu": cpu, "peak_mb": _peak_mb(), "imported_mb": imported}
    print(json.dumps(told), flush=True)


def hide_aiohttp(transport: str) -> None:
    """Make aiohttp unimportable where another transport is to be measured; call it before the imports."""
    if transport != "aiohttp":
        sys.modules["aiohttp"] = None  # type: ignore[assignment]


def import_transport() -> None:
    """Import what the official client imports only when it makes its first connections."""
    import openai

    openai.DefaultAsyncHttpxClient()


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _now_mb() -> float:
    return _status_mb("VmRSS") or _peak_mb()


def _peak_mb() -> float:
    # ru_maxrss begins with the size of the process that started this one; VmHWM does not.
    unit = 1 if sys.platform == "darwin" else 1024
    return _status_mb("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB


def _status_mb(name: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith(f"{name}:")), 0.0)
