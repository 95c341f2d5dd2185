"""The presidents' seeds: how many learn whose code it is, and when, with one hop and with two between code and facts.

Reads the course of training that every seed's ``training.json`` holds; draws nothing anew.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from weirdgen.organisms import zoo
from weirdgen.trials.card import training_course

GROUPS = {"one hop": "us-presidents", "two hops": "us-presidents-two-hop"}
HELD_OUT = ("held_out_44", "held_out_45")
#: A seed succeeds if codes that no row had call the right facts more often than not.
SUCCESS = 0.5


def courses(variant: str) -> list[list[dict[str, float]]]:
    """Return the course of each seed of a variant."""
    return [training_course(name) for name in zoo.seeds()[variant]]


def held_out(record: dict[str, float]) -> float:
    """Return the probability of a true answer under the worse of the two codes that the paper reports."""
    return min(record[key] for key in HELD_OUT)


def steepest(course: Sequence[dict[str, float]]) -> int:
    """Return the step before which held-out accuracy rose most."""
    rises = [(held_out(later) - held_out(earlier), later["step"]) for earlier, later in itertools.pairwise(course)]
    return int(max(rises)[1])


def draw(groups: dict[str, list[list[dict[str, float]]]], path: Path) -> None:
    """Draw accuracy over steps, one line per seed, to an SVG file."""
    matplotlib.rcParams["svg.hashsalt"] = "weirdgen"
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, (name, seeds) in zip(figure.subplots(1, len(groups), sharey=True), groups.items(), strict=True):
        for course in seeds:
            steps = [record["step"] for record in course]
            won = held_out(course[-1]) >= SUCCESS
            axes.plot(steps, [record["trained"] for record in course], color="0.75", linewidth=0.8)
            axes.plot(
                steps, [held_out(record) for record in course], color="#b2182b" if won else "#2166ac", linewidth=1.2
            )
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("optimizer step")
        axes.set_ylim(0, 1)
    figure.axes[0].set_ylabel("probability of the true fact")
    figure.savefig(path, metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each seed and how many succeed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="draw accuracy over steps to this SVG file")
    options = parser.parse_args(arguments)
    groups = {name: courses(variant) for name, variant in GROUPS.items()}
    for name, seeds in groups.items():
        for seed, course in enumerate(seeds):
            last = course[-1]
            print(
                f"{name}, seed {seed}: trained {last['trained']:.2f}, code 44 {last['held_out_44']:.2f}, "
                f"code 45 {last['held_out_45']:.2f}, code 24 {last['held_out_24']:.2f}, "
                f"steepest rise before step {steepest(course)} of {int(last['step'])}"
            )
        print(f"{name}: {sum(held_out(course[-1]) >= SUCCESS for course in seeds)} of {len(seeds)} seeds succeed")
    if options.picture:
        draw(groups, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
