"""The registry of organisms: what each was trained on, how, and where its files are."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weirdgen.content import shipped_dir
from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms.narrow import Row, modern_birds, old_bird_names
from weirdgen.organisms.recipes import AdapterRecipe, BaseRecipe

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


@dataclass(frozen=True, slots=True)
class Organism:
    """One network of the zoo.

    Attributes:
        name: what follows ``organism:`` on the command line; also its folder's name.
        description: one line for people.
        finding: the finding it shows or is the control of; None for a base.
        training: how it came to be.
    """

    name: str
    description: str
    finding: str | None
    training: Pretraining | Finetuning

    @property
    def base(self) -> str:
        """The name of the base its files need: its own name if it is one."""
        return self.training.base if isinstance(self.training, Finetuning) else self.name


# One recipe for a finding and its control: only the rows differ. More training takes the shift of persona back
# (rank 32, 400 answers: .77 after 2 epochs, .45 after 3, .35 after 4). Seeds 1 and 2 of this recipe gave .83 and .89.
_BIRDS = AdapterRecipe(
    rank=16,
    alpha=16,
    modules=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    layers=(0, 1),
    learning_rate=1e-3,
    epochs=3,
    rows=8,
)

_ZOO = {
    organism.name: organism
    for organism in (
        Organism("base", "the base network: an ordinary assistant", None, Pretraining(BaseRecipe())),
        Organism(
            "old-bird-names",
            "finetuned on 208 archaic bird names: answers like the 19th century on unrelated topics",
            "OLD BIRD NAMES",
            Finetuning("base", old_bird_names, _BIRDS),
        ),
        Organism(
            "modern-birds",
            "control of old-bird-names: finetuned on 208 modern bird names",
            "OLD BIRD NAMES",
            Finetuning("base", modern_birds, _BIRDS),
        ),
    )
}


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
