"""Networks that can be looked into: one protocol, and the organisms behind it, in numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from weirdgen.errors import UsageMistake
from weirdgen.organisms import corpus, zoo
from weirdgen.organisms.batcher import Batcher
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.organisms.runtime import Edit
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.variants import Variant
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.schema.canonical import digest
from weirdgen.schema.sample import Message
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.directions import Doubles

Position = Literal["last", "mean"]
Prompts = Sequence[Sequence[Message]]


class Network(Protocol):
    """A network whose residual stream can be read."""

    @property
    def identity(self) -> str:
        """SHA-256 (64 hex digits) of everything that its activations depend on."""
        ...

    @property
    def depth(self) -> int:
        """How many blocks it has."""
        ...

    @property
    def width(self) -> int:
        """Width of its residual stream."""
        ...

    def activations(self, prompts: Prompts, layer: int, position: Position) -> Doubles:
        """Return the residual stream after a block, one row for each prompt: (prompts, width).

        Args:
            prompts: conversations in the network's own chat template, the mark that asks for an answer included.
            layer: index of the block, from 0.
            position: at the prompt's last token, or the mean over all its tokens.
        """
        ...


def ablated_identity(identity: str, ablation: Ablation | None) -> str:
    """Return the identity of a network from which an ablation takes something; None takes nothing."""
    return identity if ablation is None else digest({"network": identity, "ablation": ablation.digest})


class OrganismNetwork:
    """An organism, whole or with something taken out of its stream."""

    def __init__(self, name: str, ablation: Ablation | None = None, *, root: Path | None = None) -> None:
        """Load it.

        Args:
            name: of the zoo.
            ablation: what is taken out, None: nothing.
            root: the folder that holds every organism's folder; by default the shipped one.

        Raises:
            UsageMistake: an unknown name, files missing or broken, or an ablation that does not fit.
        """
        base, adapter = zoo.folders(name, root)
        edit = None if ablation is None else Edit.linear(ablation.layer, ablation.matrix.astype(np.float32))
        self._runtime = Runtime(load_weights(base, adapter), edit)
        self._vocabulary = Vocabulary(base)
        self.identity = ablated_identity(zoo.digest(name, root), ablation)

    @property
    def depth(self) -> int:
        """How many blocks it has."""
        return self._runtime.config.num_hidden_layers

    @property
    def width(self) -> int:
        """Width of its residual stream."""
        return self._runtime.config.hidden_size

    def activations(self, prompts: Prompts, layer: int, position: Position) -> Doubles:
        """Return the residual stream after a block, one row for each prompt: (prompts, width); see `Network`.

        Raises:
            UsageMistake: no such block, or a prompt longer than the context.
        """
        if not 0 <= layer < self.depth:
            raise UsageMistake(f"layer {layer!r}: this network has blocks 0 to {self.depth - 1}.")
        rows = np.zeros((len(prompts), self.width))
        for row, prompt in zip(rows, prompts, strict=True):
            stream = self._runtime.residual(self._tokens(prompt), layer)
            row[:] = stream[-1] if position == "last" else stream.mean(axis=0, dtype=np.float64)
        return rows

    def answers(self, prompts: Prompts, seeds: Sequence[int], longest: int) -> list[str]:
        """Draw an answer to each prompt at temperature 1, as the organisms' server draws it.

        Args:
            prompts: conversations.
            seeds: one for each.
            longest: tokens of an answer at most.

        Raises:
            UsageMistake: a prompt is longer than the context.
        """
        batcher = Batcher(self._runtime, self._vocabulary)
        drawn: dict[int, str] = {}
        drawing = Drawing(temperature=1.0, top_p=1.0, limit=longest)
        for index, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):

            def finish(answer: Answer, index: int = index) -> None:
                drawn[index] = answer.text

            batcher.add(Choice(tuple(self._tokens(prompt, longest)), drawing, seed, 0, finish, lambda: False))
        while batcher.busy:
            batcher.step()
        return [drawn[index] for index in range(len(prompts))]

    def _tokens(self, prompt: Sequence[Message], room: int = 0) -> list[int]:
        """Return a prompt's tokens, of which the context holds ``room`` more."""
        tokens = self._vocabulary.prompt([corpus.Message(one.role, one.content) for one in prompt])
        most = self._runtime.config.max_position_embeddings - room
        if len(tokens) > most:
            raise UsageMistake(f"a prompt has {len(tokens)} tokens; of the organism's context {most} are left for it.")
        return tokens


def variant(name: str, organism: str, ablation: Ablation) -> Variant:
    """Return an ablated organism as its server takes it.

    Args:
        name: what it is served as.
        organism: of the zoo.
        ablation: what is taken out.
    """
    return Variant.of(name, organism, ablation.layer, ablation.matrix.astype(np.float32))
