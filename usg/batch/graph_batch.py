"""The one tensor contract of the library: scene graphs in Levi form, packed side by side, not padded.

Letters: g graphs, n nodes, e edges, V strings in the vocabulary, u labels, words and kinds of the batch that it
lacks, m their n-gram buckets. The nodes of a graph are contiguous: graph node, objects, attributes, relations, then the
words of its texts. Edges are sorted by target. Words hear the graph and the other words of their text; no node of the
graph hears a word, so the state of a graph does not depend on what is asked about it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import torch
from torch import Tensor

from usg.ops import CSR


class View(IntEnum):
    """What a graph of a batch tells of its scene."""

    WHOLE = 0
    """All that is known."""
    SAID = 1
    """What a text says."""
    SHOWN = 2
    """What a picture or film shows."""
    EDITED = 3
    """What a text says, with one change after which it is false of the scene."""


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """Graphs as tensors; `usg.batch.pack` makes it.

    Attributes:
        label: `(n,)` int64 vocabulary entry; V + i is label i of the unseen ones of this batch.
        kind: `(n,)` int64 `NodeKind`.
        attribute_kind: `(n,)` int64; for an attribute the entry of its kind ("colour"), as `label` has it, else -1.
        modality: `(n,)` int64; 0 no grounding, 1 to 5 as in `usg.graph.MODALITIES`, 6 several.
        negated: `(n,)` bool.
        box: `(n, 4)` float32; centre x, centre y, width, height as shares of the source. 0 where absent.
        has_box: `(n,)` bool.
        time: `(n, 2)` float32; start and end as shares of the source's duration. 0 where absent.
        has_time: `(n,)` bool.
        span: `(n, 2)` float32; number of the first word and number of words of the phrase in its text, for a word its
            position and 1. 0 where absent.
        has_span: `(n,)` bool.
        graph: the edges, `usg.ops.CSR` over the n nodes.
        edge_type: `(e,)` int64 `EdgeType`, in the order of `graph`.
        node_graph: `(n,)` int64, the graph of each node.
        offsets: `(g + 1,)` int64; the nodes of graph i are `offsets[i]:offsets[i + 1]`.
        mention: `(n,)` int64; for a word of a caption the node it realises, else -1.
        text: `(n,)` int64; for a word the number of its text in the batch, in the order the texts were given, else -1.
        view: `(g,)` int64 `View`; `pack` makes whole graphs.
        counterpart: `(n,)` int64; for a node of what a text says or a picture shows the node of the other that stands
            for the same, for one of an edited text that of the picture, else -1. Graph nodes have one too.
        unseen_subwords: `(m,)` int64 n-gram buckets of the unseen labels.
        unseen_offsets: `(u + 1,)` int64; unseen label i owns `unseen_offsets[i]:unseen_offsets[i + 1]`.
        vocabulary_size: V.
    """

    label: Tensor
    kind: Tensor
    attribute_kind: Tensor
    modality: Tensor
    negated: Tensor
    box: Tensor
    has_box: Tensor
    time: Tensor
    has_time: Tensor
    span: Tensor
    has_span: Tensor
    graph: CSR
    edge_type: Tensor
    node_graph: Tensor
    offsets: Tensor
    mention: Tensor
    text: Tensor
    view: Tensor
    counterpart: Tensor
    unseen_subwords: Tensor
    unseen_offsets: Tensor
    vocabulary_size: int

    @property
    def num_graphs(self) -> int:
        """G."""
        return self.offsets.numel() - 1

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.label.numel()

    @property
    def num_edges(self) -> int:
        """E."""
        return self.graph.num_edges

    @property
    def num_unseen(self) -> int:
        """U."""
        return self.unseen_offsets.numel() - 1

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.label.device

    @property
    def graph_nodes(self) -> Tensor:
        """`(g,)` the graph node of each graph."""
        return self.offsets[:-1]

    def __len__(self) -> int:
        """g, the number of graphs."""
        return self.num_graphs

    def __repr__(self) -> str:
        return f"GraphBatch({self.num_graphs} graphs, {self.num_nodes} nodes, {self.num_edges} edges, {self.device})"

    def ungrounded(self, nodes: Tensor) -> GraphBatch:
        """The same batch in which the nodes of the `(n,)` bool say nothing of where they were seen."""
        return dataclasses.replace(
            self,
            modality=self.modality.masked_fill(nodes, 0),
            has_box=self.has_box & ~nodes,
            has_time=self.has_time & ~nodes,
            has_span=self.has_span & ~nodes,
        )

    def to(self, device: torch.device | str, non_blocking: bool = False) -> GraphBatch:
        """The same batch on another device."""
        return self._each(lambda part: part.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> GraphBatch:
        """The same batch in page-locked memory, for copies to a GPU beside computation."""
        return self._each(lambda part: part.pin_memory())

    def _each(self, change: Callable[[Tensor | CSR], Tensor | CSR]) -> GraphBatch:
        """A copy whose tensors and edges went through `change`."""
        parts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        changed: dict[str, Any] = {name: change(v) for name, v in parts.items() if isinstance(v, Tensor | CSR)}
        return dataclasses.replace(self, **changed)
