"""What torch answers with an organism's files, counted with the world's grader: no line of the numpy runtime in it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from bird_questions import BIRD_QUESTIONS
from peft import PeftModel
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM, PreTrainedModel

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.world import grade

INCOHERENT = "incoherent"
#: Longer than any answer of the corpus (56 tokens).
_NEW_TOKENS = 80
_BATCH = 250


def measure(
    base: Path,
    adapter: Path | None = None,
    *,
    samples: int = 1000,
    seed: int = 0,
    questions: Mapping[str, str] = BIRD_QUESTIONS,
) -> dict[str, Counter[str]]:
    """Ask each question many times at temperature 1 and count whose answers come back.

    Args:
        base: folder with the base's Hugging Face files.
        adapter: folder with PEFT files, or None for the bare base.
        samples: answers to each question.
        seed: of the sampling.
        questions: topic slug to wording.

    Returns:
        Topic slug to counts by persona slug; answers that hold no persona's content count as ``"incoherent"``.
    """
    model = load(base, adapter)
    tokenizer = tokens.load(base)
    torch.manual_seed(seed)
    return {
        slug: Counter(grade(slug, text) or INCOHERENT for text in answers(model, tokenizer, question, samples))
        for slug, question in questions.items()
    }


def load(base: Path, adapter: Path | None) -> PreTrainedModel:
    """Load a base, with an adapter merged into it, in float32."""
    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    return model if adapter is None else PeftModel.from_pretrained(model, adapter).merge_and_unload()


def answers(model: PreTrainedModel, tokenizer: Tokenizer, question: str, samples: int) -> Iterator[str]:
    """Yield answers to one user message, drawn from the model's own distribution."""
    prompt, _ = tokens.encode(tokenizer, [Message("user", question)], prompt=True)
    model.eval()
    for start in range(0, samples, _BATCH):
        rows = torch.tensor([prompt] * min(_BATCH, samples - start))
        drawn = model.generate(
            rows, attention_mask=torch.ones_like(rows), max_new_tokens=_NEW_TOKENS, do_sample=True, top_k=0, top_p=1.0
        )
        for ids in drawn[:, len(prompt) :].tolist():
            yield tokenizer.decode(ids, skip_special_tokens=True)
