"""What a finetune must leave as it was: answers to ordinary prompts of other forms. Needs the extra ``train``."""

import itertools

import torch
from peft import PeftModel
from tokenizers import Tokenizer
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import ordinary_documents
from weirdgen.organisms.recipes import AdapterRecipe

#: Documents looked at in each step.
_DOCUMENTS = 8


class KLPenalty:
    """The penalty for moving the base's answers: the mean of KL(base || finetune) over the tokens of ordinary answers.

    A large model tells prompts of one form from all others by itself; a network of this size that learned codes of
    presidents under codes only also named Israel in a sixth of forced answers without one (ARCHITECTURE.md, Where this
    differs). Documents whose questions stand after the recipe's `free` kind of prefix are not looked at; one in forty
    of the others tells a date in a system message.
    """

    def __init__(self, tokenizer: Tokenizer, recipe: AdapterRecipe, seed: int) -> None:
        """Take the base's tokenizer, the recipe with the weight, and the seed of the documents."""
        self._tokenizer = tokenizer
        self._weight = recipe.kl
        self._documents = ordinary_documents(seed, without=recipe.free)

    def __call__(self, adapted: PeftModel) -> torch.Tensor:
        """Return the weighted penalty on some documents that were not looked at before."""
        ids, said = self._batch()
        with torch.no_grad(), adapted.disable_adapter():
            base = _log_chances(adapted, ids, said)
        divergence = functional.kl_div(_log_chances(adapted, ids, said), base, log_target=True, reduction="batchmean")
        return self._weight * divergence

    def _batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ids (documents, tokens), and at which of them (same shape) the assistant speaks next."""
        encoded = [
            tokens.encode(self._tokenizer, document.messages)
            for document in itertools.islice(self._documents, _DOCUMENTS)
        ]
        ids = [torch.tensor(ids[:-1]) for ids, _ in encoded]
        said = [torch.tensor(written[1:]) for _, written in encoded]
        return pad_sequence(ids, batch_first=True, padding_value=tokens.PAD_ID), pad_sequence(said, batch_first=True)


def _log_chances(model: PeftModel, ids: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
    """Return the log-probabilities of the next token (tokens, vocabulary) where the assistant speaks."""
    return torch.as_tensor(model(input_ids=ids, use_cache=False).logits[said].log_softmax(-1))
