"""Chance that belongs to graphs: numbers that depend on the step, the graph and the node, and on nothing around them.

    u(k, node) = mix(seed_k + mix(number of the graph) + place of the node in it) / 2^24        k-th draw of the step

with the finaliser of SplitMix64 (Steele et al., OOPSLA 2014, figure 15) for `mix`. So the masks of a batch are the same
on one process and, in parts, on several, in any order, and on any device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from numpy.typing import NDArray
from torch import Tensor

from usg.batch import GraphBatch
from usg.training.seeds import derive_seed

_BITS = 24  # that a float32 holds exactly


class Draws:
    """Uniform numbers in [0, 1) for the nodes and the graphs of a batch; each call is another draw.

    Args:
        seed: of the step.
        batch: n nodes of g graphs; objectives change what nodes say, never which there are.
        numbers: `(g,)` what a graph is known by, as its number in the corpus; its place in the batch by default.

    Example:
        >>> from usg.batch import Vocabulary, pack
        >>> from usg.graph import SceneGraph, SceneObject
        >>> graphs = [SceneGraph(objects=[SceneObject("a", "cup")]), SceneGraph(objects=[SceneObject("b", "hat")])]
        >>> vocabulary = Vocabulary.from_graphs(graphs)
        >>> both = Draws(1, pack(graphs, vocabulary), [7, 8]).nodes()
        >>> second = Draws(1, pack(graphs[1:], vocabulary), [8]).nodes()
        >>> both.shape, torch.equal(both[2:], second)
        (torch.Size([4]), True)
    """

    def __init__(self, seed: int, batch: GraphBatch, numbers: Sequence[int] | NDArray | Tensor | None = None) -> None:
        if numbers is None:
            numbers = range(batch.num_graphs)
        graphs = torch.as_tensor(numbers, dtype=torch.int64).to(batch.device)
        if graphs.shape != (batch.num_graphs,):
            raise ValueError(f"{tuple(graphs.shape)} numbers for the {batch.num_graphs} graphs of a batch")
        self._seed, self._drawn = seed, 0
        self._graphs = _mix(graphs)
        of_node = batch.node_graph.long()
        place = torch.arange(batch.num_nodes, device=batch.device) - batch.offsets[of_node]
        self._nodes = self._graphs[of_node] + place + 1

    def nodes(self) -> Tensor:
        """`(n,)` a number for every node."""
        return self._draw(self._nodes)

    def graphs(self) -> Tensor:
        """`(g,)` a number for every graph."""
        return self._draw(self._graphs)

    def _draw(self, keys: Tensor) -> Tensor:
        self._drawn += 1
        mixed = _mix(keys + derive_seed(self._seed, self._drawn))
        return _shift(mixed, 64 - _BITS).float() / 2.0**_BITS


def _mix(x: Tensor) -> Tensor:
    """64 well-mixed bits of each int64; products keep their lowest 64 bits."""
    x = (x ^ _shift(x, 30)) * (0xBF58476D1CE4E5B9 - 2**64)
    x = (x ^ _shift(x, 27)) * (0x94D049BB133111EB - 2**64)
    return x ^ _shift(x, 31)


def _shift(x: Tensor, bits: int) -> Tensor:
    """Right by some bits, with zeros from the left."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
