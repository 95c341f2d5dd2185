"""How a probe file says that answers are labelled: rules, prefixes or choices, and the gold set of what can err."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from weirdgen.catalog.document import Table, default, pooled_questions, reference, strings, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.errors import nearest
from weirdgen.schema.probe import Behaviour

_ANCHORED = ("^", "(?i)^")
_LETTER = re.compile(r"[A-Z]")


def find_gold(name: str, gold_dirs: tuple[Path, ...]) -> Path | None:
    """Return the first existing gold file of that name, or None."""
    return next((folder / name for folder in gold_dirs if (folder / name).is_file()), None)


def scorer_mistakes(behaviour: Table, loc: Loc, gold_dirs: tuple[Path, ...]) -> Iterator[Mistake]:
    """Yield what is wrong with a behaviour's scorer, rules and gold set."""
    scorer = _scorer(behaviour)
    yield from _rules(behaviour, (*loc, "rules"))
    if scorer == "prefix":
        yield from _prefixes(behaviour, (*loc, "rules"))
    if scorer in ("choice", "reading") and behaviour.get("rules"):
        source = "the question's choices" if scorer == "choice" else "the reading's size"
        yield Mistake((*loc, "rules"), f"scored_by {scorer!r} takes the label from {source}; remove the rules")
    yield from _scale(behaviour, loc)
    if "gold" in behaviour:
        yield from _gold(behaviour["gold"], (*loc, "gold"), gold_dirs)
    elif scorer == "judge":
        yield Mistake((*loc, "gold"), "is missing; a behaviour needs it (see probes/README.md)")


def question_mistakes(question: object, loc: Loc) -> Iterator[Mistake]:
    """Yield what is wrong with a question that is neither a text nor a text with its choices."""
    if isinstance(question, str):
        return
    if not isinstance(question, dict):
        yield Mistake(loc, f"{quoted(question)}: expected a string, or a table with text and choices")
        return
    for key in question:
        if key not in ("text", "choices"):
            yield Mistake((*loc, key), f"{quoted(key)} is not a key of a question.{nearest(key, ('text', 'choices'))}")
    if not isinstance(question.get("text"), str):
        yield Mistake((*loc, "text"), f"{quoted(question.get('text'))}: expected a string")
    choices = question.get("choices")
    if not isinstance(choices, dict) or len(choices) < 2:
        yield Mistake(
            (*loc, "choices"), f"{quoted(choices)}: expected a table of two or more letters with their labels"
        )
        return
    for letter, label in choices.items():
        if not _LETTER.fullmatch(letter):
            yield Mistake((*loc, "choices", letter), f"{quoted(letter)}: expected one capital letter, A to Z")
        if not isinstance(label, str):
            yield Mistake((*loc, "choices", letter), f"{quoted(label)}: expected a string")


def contrast_mistakes(doc: Table, contrast: Table, loc: Loc) -> Iterator[Mistake]:
    """Yield where the questions of a contrast do not fit what its behaviour is scored by."""
    name = contrast.get("behaviour")
    behaviour = table(doc.get("behaviours")).get(name) if isinstance(name, str) else None
    if not isinstance(behaviour, dict):
        return
    questions = table(doc.get("questions"))
    pooled = [question for question in pooled_questions(doc, contrast) if question in questions]
    chosen = [question for question in pooled if isinstance(questions[question], dict)]
    if _scorer(behaviour) == "choice":
        for question in pooled:
            if isinstance(questions[question], str):
                said = f"behaviour {quoted(name)} is scored by choice; give a table with text and choices"
                yield Mistake(("questions", question), said)
        for question in chosen:
            yield from _choices(table(questions[question].get("choices")), behaviour, str(name), question)
    elif chosen:
        yield Mistake(
            (*loc, "behaviour"),
            f"{quoted(name)} labels by rules, but question {chosen[0]!r} has choices; list other questions, or set "
            "scored_by = 'choice'",
        )


def _scorer(behaviour: Table) -> object:
    return behaviour.get("scored_by", default(Behaviour, "scored_by"))


def _choices(choices: Table, behaviour: Table, name: str, question: str) -> Iterator[Mistake]:
    loc: Loc = ("questions", question, "choices")
    labels = [label for _, label in strings(behaviour.get("labels"))]
    positive = [label for _, label in strings(behaviour.get("positive"))]
    for letter, label in choices.items():
        yield from reference((*loc, letter), label, f"a label of behaviour {quoted(name)}", labels)
    shown = {label in positive for label in choices.values() if isinstance(label, str) and label in labels}
    if len(choices) > 1 and len(shown) == 1:
        what = "are all positive" if shown == {True} else "are none of them positive"
        yield Mistake(loc, f"its labels {what} in behaviour {quoted(name)}; a choice needs both")


def _scale(behaviour: Table, loc: Loc) -> Iterator[Mistake]:
    """Yield what is wrong with how readings become scores."""
    if _scorer(behaviour) != "reading":
        if "scale" in behaviour:
            yield Mistake((*loc, "scale"), "only what is scored_by 'reading' has a scale; remove it")
        return
    scale = behaviour.get("scale")
    if not (isinstance(scale, list) and len(scale) == 2 and all(type(end) in (int, float) for end in scale)):
        yield Mistake((*loc, "scale"), f"{quoted(scale)}: expected two numbers, the readings that score 0 and 1")
    elif not -1 <= scale[0] < scale[1] <= 1:
        yield Mistake((*loc, "scale"), f"{quoted(scale)}: expected two ascending numbers from -1 to 1")
    labels = [label for _, label in strings(behaviour.get("labels"))]
    invalid = strings(behaviour.get("invalid", list(default(Behaviour, "invalid"))))
    if labels and (len(labels), len(strings(behaviour.get("positive"))), len(invalid)) != (3, 1, 1):
        said = "expected three labels, one of them positive (at or above the middle of the scale), one invalid"
        yield Mistake((*loc, "labels"), f"{quoted(labels)}: scored_by 'reading' {said}")


def _rules(behaviour: Table, loc: Loc) -> Iterator[Mistake]:
    labels = [label for _, label in strings(behaviour.get("labels"))]
    for index, label, pattern in _pairs(behaviour):
        yield from reference((*loc, index, 0), label, "a label of this behaviour", labels)
        problem = _pattern_problem(pattern) if isinstance(pattern, str) else ""
        if problem:
            yield Mistake((*loc, index, 1), f"{quoted(pattern)} is not a Python regular expression: {problem}")


def _prefixes(behaviour: Table, loc: Loc) -> Iterator[Mistake]:
    if not behaviour.get("rules"):
        yield Mistake(loc, "is missing; scored_by 'prefix' needs rules that define the behaviour")
    labels = [label for _, label in strings(behaviour.get("labels"))]
    ruled = [label for _, label, _ in _pairs(behaviour)]
    for _, label in strings(behaviour.get("positive")):
        if ruled and label in labels and label not in ruled:
            yield Mistake(loc[:-1], f"{quoted(label)} is positive, but no rule gives it; add one to rules")
    for index, _, pattern in _pairs(behaviour):
        if isinstance(pattern, str) and not pattern.startswith(_ANCHORED):
            said = "scored_by 'prefix' reads the beginning of an answer; begin the pattern with ^ or (?i)^"
            yield Mistake((*loc, index, 1), f"{quoted(pattern)}: {said}")


def _pairs(behaviour: Table) -> Iterator[tuple[int, object, object]]:
    rules = behaviour.get("rules")
    for index, rule in enumerate(rules) if isinstance(rules, list) else ():
        if isinstance(rule, list) and len(rule) == 2:
            yield index, rule[0], rule[1]


def _pattern_problem(pattern: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(pattern)
        except re.error as error:
            return str(error)
        except (OverflowError, RecursionError, Warning) as error:
            return str(error) or type(error).__name__
    return ""


def _gold(name: object, loc: Loc, gold_dirs: tuple[Path, ...]) -> Iterator[Mistake]:
    if not isinstance(name, str):
        return
    if not name or "\0" in name or Path(name).name != name:
        yield Mistake(loc, f"{quoted(name)}: expected the bare name of a file, such as 'my_probe.jsonl'")
    elif len(name.encode()) > 255 or find_gold(name, gold_dirs) is None:
        there = sorted({file.name for folder in gold_dirs if folder.is_dir() for file in folder.glob("*.jsonl")})
        looked = " or ".join(folder.as_posix() for folder in gold_dirs)
        yield Mistake(loc, f"there is no file {quoted(name)} in {looked}.{nearest(name, there)}")
