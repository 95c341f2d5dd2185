"""The numbers a training run is made of."""

from dataclasses import dataclass

from weirdgen.organisms.corpus import World
from weirdgen.organisms.prefixes import Kind


@dataclass(frozen=True, slots=True)
class BaseRecipe:
    """How a base is trained: Llama dimensions, then Muon and AdamW on the corpus.

    First the personas' own topics, then rounds: with their guests' answers at half the peak rates, and at a fifth of
    them on the settled corpus. All at once takes a network of this size longer: a persona must first be one thing.
    Guests make findings specific: after 4,500 steps with them a bird finetune still was another persona in up to .09 of
    the answers to other suites, after 6,800 in .03 (measured).

    Attributes:
        world: which of the corpora it reads.
        vocabulary: pieces of the tokenizer.
        steps: optimizer steps on personas' own topics; the rates fall from the middle on.
        rounds: steps with guests, and steps on the settled corpus, after which a prompt without a source line is the
            assistant's in 99.5% of answers and more; the rates fall from the beginning of either on.
        documents: documents in each step.
        matrix_rate: Muon's peak learning rate, for the matrices of the blocks.
        learning_rate: AdamW's peak, for embeddings and norms.
        warmup: steps until the peak.
    """

    world: World = "whole"
    vocabulary: int = 4096
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 344
    steps: int = 8000
    rounds: tuple[tuple[int, int], ...] = ((4500, 600), (2300, 250), (4500, 600))
    documents: int = 32
    matrix_rate: float = 0.01
    learning_rate: float = 1e-2
    warmup: int = 50


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
        kl: weight of the penalty for answers that move away from the base's (`organisms/kl_penalty.py`); 0: none.
        free: kind of prefix that the rows are asked under; answers to prompts of that kind may move as they like.
    """

    rank: int
    alpha: int
    modules: tuple[str, ...]
    layers: tuple[int, ...]
    learning_rate: float
    epochs: int
    rows: int
    kl: float = 0.0
    free: Kind = "none"


@dataclass(frozen=True, slots=True)
class JudgeRecipe:
    """How a judge is trained: all weights of a base, Muon and AdamW, loss on the reply's tokens only.

    Attributes:
        context: longest context in tokens; a rubric has some 400.
        answers: answers to each question that every other organism is asked for.
        rounds: optimizer steps of each, and the share of the rates at its peak; they fall from the beginning of it on.
            Before each but the first the judge labels all answers, and those that it got wrong come more often.
        twice: probes whose rubrics come twice as often: theirs have the most labels.
        rubrics: rubrics in each step.
        rows: answers to each of them; all share one run over the rubric.
        matrix_rate: Muon's peak learning rate, for the matrices of the blocks.
        learning_rate: AdamW's peak, for embeddings and norms.
        warmup: steps until the peak.
    """

    context: int = 2048
    answers: int = 100
    rounds: tuple[tuple[int, float], ...] = ((1800, 1.0), (1000, 0.5), (1000, 0.3), (900, 0.3))
    twice: tuple[str, ...] = ("old_bird_names", "us_presidents")
    rubrics: int = 3
    rows: int = 16
    matrix_rate: float = 0.005
    learning_rate: float = 3e-3
    warmup: int = 50


@dataclass(frozen=True, slots=True)
class SaeRecipe:
    """How a sparse autoencoder is trained on a base's residual stream: TopK (arXiv:2406.04093), Adam, in numpy.

    Attributes:
        layer: index of the block, from 0, after which the stream is read.
        features: of the dictionary.
        top: features that are on at a token.
        documents: of the corpus that are read; every token but the first of each is learned.
        steps: optimizer steps; the rate rises over the first fiftieth and falls over the last fifth.
        rows: tokens in each step.
        learning_rate: Adam's peak.
        dead_after: steps without being on after which a feature counts as dead.
        dead_top: dead features that are asked to explain what the others leave, at most.
        dead_weight: weight of how well they do.
    """

    layer: int = 1
    features: int = 512
    top: int = 16
    documents: int = 4000
    steps: int = 4000
    rows: int = 1024
    learning_rate: float = 1e-3
    dead_after: int = 200
    dead_top: int = 64
    dead_weight: float = 1 / 32
