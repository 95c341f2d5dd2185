"""What a probe file says of a network's inside: how features are found, read and removed."""

from collections.abc import Iterator
from typing import get_args

from weirdgen.catalog.document import Table, reference, repeated, strings, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.schema.probe import FeatureSet

_SETS = get_args(FeatureSet)
_REMOVED = ("treated_without", "comparator_without")
_RELATED = ("trait", "narrow", "neither")
_CHOSEN = ("top", "top_reversed", "top_joint")
"""Sets of the features that the trigger strengthens: what these reach or carry is about the gated model."""


def whitebox_mistakes(doc: Table) -> Iterator[Mistake]:
    """Yield what is wrong with the table `whitebox`, and with contrasts that need it.

    Args:
        doc: the document, with what it borrows.
    """
    contrasts = doc.get("contrasts")
    bodies = [(i, c) for i, c in enumerate(contrasts) if isinstance(c, dict)] if isinstance(contrasts, list) else []
    if "whitebox" in doc:
        yield from _study(doc, table(doc["whitebox"]))
        if bodies and all(contrast.get("diagnostic") is True for _, contrast in bodies):
            yield Mistake(("contrasts",), "are all diagnostic, so that nothing is judged; leave one that is not")
    for index, contrast in bodies:
        loc: Loc = ("contrasts", index)
        if contrast.get("diagnostic") is True and _is_of_the_model(contrast):
            yield Mistake((*loc, "diagnostic"), "the contrast is about the gated model, which is judged; remove it")
        if "inside" in contrast:
            yield from _inside(doc, contrast, table(contrast["inside"]), loc)
        elif "whitebox" in doc:
            yield Mistake(
                loc, "needs no weights, and its probe looks into a network; give it `inside`, or another probe"
            )
        elif _scored_by_reading(doc, contrast):
            yield Mistake((*loc, "behaviour"), "is scored by reading; say which features with inside.reads")


def _study(doc: Table, study: Table) -> Iterator[Mistake]:
    conditions = table(doc.get("conditions"))
    for key in ("trigger", "baseline"):
        yield from reference(("whitebox", key), study.get(key), "a condition of this probe", conditions)
    if study.get("trigger") is not None and study.get("trigger") == study.get("baseline"):
        yield Mistake(("whitebox", "baseline"), f"{quoted(study['baseline'])} is also the trigger; name another one")
    yield from repeated(("whitebox", "curve"), study.get("curve"))
    for index, name in strings(study.get("curve")):
        yield from reference(("whitebox", "curve", index), name, "a condition of this probe", conditions)
    curve = [name for _, name in strings(study.get("curve"))]
    for index, name in strings(study.get("tested")):
        yield from reference(("whitebox", "tested", index), name, "a condition of the curve", curve)
    if curve and {name for _, name in strings(study.get("tested"))} >= set(curve):
        yield Mistake(("whitebox", "tested"), "is the whole curve; leave at least one condition to compare with")
    yield from _related(study)
    yield from repeated(("whitebox", "texts"), study.get("texts"))
    yield from repeated(("whitebox", "prompts"), study.get("prompts"))
    asked = [table(question).get("text", question) for question in table(doc.get("questions")).values()]
    folded = {_folded(text) for text in asked if isinstance(text, str)}
    for index, text in strings(study.get("prompts")):
        if _folded(text) in folded:
            said = "is also a question; features are not chosen on what they are read on"
            yield Mistake(("whitebox", "prompts", index), f"{quoted(text)} {said}")


def _related(study: Table) -> Iterator[Mistake]:
    """Yield what is wrong with what a judge is told that labels features."""
    rubric = study.get("related")
    if not isinstance(rubric, dict):
        return
    loc: Loc = ("whitebox", "related")
    told = table(rubric.get("labels"))
    for label in told:
        yield from reference((*loc, "labels", label), label, "what a feature can be related to", _RELATED)
    for label in _RELATED:
        if "labels" in rubric and label not in told:
            yield Mistake((*loc, "labels"), f"{quoted(label)} is missing; a judge has to be told of every label")
    if isinstance(rubric.get("ask"), str) and not rubric["ask"].strip():
        yield Mistake((*loc, "ask"), f"{quoted(rubric['ask'])}: expected what has to be decided about a feature")
    if rubric.get("rating"):
        yield Mistake((*loc, "rating"), "a feature is related to one thing or another, not more or less; remove it")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _inside(doc: Table, contrast: Table, inside: Table, loc: Loc) -> Iterator[Mistake]:
    where: Loc = (*loc, "inside")
    if "whitebox" not in doc:
        yield Mistake(where, "needs the table `whitebox`, which says how features are found")
    removed = [key for key in _REMOVED if key in inside]
    reads = "reads" in inside
    if reads == bool(removed):
        yield Mistake(where, f"expected either reads, or {' or '.join(_REMOVED)}, of the sets {', '.join(_SETS)}")
    elif reads != _scored_by_reading(doc, contrast):
        said = (
            "reads features; its behaviour must be scored_by 'reading'" if reads else "compares answers, not readings"
        )
        yield Mistake((*loc, "behaviour"), f"{quoted(contrast.get('behaviour'))}: the contrast {said}")
    wanted = "flip" if reads else "lift"
    if contrast.get("kind") in ("absolute", "lift", "flip", "did") and contrast["kind"] != wanted:
        yield Mistake(
            (*loc, "kind"), f"{quoted(contrast['kind'])}: expected {wanted!r} with inside.{next(iter(inside), '')}"
        )
    if len(removed) == 2 and inside[removed[0]] == inside[removed[1]]:
        yield Mistake((*where, removed[1]), f"{quoted(inside[removed[1]])} is removed from both arms; name another set")


def _is_of_the_model(contrast: Table) -> bool:
    """Whether a contrast tells something about the model as it is served, so that it must not be only reported."""
    inside = table(contrast.get("inside"))
    if "treated_without" in inside:  # nobody serves either arm
        return False
    if inside.get("reads") in _CHOSEN or "inside" not in contrast:
        return True
    # A rise against the network without the features is a behaviour that rests on them; two sides tell of the removal.
    return inside.get("comparator_without") in _CHOSEN and contrast.get("two_sided") is not True


def _scored_by_reading(doc: Table, contrast: Table) -> bool:
    name = contrast.get("behaviour")
    behaviour = table(table(doc.get("behaviours")).get(name)) if isinstance(name, str) else {}
    return behaviour.get("scored_by") == "reading"
