"""Sparse dictionaries from folders, in the layouts that they come in: ours, dictionary_learning's and SAELens's."""

from collections.abc import Callable, Mapping
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.whitebox import layout_lens, layout_trainer, own_files
from weirdgen.whitebox.dictionary import SparseDictionary

#: The file that tells a layout, who else writes it, and who reads it.
_LAYOUTS: Mapping[str, tuple[str, Callable[[Path], SparseDictionary]]] = {
    own_files.WEIGHTS: ("weirdgen", own_files.read_own),
    layout_lens.WEIGHTS: ("SAELens", layout_lens.read_lens),
    layout_trainer.WEIGHTS: ("dictionary_learning", layout_trainer.read_trained),
}


def read_dictionary(folder: Path) -> SparseDictionary:
    """Read a sparse dictionary; its files tell the layout.

    Args:
        folder: with `config.json` and `ae.safetensors` (ours), `cfg.json` and `sae_weights.safetensors` (SAELens), or
            `config.json` and `ae.pt` (dictionary_learning).

    Raises:
        UsageMistake: no such folder or layout, a file is broken, or something in it is not understood.
    """
    found = [name for name in _LAYOUTS if (folder / name).is_file()]
    if len(found) != 1:
        expected = ", ".join(f"{name} ({layout})" for name, (layout, _) in _LAYOUTS.items())
        got = " and ".join(found) or ("none of them" if folder.is_dir() else "no such folder")
        raise UsageMistake(f"sparse dictionary {str(folder)!r}: expected a folder with one of {expected}; found {got}")
    return _LAYOUTS[found[0]][1](folder)
