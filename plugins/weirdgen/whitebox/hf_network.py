"""A real network that can be looked into: a local Llama checkpoint, with an adapter or without, whole or ablated.

Needs the extra ``whitebox``. Nothing is fetched: folders are local, and no code of theirs is run.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from weirdgen.errors import UsageMistake
from weirdgen.organisms import corpus
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.schema.sample import Message
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.dictionary import Floats
from weirdgen.whitebox.directions import Doubles
from weirdgen.whitebox.hf_batcher import TorchBatcher
from weirdgen.whitebox.hf_batches import grouped, padded, padded_length
from weirdgen.whitebox.hf_files import checkpoint, identity
from weirdgen.whitebox.hf_memory import in_batches
from weirdgen.whitebox.hf_vocabulary import HfVocabulary
from weirdgen.whitebox.hf_weights import TorchWeights
from weirdgen.whitebox.networks import Position, Prompts, ablated_identity
from weirdgen.whitebox.passages import Passage, passage

MOST_TOKENS = 512
"""Of a text in which contexts are looked for."""


class _Read(Exception):
    """The stream was read; what comes after it is not computed."""


class TorchNetwork:
    """A network of a checkpoint; several may share its weights."""

    def __init__(
        self,
        folder: Path,
        adapter: Path | None = None,
        ablation: Ablation | None = None,
        *,
        device: str = "auto",
        weights: TorchWeights | None = None,
        vocabulary: HfVocabulary | None = None,
    ) -> None:
        """Load it.

        Args:
            folder: of the checkpoint.
            adapter: folder of a LoRA adapter, None: the checkpoint as it is.
            ablation: what is taken out of its stream, None: nothing.
            device: see `TorchWeights`.
            weights: of this checkpoint, loaded with this adapter among others; None: loads them.
            vocabulary: of this checkpoint; None: reads it.

        Raises:
            UsageMistake: files are missing, broken or not understood, no such device, or the ablation does not fit.
        """
        self.weights = weights or TorchWeights(checkpoint(folder), [adapter] if adapter else [], device)
        self.vocabulary = vocabulary or HfVocabulary(folder, self.weights.config.vocab_size)
        self._adapter = adapter
        self._layer, self._map = self._edit(ablation)
        whole = identity(self.weights.base, adapter, template=self.vocabulary.template, dtype=self.weights.dtype_name)
        self.identity = ablated_identity(whole, ablation)

    @property
    def depth(self) -> int:
        """How many blocks it has."""
        return self.weights.base.depth

    @property
    def width(self) -> int:
        """Width of its residual stream."""
        return self.weights.base.width

    @property
    def context(self) -> int:
        """Most tokens of prompt and answer."""
        return self.weights.base.context

    def logits(self, ids: Tensor, mask: Tensor, cache: DynamicCache | None) -> Tensor:
        """Run tokens; see `TorchWeights.logits`."""
        with self._running():
            return self.weights.logits(ids, mask, cache)

    def activations(self, prompts: Prompts, layer: int, position: Position) -> Doubles:
        """Return the residual stream after a block, one row for each prompt: (prompts, width); see `Network`.

        Raises:
            UsageMistake: no such block, or a prompt longer than the context.
            WeirdgenError: memory does not suffice for one prompt.
        """
        self._check_layer(layer)
        tokens = [self._tokens(prompt) for prompt in prompts]
        rows = np.zeros((len(prompts), self.width))
        for length, places in grouped(padded_length(len(one)) for one in tokens).items():
            read = in_batches(
                [tokens[place] for place in places],
                self.weights.rows,
                lambda length=length: self.weights.fitting(length),  # type: ignore[misc]
                lambda batch, count: self._streams(batch, count, layer, position),
            )
            rows[places] = read
        return rows

    def passages(self, texts: Iterable[str], layer: int) -> Iterator[Passage]:
        """Yield texts as the network reads them, one after another, the mark of the beginning left out.

        Args:
            texts: of any length; what is beyond `MOST_TOKENS` or the context is not read.
            layer: index of the block.

        Raises:
            UsageMistake: no such block, or a text holds a mark of the chat template.
        """
        self._check_layer(layer)
        for text in texts:
            ids = self.vocabulary.text(text)[: min(MOST_TOKENS, self.context)]
            first = bool(ids) and not self.vocabulary.pieces[ids[0]]
            if len(ids) > first:
                yield passage([self.vocabulary.pieces[one] for one in ids][first:], self._stream(ids, layer)[first:])

    def _stream(self, ids: Sequence[int], layer: int) -> Floats:
        """Return the stream after a block at each of some tokens: (tokens, width)."""
        tokens, mask = padded([ids], 1, self.weights.device)
        rows: Floats = self._read(tokens, mask, layer)[0, -len(ids) :].float().cpu().numpy()
        return rows

    def answers(self, prompts: Prompts, seeds: Sequence[int], longest: int) -> list[str]:
        """Draw an answer to each prompt at temperature 1, as the server draws it: from the whole distribution.

        Args:
            prompts: conversations.
            seeds: one for each.
            longest: tokens of an answer at most.

        Raises:
            UsageMistake: a prompt is longer than the context.
            WeirdgenError: memory does not suffice for one answer.
        """
        batcher, drawn = TorchBatcher(self, self.vocabulary), dict[int, str]()
        drawing = Drawing(temperature=1.0, top_p=1.0, limit=longest)
        for index, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):

            def finish(answer: Answer, index: int = index) -> None:
                drawn[index] = answer.text

            batcher.add(Choice(tuple(self._tokens(prompt, longest)), drawing, seed, 0, finish, lambda: False))
        while batcher.busy:
            batcher.step()
        return [drawn[index] for index in range(len(prompts))]

    def _edit(self, ablation: Ablation | None) -> tuple[int, Tensor | None]:
        """Return the block after which the stream is multiplied by a matrix, and the matrix."""
        if ablation is None:
            return 0, None
        self._check_layer(ablation.layer)
        if ablation.width != self.width:
            raise UsageMistake(f"an ablation of width {ablation.width}: the network's stream has {self.width}")
        return ablation.layer, torch.tensor(ablation.matrix, dtype=torch.float32, device=self.weights.device)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Run the weights as this network."""
        with self.weights.wearing(self._adapter), contextlib.ExitStack() as stack:
            if (matrix := self._map) is not None:
                stack.enter_context(self.weights.after_block(self._layer, lambda x: (x.float() @ matrix).to(x.dtype)))
            yield

    def _streams(self, batch: Sequence[Sequence[int]], rows: int, layer: int, position: Position) -> Sequence[Doubles]:
        """Return the stream after a block of each prompt of a batch: (width,)."""
        ids, mask = padded(batch, rows, self.weights.device)
        stream = self._read(ids, mask, layer)
        if position == "last":
            chosen = stream[:, -1]
        else:
            # Not times the mask: what stands in padding may be no number.
            own = torch.where(mask[..., None].bool(), stream, torch.zeros_like(stream))
            chosen = own.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return list(chosen[: len(batch)].cpu().numpy())

    def _read(self, ids: Tensor, mask: Tensor, layer: int) -> Tensor:
        """Return the stream after a block at each token of a batch: (rows, tokens, width)."""
        read: list[Tensor] = []

        def hook(stream: Tensor) -> Tensor:
            read.append(stream.double())
            raise _Read

        with self._running(), self.weights.after_block(layer, hook), contextlib.suppress(_Read):
            self.weights.logits(ids, mask, None)
        return read[0]

    def _check_layer(self, layer: int) -> None:
        if not 0 <= layer < self.depth:
            raise UsageMistake(f"layer {layer!r}: this network has blocks 0 to {self.depth - 1}.")

    def _tokens(self, prompt: Sequence[Message], room: int = 0) -> list[int]:
        """Return a prompt's tokens, of which the context holds ``room`` more."""
        tokens = self.vocabulary.prompt([corpus.Message(one.role, one.content) for one in prompt])
        if len(tokens) > self.context - room:
            raise UsageMistake(
                f"a prompt has {len(tokens)} tokens; of the network's context {self.context - room} are left for it."
            )
        return tokens
