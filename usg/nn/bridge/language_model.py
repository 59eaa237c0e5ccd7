"""A causal language model from the hub or a folder, as transformers loads it.

Only what every family has is used: `get_input_embeddings`, `inputs_embeds`, `generate`, and LoRA on all linear layers.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from usg.hub import is_hub_name, reachable
from usg.names import unknown_name

__all__ = ["LoRA", "add_lora", "context_length", "embedding_size", "end_tokens", "load_language_model", "with_padding"]

_BITS = ("4bit", "8bit")


@dataclass(frozen=True)
class LoRA:
    """Low-rank updates of all linear layers (Hu et al. 2022, https://arxiv.org/abs/2106.09685).

    Attributes:
        rank: of the update of each layer.
        alpha: the update is scaled by alpha / rank.
        dropout: in front of the update.
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.05


def load_language_model(
    name: str | os.PathLike[str],
    *,
    dtype: torch.dtype = torch.float32,
    quantization: Any = None,
    attention: str | None = None,
) -> tuple[nn.Module, Any]:
    """The model, frozen, and its tokenizer, which is given a padding token if it has none.

    Args:
        name: a folder that `save_pretrained` wrote, with the tokenizer beside, or `owner/name` on the hub.
        dtype: of the weights.
        quantization: "4bit" or "8bit" through bitsandbytes, or any quantization configuration of transformers.
        attention: its implementation by transformers' name, such as `"eager"`; `None` leaves the choice to it.

    Raises:
        FileNotFoundError: there is no such folder, or the hub cannot be reached and has not been before.
        ImportError: transformers is not installed, or bitsandbytes where quantization asks for it.
        ValueError: it is no causal language model, or has no tokenizer beside it, or one without an end of text.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise ImportError("a language model needs transformers: pip install 'universal-scene-graph[llm]'") from None
    folder = Path(name)
    if not folder.is_dir() and not is_hub_name(name):
        raise FileNotFoundError(f"no language model {name}; pass a folder that save_pretrained wrote, or owner/name")
    local = folder.is_dir() or not reachable(str(name))
    if isinstance(quantization, str):
        quantization = bitsandbytes(quantization)
    wanted = {"quantization_config": quantization, "attn_implementation": attention}
    options = {key: value for key, value in wanted.items() if value is not None}
    try:
        model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, local_files_only=local, **options)
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
    except OSError as error:
        reason = str(error).splitlines()[0]
        if folder.is_dir():
            raise FileNotFoundError(f"{name} is not complete: {reason}") from None
        where = "was not downloaded before, and the hub cannot be reached" if local else "cannot be had from the hub"
        raise FileNotFoundError(f"{name} {where}: {reason}") from None
    except ValueError as error:
        raise ValueError(f"{name} is no causal language model with a tokenizer: {str(error).splitlines()[0]}") from None
    return model.requires_grad_(False).eval(), with_padding(tokenizer, str(name))


def bitsandbytes(bits: str) -> Any:
    """A quantization of transformers: 4 bits are NF4 with bfloat16 sums (QLoRA, https://arxiv.org/abs/2305.14314).

    Args:
        bits: "4bit" or "8bit".

    Raises:
        LookupError: it is something else.
        ImportError: bitsandbytes is not installed.
    """
    from transformers import BitsAndBytesConfig

    if bits not in _BITS:
        raise LookupError(unknown_name("quantization", bits, _BITS))
    if find_spec("bitsandbytes") is None:
        raise ImportError(f"a language model in {bits} needs bitsandbytes: pip install bitsandbytes")
    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def with_padding(tokenizer: Any, name: str = "the tokenizer") -> Any:
    """A tokenizer whose padding token is its end of text, if it had none.

    Raises:
        ValueError: it has no end of text either.
    """
    if tokenizer.eos_token_id is None:
        raise ValueError(f"{name} has no end-of-text token; set tokenizer.eos_token, which ends every answer")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def add_lora(model: Any, lora: LoRA) -> nn.Module:
    """The model with updates that are trained, while it stays frozen.

    Raises:
        ImportError: peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise ImportError("LoRA needs peft: pip install 'universal-scene-graph[llm]'") from None
    from transformers.pytorch_utils import Conv1D

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # a ratio; peft says int
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),  # GPT-2's weights lie transposed
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():
        # peft asks transformers by a name that the latter renames; nothing for a user to do.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        adapted: nn.Module = get_peft_model(model, config)
    return adapted


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The ids that end an answer: the tokenizer's, and those of the model, whose turns may end otherwise."""
    ends = getattr(model, "generation_config", None)
    named = getattr(ends, "eos_token_id", None)
    named = named if isinstance(named, list) else [] if named is None else [named]
    return sorted({int(tokenizer.eos_token_id), *map(int, named)})


def context_length(model: Any) -> int | None:
    """The most positions the model knows; `None` where its configuration does not say."""
    length = getattr(model.config, "max_position_embeddings", None)
    return length if isinstance(length, int) else None


def embedding_size(model: Any) -> tuple[int, float]:
    """Width of embedded words and their root mean square; some families scale what the weights give."""
    embeddings = model.get_input_embeddings()
    with torch.no_grad():
        words = embeddings(torch.arange(min(len(embeddings.weight), 4096), device=embeddings.weight.device)).float()
    return words.shape[1], words.square().mean().sqrt().item()
