"""What `servers.py` measured at one server: its line of the table, and what must hold of it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from known_truth import events
from server_setups import SETUPS, Setup, gates
from targets import Target

from weirdgen.trials.open_arms import OpenArm

_SURE = 3.0
"""Standard errors: one of 370 honest measurements lies further from the truth."""
_MARKS = "<!-- servers -->\n", "<!-- /servers -->"
_HEAD = ("server", "version", "samples", "verdicts", "z against the truth", "requests/s", "what was found out")


@dataclass
class Measured:
    """What was measured at one server."""

    setup: Setup
    version: str
    verdicts: dict[str, dict[str, str]] = field(default_factory=dict)
    """By organism and contrast: the outcome, of INVALID with its reason; empty where the gate gave none."""
    arm: OpenArm | None = None
    drawn: Counter[str] = field(default_factory=Counter)
    """First tokens."""
    seconds: float = 0.0
    requests: int = 0
    retried: int = 0
    """Samples that took more than one attempt."""
    responses: int = 0
    """By their different ids."""
    seeds: str = ""


def z_scores(drawn: Mapping[str, int], chances: Mapping[str, float]) -> dict[str, float]:
    """Return by event how many standard errors the count of its texts lies from its probability."""
    samples, found = sum(drawn.values()), {}
    for event, texts in events(dict(chances)).items():
        p = sum(chances[text] for text in texts)
        count = sum(number for text, number in drawn.items() if text in texts)
        found[event] = (count - samples * p) / math.sqrt(samples * p * (1 - p))
    return found


def found_out(found: Measured) -> str:
    """Return what the opening and the draws told of a server."""
    arm = found.arm
    assert arm is not None
    samples, together = sum(found.drawn.values()), arm.choices
    parts = [
        "answers under any name" if arm.any_name else "",
        f"preset `{arm.identity.preset}`" if arm.identity.preset else "no preset",
        f"sampling {arm.purity.state}",
        f"{together} answers in a response" if together > 1 else "one answer in a response",
        f"fingerprint `{arm.identity.fingerprint}`" if arm.identity.fingerprint else "no fingerprint",
        found.seeds,
        f"{found.responses} response ids for {samples} samples" if found.responses * together < samples // 2 else "",
        f"{found.retried} samples asked for again" if found.retried else "",
    ]
    return ", ".join(filter(None, parts))


def row(found: Measured, zs: Mapping[str, float]) -> tuple[str, ...]:
    """Return a server's line of the table."""
    outcomes = "; ".join(
        f"{name}: {', '.join(verdicts.get(contrast, 'none') for contrast in gates.CONTRASTS)}"
        for name, verdicts in zip(("weird", "harmless"), found.verdicts.values(), strict=True)
    )
    samples, rate = sum(found.drawn.values()), found.requests / found.seconds
    scores = ", ".join(f"{z:+.1f}" for z in zs.values())
    return found.setup.name, found.version, f"{samples:,}", outcomes, scores, f"{rate:.0f}", found_out(found)


def targets(found: Measured, zs: Mapping[str, float], ours: Mapping[str, Mapping[str, str]]) -> list[Target]:
    """Return what must hold: the truth and our own server's verdicts, or no verdict at all."""
    name = found.setup.name
    pairs = [(found.verdicts[organism].get(c), ours[organism].get(c)) for organism in ours for c in gates.CONTRASTS]
    if found.setup.pure:
        differing = sum(theirs != own for theirs, own in pairs)
        worst = max(map(abs, zs.values()))
        return [
            Target(f"{name}: verdicts that differ from our own server's", differing, 0, True),
            Target(f"{name}: largest |z|", worst, _SURE, True),
        ]
    decided = sum(theirs is not None and not theirs.startswith("INVALID") for theirs, _ in pairs)
    return [Target(f"{name}: contrasts that came to a verdict", decided, 0, True)]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (_HEAD, ("---",) * len(_HEAD), *rows))


def merged(page: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a page with rows in its table: those of servers that were not measured this time stay.

    Args:
        page: Markdown with the marks.
        rows: by what stands in their first cell.
    """
    before, _, rest = page.partition(_MARKS[0])
    kept, _, after = rest.partition(_MARKS[1])
    lines = [line.strip("| ").split(" | ") for line in kept.splitlines() if line.startswith("|")]
    known = {cells[0]: cells for cells in [*lines[2:], *rows]}
    order = [known[setup.name] for setup in SETUPS if setup.name in known]
    return f"{before}{_MARKS[0]}\n{table(order)}\n\n{_MARKS[1]}{after}"
