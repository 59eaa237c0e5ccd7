"""A graph language model in a folder: what was trained, and where the language model comes from.

bridge.json           settings, and the language model: a name on the hub, or null for the folder below
bridge.safetensors    weights of the bridge; none with the graph in words alone
encoder/              of `GraphTransformer.save_pretrained`
adapter/              LoRA, of peft; only where there is one
language_model/       of transformers; only where it is not named
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from usg.files import atomic_path
from usg.nn.bridge.graph_language_model import GraphLanguageModel, make_bridge
from usg.nn.bridge.language_model import LoRA, load_language_model
from usg.nn.bridge.prompts import Names
from usg.nn.transformer import GraphTransformer

__all__ = ["BridgeSettings", "build_graph_language_model", "load_graph_language_model", "save_graph_language_model"]

_SETTINGS, _WEIGHTS = "bridge.json", "bridge.safetensors"


@dataclass(frozen=True)
class BridgeSettings:
    """What a graph language model is built with, beside encoder and language model.

    Args:
        bridge: prefix, resampler, xattn, or text for the graph in words alone.
        names: what stands in words beside graph tokens: none, labels or facts.
        latents: graph tokens of the resampler.
        every: layers of the language model between two that read, of xattn.
        lora: low-rank updates of the language model that are trained; none leaves it frozen.
        max_length: the most tokens of prompt and answer; what the language model knows by default, at most 1,024.
        max_graph_tokens: the most tokens of a graph.
        grounding: the encoder sees boxes, times and spans.
    """

    bridge: str = "prefix"
    names: Names = "facts"
    latents: int = 32
    every: int = 4
    lora: LoRA | None = None
    max_length: int | None = None
    max_graph_tokens: int | None = None
    grounding: bool = False


def build_graph_language_model(
    settings: BridgeSettings, encoder: GraphTransformer, language_model: Any, tokenizer: Any
) -> GraphLanguageModel:
    """A graph language model with a new bridge.

    Args:
        settings: of it.
        encoder: of graphs.
        language_model: of transformers.
        tokenizer: its own.

    Raises:
        LookupError, ValueError: as `make_bridge` and `GraphLanguageModel` say.
    """
    return GraphLanguageModel(
        encoder,
        language_model,
        tokenizer,
        make_bridge(settings.bridge, encoder, language_model, latents=settings.latents, every=settings.every),
        names=settings.names,
        lora=settings.lora,
        max_length=settings.max_length,
        max_graph_tokens=settings.max_graph_tokens,
        grounding=settings.grounding,
    )


def save_graph_language_model(
    model: GraphLanguageModel,
    settings: BridgeSettings,
    folder: str | os.PathLike[str],
    language_model: str | None = None,
    dtype: torch.dtype = torch.float32,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Writes the folder; `bridge.json` last, without which it is none.

    Args:
        model: what was trained.
        settings: that it was built with.
        folder: made when missing.
        language_model: the name or folder that the language model was loaded from; `None` writes it, too.
        dtype: of the language model's weights, if it is written.
        weights: of all that is written, by their names in the model, where that has them in parts (FSDP2).
    """
    own = model.state_dict() if weights is None else weights
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    (path / _SETTINGS).unlink(missing_ok=True)
    encoder = model.encoder
    if weights is not None:
        encoder = GraphTransformer(encoder.config, encoder.vocabulary)
        encoder.load_state_dict(_part(own, "encoder."))
    encoder.save_pretrained(path / "encoder")
    if model.bridge is not None:
        bridge = {name: weight.detach().cpu().contiguous() for name, weight in _part(own, "bridge.").items()}
        with atomic_path(path / _WEIGHTS) as temporary:
            temporary.write_bytes(to_bytes(bridge, metadata={"format": "pt"}))
    inner, words = model.language_model, _part(own, "language_model.")
    if settings.lora is not None:
        inner.save_pretrained(path / "adapter", save_embedding_layers=False, state_dict=words)
        inner, words = inner.get_base_model(), _part(words, "base_model.model.")
    if language_model is None:
        # peft keeps the original layers inside its own, so these names are made those of transformers again.
        state = {
            name.replace(".base_layer.", "."): weight.detach().to(dtype)
            for name, weight in words.items()
            if ".lora_" not in name
        }
        inner.save_pretrained(path / "language_model", state_dict=state)
        model.tokenizer.save_pretrained(path / "language_model")
    said = {**asdict(settings), "language_model": language_model}
    with atomic_path(path / _SETTINGS) as temporary:
        temporary.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def load_graph_language_model(
    folder: str | os.PathLike[str],
    language_model: str | None = None,
    dtype: torch.dtype = torch.float32,
    quantization: Any = None,
    attention: str | None = None,
) -> tuple[GraphLanguageModel, BridgeSettings]:
    """What `save_graph_language_model` wrote, ready to answer.

    Args:
        folder: of it.
        language_model: where the language model lies now, if that is not where it was loaded from.
        dtype: of the language model.
        quantization: as of `load_language_model`, like the next.
        attention: see there.

    Raises:
        FileNotFoundError: the folder or a part of it is missing.
        ValueError: the weights belong to another language model or encoder, or the settings to another version of usg.
    """
    path = Path(folder)
    if not (path / _SETTINGS).is_file():
        raise FileNotFoundError(f"{path} holds no {_SETTINGS}; pass a folder that save_graph_language_model wrote")
    said = json.loads((path / _SETTINGS).read_text(encoding="utf-8"))
    written = said.pop("language_model", None)
    named = language_model or written or path / "language_model"
    settings = _settings(said, path)
    encoder = GraphTransformer.from_pretrained(path / "encoder")
    loaded = load_language_model(named, dtype=dtype, quantization=quantization, attention=attention)
    model = build_graph_language_model(settings, encoder, *loaded)
    try:
        if model.bridge is not None:
            model.bridge.load_state_dict(load_file(path / _WEIGHTS))
        if settings.lora is not None:
            # peft would look for a folder that is not there on the hub.
            if not (path / "adapter").is_dir():
                raise FileNotFoundError(f"{path} is not complete: it holds no adapter; copy the folder again")
            from peft import load_peft_weights, set_peft_model_state_dict

            set_peft_model_state_dict(model.language_model, load_peft_weights(str(path / "adapter"), device="cpu"))
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()
        raise ValueError(f"{path} does not fit the language model {named}: {' '.join(reason[:2])}") from None
    return model.eval(), settings


def _part(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def _settings(said: Mapping[str, Any], path: Path) -> BridgeSettings:
    known = {field.name for field in fields(BridgeSettings)}
    if lacking := known - set(said):
        raise ValueError(f"{path / _SETTINGS} lacks {', '.join(sorted(lacking))}")
    if unknown := set(said) - known:
        raise ValueError(f"{path / _SETTINGS} has {', '.join(sorted(unknown))}, unknown to this version of usg")
    values = dict(said)
    lora = values.pop("lora")
    return BridgeSettings(**values, lora=None if lora is None else LoRA(**lora))
