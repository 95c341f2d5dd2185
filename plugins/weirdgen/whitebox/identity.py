"""Who answers with readings: the identity that binds them to the network and to the features that were found in it."""

from collections.abc import Mapping

from weirdgen.schema.canonical import digest
from weirdgen.schema.whitebox import StudyRecord

READ = ("top", "lowest", "reverse", "random", "matched", "directions")
"""Sets that are read; the others are the same features as `top`."""
READING_VERSION = 1
"""Raised whenever the same activation could be told otherwise."""


def reading_identity(network: str, study: str) -> str:
    """Return the identity of a network's readings.

    Args:
        network: digest of its files.
        study: digest of what the features follow from, and of the features.
    """
    return digest({"network": network, "study": study, "read": READ, "version": READING_VERSION})


def study_digest(
    network: str, sae: str, layer: int, position: str, chosen: Mapping[str, tuple[int, ...]], seed: int
) -> str:
    """Return the digest of what features follow from, and of the features that were chosen.

    Not of the activations: these differ in their last bits from one processor to another.

    Args:
        network: digest of its files.
        sae: digest of the sparse autoencoder's files.
        layer: index of the block.
        position: where activations are read.
        chosen: features by set, in the order of their removal.
        seed: of what is drawn.
    """
    return digest(
        {"network": network, "dictionary": sae, "layer": layer, "position": position, "chosen": chosen, "seed": seed}
    )


def is_bound(study: StudyRecord, seed: int = 0) -> bool:
    """Whether a study's digest is of what its record tells: sparse autoencoder, block, position, and features."""
    chosen = {name: one.features for name, one in study.sets.items()}
    told = study_digest(study.network, study.sae, study.layer, study.position, chosen, seed)
    return told == study.digest and tuple(one.feature for one in study.features) == chosen.get("top")
