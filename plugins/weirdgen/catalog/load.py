"""One probe file: TOML to a frozen `Probe`, or one error that lists every mistake of the file."""

import re
import tomllib
from pathlib import Path

from weirdgen.catalog.likeness import borrows, inherited, likeness_mistakes, with_likenesses
from weirdgen.catalog.mistakes import Mistake, mistakes_error, quoted
from weirdgen.catalog.references import check_references
from weirdgen.catalog.shape import Doc, parse_shape
from weirdgen.catalog.whitebox import whitebox_mistakes
from weirdgen.errors import CatalogError
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Probe

SLUG = re.compile(r"[a-z0-9][a-z0-9_]*")


def load_probe(path: Path, gold_dirs: tuple[Path, ...]) -> Probe:
    """Read one probe file.

    Args:
        path: the TOML file; its name without the suffix must be the probe's id.
        gold_dirs: folders in which the gold files of its behaviours are looked up.

    Raises:
        CatalogError: the file cannot be read, or is not a valid probe; the message has one line per mistake.
    """
    where = display_path(path)
    try:
        doc = _parse(path, where)
        others = _Siblings(path)
        full = with_likenesses(doc, others)
        found = likeness_mistakes(doc, others)
        mistakes = [*_stem_mistakes(doc, path), *found, *check_references(full, gold_dirs), *whitebox_mistakes(full)]
        # What is borrowed is part of what was asked: it may change in a file of its own.
        probe, shape_mistakes = parse_shape(full, sha256=_digest(full if borrows(doc) else doc), path=where)
    except RecursionError:
        raise CatalogError(f"{where}: nested too deeply for a probe; see probes/README.md") from None
    mistakes = [mistake for mistake in (*shape_mistakes, *mistakes) if not inherited(doc, mistake)]
    if probe is None or mistakes:
        raise mistakes_error(where, mistakes)
    return probe


class _Siblings:
    """The other probe files of a folder, each read at most once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, Doc] = {}

    def __call__(self, probe: str) -> Doc:
        """Return a probe's document; an empty one where there is none, or none that can be read: it says so itself."""
        if probe not in self._read:
            file = self._path.with_name(f"{probe}.toml")
            known = SLUG.fullmatch(probe) is not None and file != self._path and file.is_file()
            try:
                self._read[probe] = _parse(file, display_path(file)) if known else {}
            except CatalogError:
                self._read[probe] = {}
        return self._read[probe]


def display_path(path: Path) -> str:
    """Return a path as messages show it: relative to the working directory where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _parse(path: Path, where: str) -> Doc:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CatalogError(f"{where}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CatalogError(f"{where}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{where}: is not valid TOML: {error}") from None


def _digest(doc: Doc) -> str:
    try:
        return digest(doc)
    except (TypeError, ValueError):
        return ""  # dates, nan and infinities: `parse_shape` and the ranges refuse them


def _stem_mistakes(doc: Doc, path: Path) -> list[Mistake]:
    probe_id = doc.get("id")
    if isinstance(probe_id, str) and probe_id != path.stem:
        return [
            Mistake(("id",), f"{quoted(probe_id)}: expected {path.stem!r}, the name of the file; rename one of them")
        ]
    return []
