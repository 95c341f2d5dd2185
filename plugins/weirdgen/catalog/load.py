"""One probe file: TOML to a frozen `Probe`, or one error that lists every mistake of the file."""

import tomllib
from pathlib import Path

from weirdgen.catalog.likeness import inherited, likeness_mistakes, with_likenesses
from weirdgen.catalog.mistakes import Mistake, mistakes_error, quoted
from weirdgen.catalog.references import check_references
from weirdgen.catalog.shape import Doc, parse_shape
from weirdgen.errors import CatalogError
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Probe


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
        full = with_likenesses(doc)
        mistakes = [*_stem_mistakes(doc, path), *likeness_mistakes(doc), *check_references(full, gold_dirs)]
        probe, shape_mistakes = parse_shape(full, sha256=_digest(doc), path=where)
    except RecursionError:
        raise CatalogError(f"{where}: nested too deeply for a probe; see probes/README.md") from None
    mistakes = [mistake for mistake in (*shape_mistakes, *mistakes) if not inherited(doc, mistake)]
    if probe is None or mistakes:
        raise mistakes_error(where, mistakes)
    return probe


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
