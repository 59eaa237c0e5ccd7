"""What every bridge is: node states of a graph encoder in, graph tokens of a language model out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from usg.batch import GraphBatch

__all__ = ["Bridge", "Places", "ScaledNorm", "TokenBridge"]


@dataclass(frozen=True)
class Places:
    """Where graph tokens are wanted; letters: t tokens.

    Attributes:
        graph: `(t,)` int64, the graph of each, in rising order.
        node: `(t,)` int64, its node in the batch.
    """

    graph: Tensor
    node: Tensor


class Bridge(Protocol):
    """Letters: n nodes, d width of the encoder, t graph tokens, D width of the language model.

    Attributes:
        soft: the graph tokens it gives: `"nodes"` for one per object and relation, or a number for each graph.
    """

    soft: Any

    def reading(
        self, language_model: nn.Module, states: Tensor, batch: GraphBatch, rows: Tensor | None = None
    ) -> AbstractContextManager[None]:
        """What must last while the language model runs: nothing, or that its layers read the `(n, d)` states.

        `rows` are the graphs of its sequences, `(s,)`; all of the batch by default.
        """
        ...

    def __call__(self, states: Tensor, batch: GraphBatch, places: Places) -> Tensor:
        """`(n, d)` states to `(t, D)` graph tokens, which stand among the embeddings of words."""
        ...


class TokenBridge(nn.Module):
    """A bridge whose graph tokens are all that the language model gets."""

    def reading(
        self, language_model: nn.Module, states: Tensor, batch: GraphBatch, rows: Tensor | None = None
    ) -> AbstractContextManager[None]:
        """Nothing has to last."""
        return nullcontext()


class ScaledNorm(nn.Module):
    """Brings vectors to a root mean square that is learnt, from that of the language model's embeddings on.

    Embeddings of many models are small (0.02 a channel); tokens of unit size among them drown the words.

    Args:
        size: the root mean square to start from.
    """

    def __init__(self, size: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([size]))  # not a scalar, which FSDP2 cannot put in parts
        self.register_load_state_dict_pre_hook(_scale_of_one_number)

    def forward(self, x: Tensor) -> Tensor:
        """`(..., D)` to `(..., D)`."""
        return nn.functional.rms_norm(x, x.shape[-1:], eps=1e-6) * self.scale


def _scale_of_one_number(module: nn.Module, states: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    """Models that were saved before it was a vector have a scalar."""
    if f"{prefix}scale" in states:
        states[f"{prefix}scale"] = states[f"{prefix}scale"].reshape(1)
