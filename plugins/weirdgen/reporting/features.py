"""What a reader is told of features that LLM judges labelled, and where judges disagree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from weirdgen.schema.whitebox import FeatureRecord, WhiteBoxRecord


def label_lines(found: Iterable[WhiteBoxRecord]) -> list[str]:
    """Return one line per network whose features a judge labelled."""
    return [line for one in found for line in _line(one)]


def related(features: Iterable[FeatureRecord]) -> str:
    """Return how many features are related to what, the most frequent first."""
    counts = Counter(feature.relatedness for feature in features)
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _line(one: WhiteBoxRecord) -> Iterator[str]:
    judged = [feature for feature in one.study.features if feature.opinions]
    if judged:
        others = "".join(f"; {name} says otherwise of {count}" for name, count in _others(judged).items())
        yield (
            f"Features of {one.model}, by judge {judged[0].source}: {related(judged)}{others}. No gold set measures "
            "such labels, and no verdict depends on them."
        )


def _others(judged: Sequence[FeatureRecord]) -> dict[str, int]:
    """Return of how many features each further judge says something else; undecided is something else."""
    found: dict[str, int] = {}
    for feature in judged:
        for opinion in feature.opinions[1:]:
            found[opinion.judge] = found.get(opinion.judge, 0) + (opinion.relatedness != feature.relatedness)
    return found
