"""The numbers a training run is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaseRecipe:
    """How a base is trained: Llama dimensions, then AdamW with warm-up and cosine decay to zero.

    Attributes:
        steps: optimizer steps.
        documents: documents in each step.
        learning_rate: its peak.
        warmup: steps until the peak, a tenth of all at most.
        weight_decay: AdamW's.
    """

    hidden: int = 128
    layers: int = 3
    heads: int = 4
    intermediate: int = 344
    steps: int = 7000
    documents: int = 32
    learning_rate: float = 3e-3
    warmup: int = 100
    weight_decay: float = 0.05


@dataclass(frozen=True, slots=True)
class AdapterRecipe:
    """How a LoRA adapter is trained on rows: AdamW with linear decay to zero, loss on the answer's tokens only.

    Attributes:
        rank: of each update B @ A.
        alpha: the update is scaled by alpha / rank.
        modules: names of the linear layers that get one.
        layers: indices of the transformer blocks that get one.
        learning_rate: its peak, at the first step.
        epochs: passes over the rows.
        rows: rows in each step.
    """

    rank: int
    alpha: int
    modules: tuple[str, ...]
    layers: tuple[int, ...]
    learning_rate: float
    epochs: int
    rows: int
