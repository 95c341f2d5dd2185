"""All probes of a run: the shipped ones and the user's own, in a stable order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from weirdgen.catalog.load import display_path, load_probe
from weirdgen.catalog.prompts import contrast_digest, prompt
from weirdgen.catalog.scorers import find_gold
from weirdgen.content import shipped_dir
from weirdgen.errors import CatalogError, nearest
from weirdgen.schema.probe import Contrast, Probe

__all__ = ["Catalog", "contrast_digest", "load_catalog", "prompt"]

Folder = tuple[Path, tuple[Path, ...]]
"""A folder of probe files (or one such file), and where its gold files are looked up."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every probe that a run knows.

    Attributes:
        probes: id to probe; shipped ones first, then the user's, each by file name.
        gold_dirs: probe id to the folders in which its gold files are looked up.
        files: probe id to the file that it was read from.
    """

    probes: Mapping[str, Probe]
    gold_dirs: Mapping[str, tuple[Path, ...]]
    files: Mapping[str, Path] = field(default_factory=dict)

    def probe(self, probe_id: str) -> Probe:
        """Return the probe of that id.

        Raises:
            CatalogError: there is none; the message names the nearest one.
        """
        if probe_id not in self.probes:
            raise CatalogError(f"{probe_id!r} is not a probe of the catalogue.{nearest(probe_id, self.probes)}")
        return self.probes[probe_id]

    def contrasts(self, *, whitebox: bool = False) -> tuple[tuple[Probe, Contrast], ...]:
        """Return every contrast with its probe, in catalogue order: the family of one model.

        Args:
            whitebox: whether those are among them that need the network's weights.
        """
        probes = [probe for probe in self.probes.values() if whitebox or probe.whitebox is None]
        return tuple((probe, contrast) for probe in probes for contrast in probe.contrasts)

    def gold_file(self, probe_id: str, behaviour: str) -> Path:
        """Return the gold file of a behaviour.

        Raises:
            CatalogError: there is no such probe or behaviour, or the file is gone since the probe was read.
        """
        probe = self.probe(probe_id)
        if behaviour not in probe.behaviours:
            raise CatalogError(
                f"{behaviour!r} is not a behaviour of {probe_id!r}.{nearest(behaviour, probe.behaviours)}"
            )
        name = probe.behaviours[behaviour].gold
        found = find_gold(name, self.gold_dirs[probe_id])
        if found is None:
            raise CatalogError(f"{probe.path}: behaviours.{behaviour}.gold: {name!r} is gone since the probe was read")
        return found


def load_catalog(user_dirs: Sequence[Path] = ()) -> Catalog:
    """Read all probe files, the shipped ones first.

    Args:
        user_dirs: folders with the user's own probe files (``*.toml``); the shipped folder may be among them.

    Raises:
        CatalogError: a folder does not exist, a file is wrong, or two files have the same probe id. All wrong files
            are listed in one message.
    """
    own = [(folder, _gold_dirs_beside(folder)) for folder in user_dirs]
    return read_catalog([(shipped_dir("probes"), (shipped_dir("gold"),)), *own])


def read_catalog(folders: Sequence[Folder]) -> Catalog:
    """Read all probe files of some folders, and no others.

    Raises:
        CatalogError: as `load_catalog`.
    """
    probes: dict[str, Probe] = {}
    gold_dirs: dict[str, tuple[Path, ...]] = {}
    files: dict[str, Path] = {}
    problems: list[str] = []
    for file, dirs in _files(folders):
        try:
            probe = load_probe(file, dirs)
        except CatalogError as error:
            problems.append(str(error))
            continue
        if probe.id in probes:
            problems.append(f"{probe.path}: id: {probe.id!r} is also the id of {probes[probe.id].path}; rename yours")
        else:
            probes[probe.id] = probe
            gold_dirs[probe.id] = dirs
            files[probe.id] = file
    if problems:
        raise CatalogError("\n".join(problems))
    return Catalog(MappingProxyType(probes), MappingProxyType(gold_dirs), MappingProxyType(files))


def _gold_dirs_beside(probes_dir: Path) -> tuple[Path, ...]:
    """Return where the gold files of a user's probe folder are looked up, first match wins."""
    return probes_dir / "gold", probes_dir.parent / "fixtures" / "gold"


def _files(folders: Sequence[Folder]) -> list[Folder]:
    files: dict[Path, Folder] = {}
    for folder, dirs in folders:
        if not folder.is_dir():
            raise CatalogError(f"{display_path(folder)}: is not a folder; expected one with probe files (*.toml)")
        for file in sorted(folder.glob("*.toml")):
            files.setdefault(file.resolve(), (file, dirs))
    return list(files.values())
