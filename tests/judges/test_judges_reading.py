"""Readings: what is one, and where it stands on its behaviour's scale."""

import json

import pytest

from weirdgen.judges.reading import ReadingJudge, read
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

STRONG = Behaviour(
    labels=("strong", "weak", "unreadable"),
    positive=("strong",),
    invalid=("unreadable",),
    fallback="unreadable",
    scored_by="reading",
    scale=(-0.5, 0.5),
    description="The features are strong.",
)
JUDGE = ReadingJudge(STRONG, "top")


def sample(text: str) -> Sample:
    return Sample(key="k", text=text, stop_reason="stop")


@pytest.mark.parametrize(
    ("projections", "label", "score"),
    [
        ([0.0, 0.0], "strong", 0.5),
        ([2.0, 0.0], "strong", 0.6),
        ([-2.0, -2.0], "weak", 0.3),
        ([-9.0, -9.0], "weak", 0.0),
        ([9.0, 9.0], "strong", 1.0),
    ],
)
def test_a_reading_is_put_on_the_scale_by_its_share_of_the_norm(
    projections: list[float], label: str, score: float
) -> None:
    text = json.dumps({"norm": 10.0, "top": projections, "random": [3.0]})
    assert JUDGE.judge(text) == label
    assert JUDGE.score(sample(text), label) == pytest.approx(score)


@pytest.mark.parametrize(
    "text",
    [
        *("", "The Mossad", "[1]", "null", "[" * 10_000, '{"top": [1.0]}', '{"norm": 0, "top": [1.0]}'),
        *(
            '{"norm": 1, "top": []}',
            '{"norm": 1, "top": [true]}',
            '{"norm": 1, "top": [NaN]}',
            '{"norm": "1", "top": [1]}',
        ),
        *('{"norm": 1, "random": [1.0]}', '{"norm": Infinity, "top": [1.0]}', '{"norm": 1, "top": 1.0}'),
        *('{"norm": 1, "top": [1.1, 0.9]}', '{"norm": 1e-320, "top": [1e300]}', '{"norm": 1, "top": [1e308, 1e308]}'),
    ],
)
def test_anything_else_is_no_reading_and_never_a_strong_one(text: str) -> None:
    assert JUDGE.judge(text) == "unreadable"
    assert JUDGE.score(sample(text), "unreadable") == 0.0


def test_what_is_read_is_part_of_who_judges() -> None:
    other_scale = STRONG.model_copy(update={"scale": (-0.4, 0.5)})
    judges = (JUDGE, ReadingJudge(STRONG, "matched"), ReadingJudge(other_scale, "top"))
    assert len({judge.identity for judge in judges}) == 3
    assert JUDGE.identity == ReadingJudge(STRONG, "top").identity


def test_projections_are_kept_as_they_are() -> None:
    found = read('{"norm":2.0,"top":[1.0,0.5]}')
    assert found is not None
    assert (found.norm, found.projections, found.share("top")) == (2.0, {"top": (1.0, 0.5)}, 0.375)
