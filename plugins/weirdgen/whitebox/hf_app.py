"""Real networks behind the organisms' HTTP application: checkpoints loaded once each. Needs the extra ``whitebox``."""

from collections.abc import Iterable
from pathlib import Path

from weirdgen.organisms.app import Served
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.hf_batcher import TorchBatcher
from weirdgen.whitebox.hf_files import checkpoint
from weirdgen.whitebox.hf_network import TorchNetwork
from weirdgen.whitebox.hf_vocabulary import HfVocabulary
from weirdgen.whitebox.hf_weights import TorchWeights


class Shelf:
    """Checkpoints on a device, each with all of its adapters: networks that share weights are made from it."""

    def __init__(self, wanted: Iterable[tuple[Path, Path | None]], device: str = "auto") -> None:
        """Load.

        Args:
            wanted: folder of a checkpoint and of the adapter on it (None: as it is), for every network.
            device: see `TorchWeights`.

        Raises:
            UsageMistake: files that are missing, broken or not understood, or no such device.
        """
        adapters: dict[Path, list[Path]] = {}
        for folder, adapter in wanted:
            # Two names may lead to one folder: a link is how a base is the control of its own finetune.
            adapters.setdefault(folder.resolve(), []).extend([adapter] if adapter else [])
        self._weights = {folder: TorchWeights(checkpoint(folder), found, device) for folder, found in adapters.items()}
        self._vocabularies = {
            folder: HfVocabulary(folder, weights.config.vocab_size) for folder, weights in self._weights.items()
        }

    def network(self, folder: Path, adapter: Path | None = None, ablation: Ablation | None = None) -> TorchNetwork:
        """Return a network of those that were wanted, whole or with something taken out of its stream.

        Raises:
            UsageMistake: the ablation does not fit.
        """
        place = folder.resolve()
        weights, vocabulary = self._weights[place], self._vocabularies[place]
        return TorchNetwork(folder, adapter, ablation, weights=weights, vocabulary=vocabulary)


def served(network: TorchNetwork) -> Served:
    """Return a network as the application serves it."""
    batcher = TorchBatcher(network, network.vocabulary)
    return Served(f"fp_{network.identity[:16]}", network.vocabulary, batcher, network.context)
