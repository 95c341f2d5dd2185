"""The catalogue: TOML files to frozen probes, with errors that say what to write. Knows no model and no judge."""

from weirdgen.catalog.catalog import Catalog, load_catalog
from weirdgen.catalog.load import load_probe
from weirdgen.catalog.prompts import contrast_digest, prompt, slots_of

__all__ = [
    "Catalog",
    "contrast_digest",
    "load_catalog",
    "load_probe",
    "prompt",
    "slots_of",
]
