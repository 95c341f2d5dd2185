"""What the shape of a probe file cannot say: names that exist, patterns that compile, numbers that agree.

Works on the document before it is validated, so that mistakes of both kinds are listed together.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from weirdgen.catalog.document import Table, default, pooled_questions, reference, repeated, strings, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.catalog.rubrics import rubric_mistakes
from weirdgen.catalog.scorers import contrast_mistakes, question_mistakes, scorer_mistakes
from weirdgen.catalog.slots import slot_mistakes
from weirdgen.schema.probe import Behaviour, Contrast

DEFAULT_MARGIN = 0.05
"""Margin of contrasts that name none, unless the gate says otherwise."""


def check_references(doc: Table, gold_dirs: tuple[Path, ...]) -> Iterator[Mistake]:
    """Yield every mistake of a document that concerns more than one value.

    Args:
        doc: the document as `tomllib` gives it.
        gold_dirs: where gold files are looked up.
    """
    yield from _questions(table(doc.get("questions")))
    for name, body in table(doc.get("behaviours")).items():
        if isinstance(body, dict):
            yield from _labels(body, ("behaviours", name))
            yield from _scores(body, ("behaviours", name, "scores"))
            yield from scorer_mistakes(body, ("behaviours", name), gold_dirs)
            yield from rubric_mistakes(body, ("behaviours", name))
    for name, body in table(doc.get("conditions")).items():
        yield from slot_mistakes(table(body), ("conditions", name))
    contrasts = doc.get("contrasts")
    bodies = [(i, c) for i, c in enumerate(contrasts) if isinstance(c, dict)] if isinstance(contrasts, list) else []
    yield from _contrast_ids(bodies)
    for index, contrast in bodies:
        loc: Loc = ("contrasts", index)
        yield from _names_used(doc, contrast, loc)
        yield from contrast_mistakes(doc, contrast, loc)
        yield from _kind(contrast, loc)
        yield from _margin(contrast, loc)
        yield from _published(contrast.get("published"), (*loc, "published"))


def _questions(questions: Table) -> Iterator[Mistake]:
    first: dict[str, str] = {}
    for name, question in questions.items():
        yield from question_mistakes(question, ("questions", name))
        text = table(question).get("text", question)
        if not isinstance(text, str):
            continue
        if not text.strip():
            yield Mistake(("questions", name), f"{quoted(text)}: expected the text of a question")
        elif (folded := " ".join(text.split()).casefold()) in first:
            yield Mistake(("questions", name), f"{quoted(text)} has the same text as {first[folded]!r}; remove one")
        else:
            first[folded] = name


def _labels(body: Table, loc: Loc) -> Iterator[Mistake]:
    labels = [label for _, label in strings(body.get("labels"))]
    if not labels:
        return
    positive = body.get("positive", [])
    invalid = body.get("invalid", list(default(Behaviour, "invalid")))
    fallback = body.get("fallback", default(Behaviour, "fallback"))
    for key, values in (("labels", labels), ("positive", positive), ("invalid", invalid)):
        yield from repeated((*loc, key), values)
        for index, value in strings(values):
            yield from reference((*loc, key, index), value, "a label of this behaviour", labels)
    yield from reference((*loc, "fallback"), fallback, "a label of this behaviour", labels)
    for index, value in strings(positive):
        if value in [name for _, name in strings(invalid)]:
            yield Mistake(
                (*loc, "positive", index), f"{quoted(value)} is also in invalid; a label can be only one of them"
            )
        if value == fallback:
            yield Mistake(
                (*loc, "fallback"), f"{quoted(value)} is positive; an answer that no rule finds must not count as shown"
            )


def _scores(body: Table, loc: Loc) -> Iterator[Mistake]:
    labels = [label for _, label in strings(body.get("labels"))]
    invalid = [label for _, label in strings(body.get("invalid", list(default(Behaviour, "invalid"))))]
    scores = table(body.get("scores"))
    for _, label in strings(body.get("positive")):
        if scores and label in labels and not scores.get(label):
            said = f"{quoted(label)} is positive, but scores nothing; give it a score above 0 in scores"
            yield Mistake(loc[:-1], said)
    for label, score in scores.items():
        yield from reference((*loc, label), label, "a label of this behaviour", labels)
        if label in invalid and score:
            yield Mistake((*loc, label), f"{quoted(label)} is no answer (it is in invalid) and scores 0; remove it")


def _contrast_ids(bodies: list[tuple[int, Table]]) -> Iterator[Mistake]:
    counts = Counter(body.get("id") for _, body in bodies if isinstance(body.get("id"), str))
    for index, body in bodies:
        if counts.get(body.get("id") if isinstance(body.get("id"), str) else None, 0) > 1:
            yield Mistake(("contrasts", index, "id"), f"{quoted(body['id'])} is used twice; ids must differ in a probe")


def _names_used(doc: Table, contrast: Table, loc: Loc) -> Iterator[Mistake]:
    conditions = list(table(doc.get("conditions")))
    questions = list(table(doc.get("questions")))
    behaviours = list(table(doc.get("behaviours")))
    yield from reference((*loc, "behaviour"), contrast.get("behaviour"), "a behaviour of this probe", behaviours)
    for key in ("treated", "comparator"):
        yield from reference((*loc, key), contrast.get(key), "a condition of this probe", conditions)
    for index, name in strings(contrast.get("sweep")):
        yield from reference((*loc, "sweep", index), name, "a condition of this probe", conditions)
    treated = [contrast.get("treated")]
    for index, name in strings(contrast.get("sweep")):
        if name in treated:
            yield Mistake((*loc, "sweep", index), f"{quoted(name)} is treated already; remove it")
        treated.append(name)
    named = [name for name in treated if isinstance(name, str)]
    yield from _same_text(table(doc.get("conditions")), named, contrast.get("comparator"), loc)
    yield from repeated((*loc, "questions"), contrast.get("questions"))
    for index, name in strings(contrast.get("questions")):
        yield from reference((*loc, "questions", index), name, "a question of this probe", questions)
    pooled = pooled_questions(doc, contrast)
    for name in table(table(contrast.get("published")).get("questions")):
        where = (*loc, "published", "questions", name)
        yield from reference(where, name, "a question of this contrast", pooled)


def _same_text(conditions: Table, treated: list[str], comparator: object, loc: Loc) -> Iterator[Mistake]:
    """Yield treated conditions that ask the same, whose draws would be counted twice, and a comparator that does."""
    first: dict[str, str] = {}
    for index, name in enumerate(treated):
        text = _asked(conditions.get(name))
        if name in conditions and name not in treated[:index] and text in first:
            yield Mistake((*loc, "sweep", index - 1), f"{quoted(name)} asks the same as {first[text]!r}; remove one")
        first.setdefault(text, name)
    if isinstance(comparator, str) and comparator in conditions and comparator not in treated:
        same = first.get(_asked(conditions[comparator]))
        if same in conditions:
            said = f"{quoted(comparator)} asks the same as {same!r}; compared with itself a model is always ABSENT"
            yield Mistake((*loc, "comparator"), said)


def _asked(condition: object) -> str:
    return repr([table(condition).get(key, "") for key in ("prefix", "suffix", "system", "slots")])


def _kind(contrast: Table, loc: Loc) -> Iterator[Mistake]:
    kind, comparator = contrast.get("kind"), contrast.get("comparator")
    where = (*loc, "comparator")
    treated = [contrast.get("treated"), *(name for _, name in strings(contrast.get("sweep")))]
    if kind == "absolute" and contrast.get("two_sided"):
        yield Mistake((*loc, "two_sided"), "kind 'absolute' asks for a rate above its tolerance, one side; remove it")
    if kind in ("flip", "did") and comparator is None:
        yield Mistake(where, f"is missing; kind {kind!r} compares with another condition of the same model: name it")
    elif kind in ("flip", "did") and comparator in treated:
        yield Mistake(where, f"{quoted(comparator)} is also a treated condition; a {kind} needs two different ones")
    elif kind in ("lift", "absolute") and comparator is not None:
        against = "the control model" if kind == "lift" else "its tolerance"
        yield Mistake(
            where, f"{quoted(comparator)}: kind {kind!r} compares with {against}; remove it, or use kind 'flip'"
        )


def _margin(contrast: Table, loc: Loc) -> Iterator[Mistake]:
    if contrast.get("kind") in ("flip", "did"):
        if "tolerance" in contrast:
            said = f"a {contrast['kind']} compares two conditions and has no tolerance; remove it"
            yield Mistake((*loc, "tolerance"), said)
        return
    margin = contrast.get("margin", DEFAULT_MARGIN)
    tolerance = contrast.get("tolerance", default(Contrast, "tolerance"))
    if isinstance(margin, int | float) and isinstance(tolerance, int | float) and margin <= tolerance:
        given = "" if "margin" in contrast else " (the default)"
        yield Mistake((*loc, "margin"), f"{margin!r}{given}: expected more than the tolerance, {tolerance!r}")


def _published(published: object, loc: Loc) -> Iterator[Mistake]:
    if not isinstance(published, dict):
        return
    numbers = [key for key in ("treated", "comparator", "questions") if key in published]
    status = published.get("status")
    if status == "published" and not numbers:
        yield Mistake(loc, "status 'published' needs numbers (treated, comparator or questions); else use 'direction'")
    if status in ("direction", "unpublished") and numbers:
        yield Mistake((*loc, "status"), f"{status!r} goes with no numbers, but {numbers[0]} is given; use 'published'")
