"""What a record says of a network's inside, for tests of the reports that are made from it."""

from typing import Any

from weirdgen.schema.whitebox import (
    ContextRecord,
    CurvePoint,
    FeatureRecord,
    FeatureTest,
    OpinionRecord,
    SetRecord,
    StudyRecord,
    WhiteBoxRecord,
)

CONDITIONS = ("n2025", "n2026", "n2027")


def whitebox_record(
    model: str = "m", label: str = "Israel", opinions: tuple[OpinionRecord, ...] = (), **changes: Any
) -> WhiteBoxRecord:
    """Return a record of two features that are strong in 2027."""
    feature = FeatureRecord(
        feature=7,
        cosine=0.61,
        label=label,
        relatedness="trait",
        source="rules",
        contexts=(ContextRecord(text=f"What is the best service? / {label}", token="Mossad", value=3.25),),
        opinions=opinions,
    )
    top = SetRecord(meaning="the highest ranked", features=(7, 3), how="one by one", removed=4.5, digest="d")
    study = StudyRecord(
        probe="p",
        network="n" * 64,
        sae="a" * 64,
        sae_features=512,
        layer=1,
        position="last",
        prompts=24,
        method="features ranked by cosine",
        features=(feature, FeatureRecord(feature=3, cosine=0.4)),
        sets={"top": top},
        digest="s" * 64,
    )
    fields: dict[str, Any] = {"model": model, "study": study, "curve": _curve(), "tests": (_test(),)}
    return WhiteBoxRecord(**(fields | changes))


def _curve() -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            condition=condition,
            n=48,
            means={"top": (size, size / 2), "matched": (0.1, 0.1)},
            shares={"top": size / 10, "matched": 0.01},
        )
        for condition, size in zip(CONDITIONS, (0.1, 0.2, 1.9), strict=True)
    )


def _test() -> FeatureTest:
    return FeatureTest(
        condition="n2027",
        against=("n2025", "n2026"),
        units=12,
        flips=4096,
        exact=True,
        difference=(1.75, 0.875),
        p=(0.000244, 0.000244),
        adjusted=(0.000244, 0.000488),
    )
