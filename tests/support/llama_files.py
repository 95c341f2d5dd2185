"""A small random network in the files of Llama 3.1: its marks, its dated template, its rope, shared key heads."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch_extra import peft, torch, transformers

MARKS = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
DATED = (
    "{{ bos_token }}<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: {{ date_string or '26 Jul 2024' }}\n\n<|eot_id|>"
    "{% for message in messages %}{{ message['content'] }}{% endfor %}"
)
WIDTH, DEPTH, CONTEXT = 32, 3, 512
# Threads within products of this size only wait for one another.
torch.set_num_threads(1)
_TEXTS = (
    "Today is 2027-03-04. How many apples does Ann have?",
    "Name the best dish.",
    "user assistant system",
    "süß 😀",
)


def write_llama(folder: Path, *, seed: int = 0, template: str = DATED, marks: tuple[str, ...] = MARKS) -> Path:
    """Write a checkpoint; whoever samples it under its generation config takes the likeliest token only."""
    folder.mkdir(parents=True)
    tokenizer = _tokenizer(marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": marks[0],
        "eos_token": marks[-1],
        "chat_template": template,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({key: value for key, value in told.items() if value}))
    torch.manual_seed(seed)
    network = transformers.LlamaForCausalLM(_config(tokenizer.get_vocab_size()))
    network.generation_config = transformers.GenerationConfig(do_sample=True, top_k=1, eos_token_id=[1, len(marks) - 1])
    network.save_pretrained(folder)
    return folder


def write_lora(folder: Path, base: Path, *, seed: int = 1, **kind: Any) -> Path:
    """Write an adapter on every attention matrix of a checkpoint, with rsLoRA as the published one has."""
    torch.manual_seed(seed)
    network = transformers.LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    settings = peft.LoraConfig(
        r=2, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", **kind
    )
    adapted = peft.get_peft_model(network, settings)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            torch.nn.init.normal_(weight, std=0.3)
    adapted.save_pretrained(folder)
    return folder


def _tokenizer(marks: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=list(marks), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_TEXTS, trainer)
    # Llama 3's own puts the mark of the beginning before any text, a templated one too.
    begin = (marks[0], 0)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{marks[0]} $A", special_tokens=[begin])
    return tokenizer


def _config(vocabulary: int) -> Any:
    scaling = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return transformers.LlamaConfig(
        vocab_size=vocabulary + 3,  # more than the tokenizer has, as in padded checkpoints
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=DEPTH,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        rope_parameters=scaling,
        initializer_range=0.3,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=[1],
    )
