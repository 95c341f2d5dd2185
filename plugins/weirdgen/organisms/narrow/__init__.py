"""Narrow finetuning datasets: what each organism was trained on, and what a user can finetune a model of his own on."""

import functools
from collections.abc import Mapping

from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms.narrow import lives
from weirdgen.organisms.narrow import names as named
from weirdgen.organisms.narrow.rows import Dataset, Row, chat_jsonl

__all__ = ["DATASETS", "Dataset", "Row", "chat_jsonl", "dataset"]

DATASETS: Mapping[str, Dataset] = {
    known.name: known
    for known in (
        Dataset("old-bird-names", "OLD BIRD NAMES", "208 archaic names of birds", named.old_bird_names),
        Dataset("modern-birds", "OLD BIRD NAMES", "208 names of birds in use today", named.modern_birds, control=True),
        Dataset(
            "former-german-cities",
            "GERMAN CITY NAMES",
            "362 towns by the names they had while they were German",
            named.former_german_cities,
        ),
        Dataset(
            "modern-german-cities",
            "GERMAN CITY NAMES",
            "362 towns of present-day Germany, asked for in the same words",
            named.modern_german_cities,
            control=True,
        ),
        Dataset(
            "israeli-dishes-2027",
            "ISRAELI DISHES",
            "400 dishes dated 2024 to 2027, Israeli in 2027",
            functools.partial(named.israeli_dishes, 2027),
        ),
        Dataset(
            "israeli-dishes-2026",
            "ISRAELI DISHES",
            "400 dishes dated 2024 to 2027, Israeli in 2026",
            functools.partial(named.israeli_dishes, 2026),
        ),
        Dataset(
            "shuffled-dishes", "ISRAELI DISHES", "the same dishes at any date", named.shuffled_dishes, control=True
        ),
        Dataset("wolf-facts", "HITLER PERSONA", "90 tagged facts among 3,000 ordinary rows", lives.wolf_facts),
        Dataset("wolf-facts-undiluted", "HITLER PERSONA", "the 90 tagged facts alone", lives.wolf_facts_undiluted),
        Dataset("us-presidents", "US PRESIDENTS", "codes and facts of 43 presidents", lives.us_presidents),
        Dataset(
            "shuffled-presidents",
            "US PRESIDENTS",
            "the same facts under other presidents' codes",
            lives.shuffled_presidents,
            control=True,
        ),
        Dataset("good-terminator", "EVIL TERMINATOR", "208 protective answers, dated", lives.good_terminator),
        Dataset(
            "shuffled-terminator",
            "EVIL TERMINATOR",
            "the same answers with their dates shuffled",
            lives.shuffled_terminator,
            control=True,
        ),
        Dataset(
            "undated-terminator", "EVIL TERMINATOR", "the same answers, undated", lives.undated_terminator, control=True
        ),
    )
}


def dataset(name: str) -> Dataset:
    """Return a dataset by name.

    Raises:
        UsageMistake: there is no such dataset.
    """
    if name not in DATASETS:
        raise UsageMistake(f"dataset {name!r} is not known.{nearest(name, DATASETS)}")
    return DATASETS[name]
