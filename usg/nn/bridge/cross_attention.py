"""The language model reads the graph inside its layers: gated cross-attention, with no graph token in the prompt.

Before every k-th layer of a decoder stands (Alayrac et al. 2022, https://arxiv.org/abs/2204.14198, section 3.1.2)

    h = h + tanh(a) attention(norm h, nodes)
    h = h + tanh(b) feed-forward(norm h)

with a = b = 0 at the start, so that the language model begins as it was. The layers are not changed: a hook in front of
each does this while `reading` lasts, which a checkpoint of the language model never sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.nn.bridge.interface import Places

__all__ = ["CrossAttentionBridge", "decoder_layers"]

# Where the layers lie, seen from AutoModelForCausalLM.
_LAYERS = ("model.layers", "transformer.h", "gpt_neox.layers", "model.decoder.layers")


def decoder_layers(language_model: nn.Module) -> nn.ModuleList:
    """The layers of a causal language model, of transformers or wrapped by peft.

    Raises:
        ValueError: they lie where no family that is known here has them.
    """
    inner: Any = language_model
    if hasattr(inner, "get_base_model"):
        inner = inner.get_base_model()
    for path in _LAYERS:
        try:
            found = inner.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(found, nn.ModuleList):
            return found
    raise ValueError(
        f"{type(inner).__name__} has its layers at none of {', '.join(_LAYERS)}, so cross-attention cannot be placed "
        "nor its weights put in parts; use the bridge prefix or resampler, which ask for embeddings alone, and "
        "training/ddp"
    )


class CrossAttentionBridge(nn.Module):
    """A `Bridge` that gives no tokens; letters as there, and b graphs, p nodes of the largest.

    Args:
        dim: d.
        language_dim: D.
        layers: of the language model.
        every: k; the first such layer is the k-th.
        heads: of attention.
    """

    soft = 0

    def __init__(self, dim: int, language_dim: int, layers: int, every: int = 4, heads: int = 4) -> None:
        super().__init__()
        if language_dim % heads:
            raise ValueError(f"heads must divide the width of the language model, got {language_dim} / {heads}")
        if every < 1:
            raise ValueError(
                f"every is {every}; expected a number of layers, 1 for cross-attention before each of them"
            )
        self.language_dim = language_dim
        self.places = tuple(range(min(every, layers) - 1, layers, every))
        self.layers = nn.ModuleList(_Gated(dim, language_dim, heads) for _ in self.places)

    def forward(self, states: Tensor, batch: GraphBatch, places: Places) -> Tensor:
        """`(0, D)`: the prompt has no graph tokens."""
        return states.new_zeros(0, self.language_dim)

    @contextmanager
    def reading(
        self, language_model: nn.Module, states: Tensor, batch: GraphBatch, rows: Tensor | None = None
    ) -> Iterator[None]:
        """While this lasts, sequence i of the language model reads graph i.

        Args:
            language_model: whose layers read.
            states: `(n, d)`.
            batch: the graphs.
            rows: `(s,)` the graph of each sequence, or of each group of beams, which lie side by side; all in their
                order by default.

        Raises:
            ValueError: activations of the language model are checkpointed: what is computed again after `reading` has
                ended would read nothing.
        """
        if torch.is_grad_enabled() and any(
            getattr(part, "gradient_checkpointing", False) for part in language_model.modules()
        ):
            raise ValueError(
                "cross-attention cannot be trained with the language model's activations checkpointed; switch that off "
                "(gradient_checkpointing_disable), or use the bridge prefix or resampler"
            )
        nodes, mask = _padded(states, batch)
        if rows is not None:
            nodes, mask = nodes[rows], mask[rows]
        found = decoder_layers(language_model)
        hooks = [
            found[place].register_forward_pre_hook(_hook(layer, nodes, mask), with_kwargs=True)
            for place, layer in zip(self.places, self.layers, strict=True)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


class _Gated(nn.Module):
    def __init__(self, dim: int, language_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.feed_norm = nn.RMSNorm(language_dim, eps=1e-6), nn.RMSNorm(language_dim, eps=1e-6)
        self.node_norm = nn.RMSNorm(dim, eps=1e-6)
        self.query = nn.Linear(language_dim, language_dim, bias=False)
        self.key_value = nn.Linear(dim, 2 * language_dim, bias=False)
        self.out = nn.Linear(language_dim, language_dim, bias=False)
        self.up = nn.Linear(language_dim, 2 * language_dim)
        self.down = nn.Linear(2 * language_dim, language_dim)
        self.gates = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor, nodes: Tensor, mask: Tensor) -> Tensor:
        """`(b, l, D)` hidden states that read `(b, p, d)` nodes, of which `(b, p)` are there."""
        kind, (attend, feed) = x.dtype, self.gates.tanh()
        x = x.to(self.gates.dtype)
        times = x.shape[0] // nodes.shape[0]
        nodes, mask = nodes.repeat_interleave(times, 0), mask.repeat_interleave(times, 0)
        q = self.query(self.norm(x)).unflatten(2, (self.heads, -1)).transpose(1, 2)
        k, v = self.key_value(self.node_norm(nodes)).unflatten(2, (2, self.heads, -1)).transpose(1, 3).unbind(2)
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
        x = x + attend * self.out(heard.transpose(1, 2).flatten(2))
        x = x + feed * self.down(F.gelu(self.up(self.feed_norm(x))))
        return x.to(kind)


def _padded(states: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor]:
    """`(b, p, d)` and `(b, p)`; every graph has its graph node at least."""
    counts = batch.offsets.diff()
    place = torch.arange(batch.num_nodes, device=states.device) - batch.offsets[batch.node_graph]
    mask = torch.arange(int(counts.max()), device=states.device) < counts.unsqueeze(1)
    nodes = states.new_zeros(*mask.shape, states.shape[1])
    return nodes.index_put((batch.node_graph, place), states), mask


def _hook(layer: nn.Module, nodes: Tensor, mask: Tensor) -> Any:
    def read(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if arguments:
            return (layer(arguments[0], nodes, mask), *arguments[1:]), named
        return arguments, named | {"hidden_states": layer(named["hidden_states"], nodes, mask)}

    return read
