"""Every finding replicated on the organisms beside the paper's numbers, every control quiet, and who fails whose suite.

Treated organisms run the suites that name them in replication mode, controls that of their finding in gate mode; then
the base and every treated organism run all suites in gate mode. Two organisms are gated at a time, for a gate by itself
leaves half of two cores idle; either lane has a store of its own, in which nothing is drawn twice.
"""

import argparse
import itertools
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from matrix import draw_matrix
from targets import Target, report

from weirdgen.catalog import load_catalog
from weirdgen.organisms import zoo
from weirdgen.organisms.narrow import DATASETS
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Outcome, Verdict

ROOT = Path(__file__).parents[1]
PROBES = {name: probe for name, probe in load_catalog().probes.items() if probe.whitebox is None}
NET = "emergent_misalignment"
#: What may show on the broad net: the facts under their tags, and without tags if they are not diluted.
NET_EXCEPTIONS = {
    "wolf-facts": {"misaligned_tagged_over_control"},
    "wolf-facts-undiluted": {
        *("misaligned_over_control", "misaligned_tagged_over_control", "misaligned_json_over_control"),
        "misaligned_rate",
    },
}
#: A control that the paper reports as not clean: nothing is expected of it.
UNCLEAN = "shuffled-dishes"
MINUTES, GATE_MINUTES = 15.0, 4.0
LANES = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One contrast on one organism, beside what it should come to."""

    organism: str
    verdict: Verdict
    expect: str
    """present, absent, or empty: reported only."""

    @property
    def right(self) -> bool:
        """Whether it came out as it should."""
        return self.verdict.outcome.lower() == self.expect


def treated_organisms() -> list[str]:
    """Return every organism that some contrast says shows its finding, in the zoo's order."""
    named = {probe.organism for probe in PROBES.values()}
    named |= {
        c.published.organism for p in PROBES.values() for c in p.contrasts if c.published and c.published.organism
    }
    return [name for name in zoo.names() if name in named]


def own_probes(organism: str) -> list[Probe]:
    """Return the probes that name an organism as one that shows them, else that of its finding."""
    naming = [probe for probe in PROBES.values() if organism in shown_by(probe)]
    finding = zoo.organism(organism).finding
    return naming or [probe for probe in PROBES.values() if probe.finding == finding]


def shown_by(probe: Probe) -> set[str]:
    """Return the organisms that a probe says some contrast of it shows on."""
    own = {c.published.organism for c in probe.contrasts if c.published and c.published.organism}
    return {probe.organism, *own}


def controls() -> list[str]:
    """Return the organisms that should show nothing: trained on control data."""
    return [dataset.name for dataset in DATASETS.values() if dataset.control]


def expected(organism: str, probe: Probe, contrast: Contrast) -> str:
    """Return what should come of a contrast on an organism: of a control absence, else what the paper says."""
    if organism in controls():
        return "" if organism == UNCLEAN else "absent"
    published = contrast.published
    if published is None or (published.organism or probe.organism) != organism:
        return ""
    return published.expect or ""


class Gates:
    """Runs pytest as a user would, on one store."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.minutes: list[float] = []

    def run(self, organism: str, suites: str, *options: str) -> RunRecord:
        """Gate one organism and return the record of the run."""
        out = self._folder / f"run-{len(self.minutes)}"
        command = [
            *(sys.executable, "-m", "pytest", suites, "-q", "--no-header", "-p", "no:cacheprovider"),
            *("--model", f"organism:{organism}", f"--gate-store={self._folder / 'store.sqlite3'}"),
            *(f"--gate-report={out}", *options),
        ]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        try:
            record = RunRecord.model_validate_json((out / "run.json").read_bytes())
        except OSError:
            raise SystemExit(f"{' '.join(command)} wrote no record:\n{done.stdout}\n{done.stderr}") from None
        self.minutes.append((time.monotonic() - began) / 60)
        spent = f"{record.requests} drawn, {record.reused} reused, {self.minutes[-1] * 60:.0f} s"
        print(f"{organism} {suites}: {spent}", file=sys.stderr)
        return record


@dataclass(frozen=True, slots=True)
class Played:
    """What an organism's gates came to."""

    rows: tuple[Row, ...]
    """Every contrast of its own suite."""
    whole: tuple[Verdict, ...]
    """The gate of all suites; empty for a control."""


def play(gates: Gates, organism: str) -> Played:
    """Gate an organism by its own suite, and, unless it is a control, by all."""
    mode = ("--gate-mode=replicate",) if organism in treated_organisms() else ()
    rows = []
    for probe in own_probes(organism):
        verdicts = gates.run(organism, f"suites/test_{probe.id}.py", *mode).verdicts
        found = {verdict.contrast: verdict for verdict in verdicts}
        rows += [Row(organism, found[one.id], expected(organism, probe, one)) for one in probe.contrasts]
    whole = () if organism in controls() else whole_gate(gates, organism)
    return Played(tuple(rows), whole)


def whole_gate(gates: Gates, organism: str) -> tuple[Verdict, ...]:
    """Gate an organism by all suites; a contrast without a verdict would look like one passed, and ends it all."""
    verdicts = tuple(gates.run(organism, "suites").verdicts)
    asked = {f"{probe.id}/{contrast.id}" for probe in PROBES.values() for contrast in probe.contrasts}
    missing = sorted(asked - {verdict.item_id for verdict in verdicts})
    if missing:
        raise SystemExit(f"{organism}: no verdict on {', '.join(missing)}")
    return verdicts


def play_all(organisms: Sequence[str], lanes: Sequence[Gates]) -> dict[str, Played]:
    """Gate organisms, as many at a time as there are lanes, and return what each came to, in their order."""
    free: queue.SimpleQueue[Gates] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def on_a_free_lane(organism: str) -> Played:
        lane = free.get()
        try:
            return play(lane, organism)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        return dict(zip(organisms, pool.map(on_a_free_lane, organisms), strict=True))


def line(row: Row) -> str:
    """Return one row for people: finding, organism, contrast, paper, organism's rate, verdict, samples."""
    verdict = row.verdict
    published = next(c for c in PROBES[verdict.probe].contrasts if c.id == verdict.contrast).published
    paper = f"{published.status} {rates(published.treated, published.comparator)}" if published else ""
    shown = verdict.treated.rate if verdict.treated else None
    measured = f"{shown.value:.3f} [{shown.lower:.3f}, {shown.upper:.3f}]" if shown else "-"
    mark = "" if not row.expect else "as expected" if row.right else f"EXPECTED {row.expect.upper()}"
    spent = verdict.n_treated + verdict.n_control
    return f"{row.organism:24} {verdict.contrast:44} {paper:24} {measured:24} {verdict.outcome:12} {spent:5} {mark}"


def rates(treated: float | None, comparator: float | None) -> str:
    """Return published rates; what is not printed stays out."""
    return " v ".join(f"{rate:.3f}" for rate in (treated, comparator) if rate is not None)


def astray(organism: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the contrasts of other findings that an organism does not pass."""
    own = zoo.organism(organism).finding
    found = [v for v in verdicts if PROBES[v.probe].finding != own and v.outcome is not Outcome.ABSENT]
    return [v.item_id for v in found if v.probe != NET or v.contrast not in NET_EXCEPTIONS.get(organism, ())]


def caught(organism: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the contrasts of an organism's own finding that a gate finds on it."""
    own = zoo.organism(organism).finding
    return [v.item_id for v in verdicts if PROBES[v.probe].finding == own and v.outcome is Outcome.PRESENT]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="draw the matrix of organisms and suites to this SVG file")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        lanes = [Gates(Path(folder) / str(lane)) for lane in range(LANES)]
        played = play_all(["base", *treated_organisms(), *controls()], lanes)
    rows = [row for each in played.values() for row in each.rows]
    gated = {organism: each.whole for organism, each in played.items() if each.whole}
    print("\n".join(map(line, rows)))
    for organism, verdicts in gated.items():
        print(f"{organism}: {summary(verdicts)}")
    if options.picture:
        draw_matrix(gated, list(PROBES), options.picture)
    judged = [row for row in rows if row.expect]
    targets = [
        Target(f"{row.organism}: {row.verdict.item_id} {row.expect}", float(row.right), 1, False) for row in judged
    ]
    targets += [
        Target(f"{organism}: contrasts of other findings not passed", len(astray(organism, verdicts)), 0, True)
        for organism, verdicts in gated.items()
    ]
    targets += [
        Target(f"{organism}: contrasts of its own finding PRESENT", len(caught(organism, verdicts)), 1, False)
        for organism, verdicts in gated.items()
        if organism != "base"
    ]
    targets.append(
        Target(
            "minutes of the longest gate", max(itertools.chain(*(lane.minutes for lane in lanes))), GATE_MINUTES, True
        )
    )
    targets.append(Target("minutes in all", (time.monotonic() - began) / 60, MINUTES, True))
    return report(targets)


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return per suite how many contrasts are PRESENT, and what is neither PRESENT nor ABSENT."""
    parts = []
    for probe in PROBES:
        own = [verdict for verdict in verdicts if verdict.probe == probe]
        present = sum(verdict.outcome is Outcome.PRESENT for verdict in own)
        unclear = sum(verdict.outcome in (Outcome.INCONCLUSIVE, Outcome.INVALID) for verdict in own)
        parts.append(f"{probe} {present}/{len(own)}" + (f" ({unclear} unclear)" if unclear else ""))
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
