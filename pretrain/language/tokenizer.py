"""Byte-level BPE of our own, learnt from the texts that a language model is trained on.

Bytes are the smallest tokens, so there is no text it cannot write (Radford et al. 2019, section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["END", "PADDING", "read_tokenizer", "train_tokenizer"]

PADDING, END = "<pad>", "</s>"


def train_tokenizer(texts: Iterable[str], size: int) -> Any:
    """A tokenizer of transformers.

    Args:
        texts: what it is learnt from.
        size: of its vocabulary, at least 258: the bytes, padding and the end of a text.

    Raises:
        ValueError: the size is less.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if size < len(alphabet) + 2:
        raise ValueError(f"a vocabulary of {size} is too small; bytes alone take {len(alphabet) + 2}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[PADDING, END], initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return read_tokenizer(tokenizer.to_str())


def read_tokenizer(text: str) -> Any:
    """A tokenizer of transformers from the JSON of tokenizers."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(text), pad_token=PADDING, eos_token=END, clean_up_tokenization_spaces=False
    )
