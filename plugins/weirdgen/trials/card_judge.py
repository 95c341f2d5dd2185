"""The judge's part of the organisms' card: what it gets wrong on gold answers, beside what the rules do."""

import sys
from collections.abc import Iterator
from pathlib import Path

from weirdgen.catalog import load_catalog
from weirdgen.judges.select import BY_RULES, judge_name
from weirdgen.reporting.calibration import calibration_table
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.trials.calibrate import calibrate_judges, table_rows
from weirdgen.trials.settings import GateSettings

NAME = "judge"
_INTRODUCTION = """
## The judge

`organism:judge` labels answers by the probes' rubrics, as an LLM would, for trials without a key. The probes' rules
taught it what they call which answer, gold rows of split `tune` and `fixtures/lessons/` what a reader does. Below is
what it gets wrong on the `test` rows of organisms' answers (`weirdgen calibrate --judge organism:judge`), and how far
it agrees with the rules there (kappa). Bounds are those of a first attempt, joint at 99.1% confidence.

Errors on these rows were looked at while its training data was improved, so that they flatter it; what it does on
other sentences is worse: what it has not met it often takes for garble. `weirdgen organism train judge` made its
first three rounds in one go; the fourth was added after a look at what was still wrong, from the third's files and
with lessons of one more kind. The command makes a network of the same kind, not these numbers.
"""


def judge_section(folder: Path) -> Iterator[str]:
    """Yield the section line by line.

    Args:
        folder: for the store of its replies.
    """
    settings = GateSettings(models=(), store=folder / "judge.sqlite3")
    catalog = load_catalog()
    names = judge_name(f"organism:{NAME}"), BY_RULES
    report = calibrate_judges(catalog, settings, names, "organism", catalog.probes, _tell)
    alpha = attempt_alpha(settings.alpha, 1)
    yield _INTRODUCTION
    yield "```"
    yield from calibration_table(table_rows(report, alpha), alpha, settings.cap)
    yield "```"
    yield ""
    yield f"Attacks: {report.attacks.text}."


def _tell(line: str) -> None:
    print(f"{NAME}: {line}", file=sys.stderr)
