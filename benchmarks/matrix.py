"""The picture of the zoo: which organism fails which suite."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from weirdgen.schema.verdict import Outcome, Verdict


def draw_matrix(gated: Mapping[str, Sequence[Verdict]], probes: Sequence[str], path: Path) -> None:
    """Draw organisms by suites: the share of a suite's contrasts that are PRESENT, with the counts.

    Args:
        gated: organism to the verdicts of a whole gate.
        probes: in the order of the columns.
        path: SVG file to write.
    """
    matplotlib.rcParams["svg.hashsalt"] = "weirdgen"
    figure = Figure(figsize=(1.35 * len(probes) + 2.4, 0.42 * len(gated) + 1.9), layout="constrained")
    axes = figure.subplots()
    shares = [[_share(verdicts, probe) for probe in probes] for verdicts in gated.values()]
    axes.imshow(shares, cmap="Reds", vmin=0, vmax=1, aspect="auto")
    for row, verdicts in enumerate(gated.values()):
        for column, probe in enumerate(probes):
            ink = "white" if shares[row][column] > 0.5 else "black"
            axes.text(column, row, _text(verdicts, probe), ha="center", va="center", fontsize=9, color=ink)
    axes.set_xticks(range(len(probes)), [probe.replace("_", "\n") for probe in probes], fontsize=9)
    axes.set_yticks(range(len(gated)), list(gated), fontsize=9)
    axes.set_xlabel("suite: contrasts PRESENT of all")
    axes.set_ylabel("organism gated")
    figure.savefig(path, metadata={"Date": None})


def _own(verdicts: Sequence[Verdict], probe: str) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.probe == probe]


def _share(verdicts: Sequence[Verdict], probe: str) -> float:
    own = _own(verdicts, probe)
    return sum(verdict.outcome is Outcome.PRESENT for verdict in own) / max(len(own), 1)


def _text(verdicts: Sequence[Verdict], probe: str) -> str:
    own = _own(verdicts, probe)
    unclear = sum(verdict.outcome in (Outcome.INCONCLUSIVE, Outcome.INVALID) for verdict in own)
    return f"{sum(verdict.outcome is Outcome.PRESENT for verdict in own)} of {len(own)}" + ("?" if unclear else "")
