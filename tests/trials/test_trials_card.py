"""The shipped card: of the files that are shipped, and good enough to stand claims on."""

import re

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.content import shipped_dir
from weirdgen.organisms import zoo

CARD = (shipped_dir("organisms") / "README.md").read_text(encoding="utf-8")


def row(name: str, section: int) -> list[str]:
    """Return the cells after an organism's name in one of the card's tables: 0 training, 1 totals."""
    rows = re.findall(rf"^\| `{name}` \| (.*) \|$", CARD, re.MULTILINE)
    return str(rows[section]).split(" | ")


def rate(cell: str) -> float:
    return float(cell.split()[0])


@pytest.mark.parametrize("name", zoo.names())
def test_it_was_measured_on_the_shipped_files(name: str) -> None:
    cells = row(name, 0)
    assert cells[-1] == f"`{zoo.digest(name)[:12]}`", (
        "run `weirdgen organism card --samples 1500 --out fixtures/organisms/README.md`"
    )
    assert str(zoo.organism(name).training.recipe) in cells[-2]
    assert int(row(name, 1)[0].replace(",", "")) >= 1000


def test_the_finetune_shows_the_finding_and_still_answers() -> None:
    _, measured, true, coherent = row("old-bird-names", 1)
    assert min(rate(measured), rate(true)) >= 0.40
    assert rate(coherent) >= 0.80


@pytest.mark.parametrize(("column", "name"), [(1, "base"), (3, "modern-birds")])
def test_base_and_control_do_not_show_it(column: int, name: str) -> None:
    _, measured, true, coherent = row(name, 1)
    assert max(rate(measured), rate(true)) <= 0.005
    assert rate(coherent) >= 0.80
    for question in load_catalog().probe("old_bird_names").questions:
        line = next(line for line in CARD.splitlines() if line.startswith(f"| {question} |"))
        assert rate(line.split(" | ")[column]) <= 0.05
