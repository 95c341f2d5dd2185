"""`--model-group NAME=ID,ID,...`: finetunes of one recipe, gated together. Standard library and pytest only."""

from collections.abc import Mapping, Sequence

import pytest

FLAG = "--model-group"
_DEST = "weirdgen_model_groups"


def add_group_option(options: pytest.OptionGroup) -> None:
    """Declare the option. It has no ini twin and no variable, like `--model` it says what this one gate is about."""
    options.addoption(
        FLAG, dest=_DEST, action="append", default=[], metavar="NAME=ID,ID,...",
        help="finetunes of one recipe (seeds), one item per contrast: does some member show it? repeat for several",
    )  # fmt: skip


def names_groups(config: pytest.Config) -> bool:
    """Whether a group is named, rightly or not."""
    return bool(config.getoption(_DEST))


def groups_of(config: pytest.Config, models: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the groups' members by name.

    Args:
        config: of the session.
        models: those that are gated one by one.

    Raises:
        pytest.UsageError: one cannot be read, or a model would be gated twice.
    """
    groups: dict[str, tuple[str, ...]] = {}
    for text in config.getoption(_DEST):
        name, members = _parsed(text)
        if name in groups:
            raise pytest.UsageError(f"{FLAG} {name!r} is given twice; name each group once")
        groups[name] = members
    _check_each_once(groups, models)
    return groups


def _parsed(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, listed = text.partition("=")
    if not (equals and name) or name != name.strip() or not name.isprintable():
        raise pytest.UsageError(
            f"{FLAG} {text!r}: expected NAME=ID,ID,..., for example seeds=ft:gpt-4.1:org:one:id,ft:gpt-4.1:org:two:id"
        )
    members = tuple(member.strip() for member in listed.split(","))
    if len(members) < 2 or "" in members:
        raise pytest.UsageError(
            f"{FLAG} {name!r}: {listed!r} is not a list of at least two models with commas between them; "
            "a single finetune is gated with --model"
        )
    return name, members


def _check_each_once(groups: Mapping[str, Sequence[str]], models: Sequence[str]) -> None:
    places = dict.fromkeys(models, "--model")
    for name, members in groups.items():
        for member in members:
            if member in places:
                raise pytest.UsageError(
                    f"{FLAG} {name!r}: {member!r} stands in {places[member]} already; a model is gated in one place"
                )
            places[member] = f"{FLAG} {name!r}"
    if taken := [name for name in groups if name in places]:
        raise pytest.UsageError(f"{FLAG} {taken[0]!r}: is also the name of a model; give the group a name of its own")
