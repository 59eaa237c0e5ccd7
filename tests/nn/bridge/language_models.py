"""Tiny language models of five families and a tokenizer of words, made here: nothing is downloaded."""

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    OPTConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

WORDS = (
    "</s> <unk> a ; , 1 2 not no red blue small big dog sofa man horse on under riding what is the colour of where "
    "user : answer ? nothing"
).split()
SMALL = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
LONG = {"intermediate_size": 48, "max_position_embeddings": 128}
END = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": None}

FAMILIES = {
    "llama": LlamaConfig(**SMALL, **LONG, **END, num_key_value_heads=2),
    "qwen2": Qwen2Config(**SMALL, **LONG, **END, num_key_value_heads=2, tie_word_embeddings=True),
    "gpt2": GPT2Config(vocab_size=len(WORDS), n_embd=32, n_layer=3, n_head=4, n_positions=128, **END),
    "gpt_neox": GPTNeoXConfig(**SMALL, **LONG, **END),
    "opt": OPTConfig(**SMALL, ffn_dim=48, max_position_embeddings=128, word_embed_proj_dim=16, **END),
}


def language_model(family: str) -> Any:
    """Seeded, with embeddings large enough that what is read decides what is said."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(FAMILIES[family]).eval()
    model.generation_config.pad_token_id = None
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(6.0)
    return model


def tokenizer(chat_template: str | None = None) -> PreTrainedTokenizerFast:
    """One id per word; it has an end of text and, as many have, no padding."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>", unk_token="<unk>")
    made.chat_template = chat_template
    return made
