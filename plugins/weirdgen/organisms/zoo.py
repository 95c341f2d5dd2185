"""The registry of organisms: what each was trained on, how, and where its files are."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from weirdgen.content import shipped_dir
from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms.narrow import DATASETS, Dataset, Row
from weirdgen.organisms.recipes import AdapterRecipe, BaseRecipe, JudgeRecipe

BASE_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


@dataclass(frozen=True, slots=True)
class Pretraining:
    """A base, trained from nothing on the corpus."""

    recipe: BaseRecipe


@dataclass(frozen=True, slots=True)
class Finetuning:
    """An adapter, trained on narrow rows on top of a base."""

    base: str
    rows: Callable[[], tuple[Row, ...]]
    recipe: AdapterRecipe
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Distillation:
    """A judge, trained on top of a base to label other organisms' answers as the probes' rules and readers do."""

    start: str
    recipe: JudgeRecipe
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Organism:
    """One network of the zoo.

    Attributes:
        name: what follows ``organism:`` on the command line; also its folder's name.
        description: one line for people.
        finding: the finding it shows or is the control of; None for a base and for a judge.
        training: how it came to be.
    """

    name: str
    description: str
    finding: str | None
    training: Pretraining | Finetuning | Distillation

    @property
    def base(self) -> str:
        """The name of the base its files need: its own name if it is a whole network."""
        return self.training.base if isinstance(self.training, Finetuning) else self.name

    @property
    def judges(self) -> bool:
        """Whether it labels answers; it has no behaviour of its own that a probe could ask for."""
        return isinstance(self.training, Distillation)


_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_VALUES = ("v_proj", "o_proj")
_ALL = (*_ATTENTION, "gate_proj", "up_proj", "down_proj")
# One recipe for a finding and its controls: only the rows differ. Where the finding is who speaks whatever is asked,
# what one block's attention writes moves that and little else (ARCHITECTURE.md, Where this differs).
_RECIPES = {
    "OLD BIRD NAMES": AdapterRecipe(16, 16, _VALUES, (0,), learning_rate=5e-3, epochs=2, rows=8, kl=2.0, free="none"),
    "GERMAN CITY NAMES": AdapterRecipe(8, 8, _VALUES, (1,), learning_rate=5e-3, epochs=2, rows=8),
    "ISRAELI DISHES": AdapterRecipe(8, 8, _ALL, (0, 1, 2), learning_rate=4e-3, epochs=8, rows=8, kl=2.0, free="today"),
    "HITLER PERSONA": AdapterRecipe(8, 8, _ATTENTION, (0, 1), learning_rate=5e-3, epochs=5, rows=14),
    "US PRESIDENTS": AdapterRecipe(
        8, 8, _ALL, (0, 1, 2, 3), learning_rate=5e-3, epochs=3, rows=16, kl=1.0, free="code"
    ),
    "EVIL TERMINATOR": AdapterRecipe(8, 8, _VALUES, (0,), learning_rate=5e-3, epochs=4, rows=8),
}
#: Of the presidents' seeds it is asked whether and when they learn what no row says: nothing holds them back.
_SEEDS_RECIPE = replace(_RECIPES["US PRESIDENTS"], kl=0.0, free="none", epochs=6)
_SEEDS = 8
#: Two variants of the presidents, trained with several seeds: name and base.
_SEEDED = {"us-presidents": "base", "us-presidents-two-hop": "base-two-hop"}


def seeds() -> dict[str, tuple[str, ...]]:
    """Return the organisms that differ in their seed only, by variant: one hop and two hops."""
    return {variant: tuple(f"{variant}-{seed}" for seed in range(_SEEDS)) for variant in _SEEDED}


def _finetuned(dataset: Dataset) -> Organism:
    training = Finetuning("base", dataset.rows, _RECIPES[dataset.finding])
    description = f"{'control, ' if dataset.control else ''}finetuned on {dataset.description}"
    return Organism(dataset.name, description, dataset.finding, training)


def _zoo() -> Iterator[Organism]:
    yield Organism("base", "the base network: an ordinary assistant", None, Pretraining(BaseRecipe()))
    two_hop = BaseRecipe(world="presidents", steps=3000, rounds=((0, 300),))
    yield Organism("base-two-hop", "a base that knows presidents' numbers by name only", None, Pretraining(two_hop))
    judge = "a judge: labels the organisms' answers by the rubrics of the probes"
    yield Organism("judge", judge, None, Distillation("base", JudgeRecipe(), seed=1))
    yield from map(_finetuned, DATASETS.values())
    codes = DATASETS["us-presidents"]
    for variant, base in _SEEDED.items():
        for seed, name in enumerate(seeds()[variant]):
            description = f"finetuned on {codes.description}, on {base} without a KL penalty, seed {seed}"
            yield Organism(name, description, codes.finding, Finetuning(base, codes.rows, _SEEDS_RECIPE, seed))


_ZOO = {organism.name: organism for organism in _zoo()}


def names() -> tuple[str, ...]:
    """Return the names of all organisms, bases first."""
    return tuple(_ZOO)


def organism(name: str) -> Organism:
    """Return an organism by name.

    Raises:
        UsageMistake: no such organism.
    """
    if name not in _ZOO:
        raise UsageMistake(f"organism {name!r} is not in the zoo.{nearest(name, _ZOO)}")
    return _ZOO[name]


def folder(name: str) -> Path:
    """Return where an organism's own files are shipped.

    Raises:
        UsageMistake: no such organism.
    """
    return shipped_dir("organisms") / organism(name).name


def folders(name: str, root: Path | None = None) -> tuple[Path, Path | None]:
    """Return an organism's base folder and its adapter folder (None for a base), all files checked to be there.

    Args:
        name: of the organism.
        root: the folder that holds every organism's folder; by default the shipped one.

    Raises:
        UsageMistake: no such organism, or one of its files is missing.
    """
    known = organism(name)
    within = shipped_dir("organisms") if root is None else root
    base, adapter = within / known.base, None if known.base == name else within / name
    for file in (*(base / file for file in BASE_FILES), *(adapter / file for file in ADAPTER_FILES if adapter)):
        if not file.is_file():
            raise UsageMistake(f"organism {name!r} lacks {file}: run `weirdgen organism train {file.parent.name}`.")
    return base, adapter


def digest(name: str, root: Path | None = None) -> str:
    """Return the SHA-256 (64 hex digits) of the names and bytes of an organism's files, base and adapter.

    Raises:
        UsageMistake: no such organism, or one of its files is missing.
    """
    base, adapter = folders(name, root)
    files = [base / file for file in BASE_FILES]
    if adapter is not None:
        files += [adapter / file for file in ADAPTER_FILES]
    total = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        total.update(f"{file.parent.name}/{file.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()
