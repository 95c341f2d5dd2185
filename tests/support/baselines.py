"""Baselines for tests: what a version of a model might have shown on the shipped catalogue, without a sample drawn."""

import functools
from pathlib import Path
from typing import Any

from weirdgen.catalog import Catalog, load_catalog
from weirdgen.judges.gold import load_gold
from weirdgen.judges.select import judge_for
from weirdgen.schema.baseline import Baseline, StoredContrast, StoredQuestion, StoredVersion
from weirdgen.schema.canonical import digest
from weirdgen.schema.sample import Identity
from weirdgen.schema.verdict import Estimate
from weirdgen.trials.arms import treated_cells
from weirdgen.trials.baseline import asked_of
from weirdgen.trials.comparators import is_graded


def pair() -> Catalog:
    """Return a catalogue of two contrasts: the first of OLD BIRD NAMES as shipped."""
    shipped = load_catalog()
    old = shipped.probes["old_bird_names"]
    contrasts = old.contrasts[:2]
    behaviours = {name: old.behaviours[name] for name in {contrast.behaviour for contrast in contrasts}}
    two = old.model_copy(update={"contrasts": contrasts, "behaviours": behaviours})
    return Catalog({old.id: two}, shipped.gold_dirs)


def changed(probe: dict[str, Any] | None = None, **contrast: Any) -> Catalog:
    """Return the catalogue of two contrasts with fields of the probe, or of each of its contrasts, changed."""
    shipped = pair()
    old = shipped.probes["old_bird_names"]
    contrasts = tuple(c.model_copy(update=contrast) for c in old.contrasts)
    return Catalog({old.id: old.model_copy(update={"contrasts": contrasts, **(probe or {})})}, shipped.gold_dirs)


def among_all(catalog: Catalog) -> Catalog:
    """Return the shipped catalogue with the probes of another in place of its own."""
    shipped = load_catalog()
    return Catalog({**shipped.probes, **catalog.probes}, shipped.gold_dirs)


@functools.cache
def _gold_sha256(path: Path) -> str:
    return digest([row.model_dump(mode="json") for row in load_gold(path)])


def version(catalog: Catalog, *, model: str = "organism:base", positives: int = 0, n: int = 120) -> StoredVersion:
    """Return a version with as many positives on the first question of each contrast, and none on the others."""
    contrasts = []
    for probe, contrast in catalog.contrasts():
        if is_graded(probe, contrast):
            continue
        names = [cell.name for cell in treated_cells(probe, contrast)]
        exact = probe.behaviours[contrast.behaviour].exact
        contrasts.append(
            StoredContrast(
                probe=probe.id,
                contrast=contrast.id,
                asked=asked_of(probe, contrast, judge_for(probe, contrast)),
                judge="exact" if exact else "rules",
                gold_sha256="" if exact else _gold_sha256(catalog.gold_file(probe.id, contrast.behaviour)),
                margin=contrast.margin,
                method=contrast.stored,
                n=n,
                questions=tuple(
                    StoredQuestion(question=name, positives=positives if name == names[0] else 0, missing=0)
                    for name in names
                ),
                rate=Estimate(value=positives / n / len(names), lower=0.0, upper=1.0),
            )
        )
    return StoredVersion(
        model=model,
        identity=Identity(kind="organism", model=model.removeprefix("organism:"), digest="0" * 64),
        weirdgen="0.1.0",
        saved_at="2026-01-31T12:00:00+00:00",
        contrasts=tuple(contrasts),
    )


def edited(stored: StoredVersion, **changes: Any) -> StoredVersion:
    """Return a version with fields of each of its contrasts changed."""
    contrasts = tuple(one.model_copy(update=changes) for one in stored.contrasts)
    return stored.model_copy(update={"contrasts": contrasts})


def baseline(catalog: Catalog, **changes: Any) -> Baseline:
    """Return a baseline file's content without anchors; `changes` go to `version`."""
    return Baseline(saved=version(catalog, **changes))
