"""The whole attention layer for `usg bench ops --layer`, beside its matrix products alone.

    out = attention(W_q x + b_q, W_k x + b_k, W_v x + b_v, edges: W_e embedding[type]) + W_s x + b_s

This is torch_geometric's TransformerConv with the embedding of an edge's type as its features, and all systems share
its parameters. PyG projects the features edge by edge, as it cannot know that types are few; ours projects the table.
Ours takes queries, keys and values in one product, as usg/nn/block.py does.
"""

import functools
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.ops.attention import graph_self_attention
from usg.ops.bench import Case
from usg.ops.bench_systems import Systems, agree, edges, ours
from usg.ops.csr import CSR

__all__ = ["LayerInputs", "build", "products"]


@dataclass(frozen=True)
class LayerInputs:
    """What every system gets.

    Attributes:
        graph: the edges.
        edge_type: (e,) int64.
        x: (n, d).
        embedding: (T, d) of the edge types.
        layer: the TransformerConv whose parameters all share.
        grad: (n, d) the gradient of the output.
    """

    graph: CSR
    edge_type: Tensor
    x: Tensor
    embedding: Tensor
    layer: Any
    grad: Tensor

    @property
    def leaves(self) -> tuple[Tensor, ...]:
        """What is differentiated."""
        return self.x, self.embedding, *self.layer.parameters()


def build(case: Case, device: str, dtype: torch.dtype, compiled: bool = False) -> tuple[LayerInputs, Systems]:
    """The inputs of a case and the systems, ours first; all are checked to agree.

    Args:
        case: the batch.
        device: torch device.
        dtype: of the tensors.
        compiled: add `torch.compile` of PyG's layer.

    Raises:
        ValueError: a system computes something else.
    """
    from torch_geometric.nn import TransformerConv

    graph, edge_type = edges(case)
    graph, edge_type = graph.to(device), edge_type.to(device)
    types, nodes = max(case.types, int(edge_type.max()) + 1), graph.num_targets
    width = case.heads * case.width
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, dtype)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = TransformerConv(width, case.width, heads=case.heads, edge_dim=width).to(device, dtype)
    x, embedding = normal(nodes, width).requires_grad_(), normal(types, width).requires_grad_()
    inputs = LayerInputs(graph, edge_type, x, embedding, layer, normal(nodes, width))
    edge_index = torch.stack([graph.col, graph.row_index]).long()
    zero = torch.zeros(types, case.heads, device=device, dtype=dtype)

    def run() -> Tensor:
        qkv = F.linear(x, *_joint(layer)).view(nodes, 3, case.heads, case.width)
        table = F.linear(embedding, layer.lin_edge.weight).view(types, case.heads, case.width)
        heard = graph_self_attention(qkv, graph, edge_type, table, table, zero)
        return heard.flatten(1) + F.linear(x, layer.lin_skip.weight, layer.lin_skip.bias)

    def pyg(function: Any) -> Tensor:
        out: Tensor = function(x, edge_index, embedding[edge_type])
        return out

    systems = ours(run, device) | {"pyg": functools.partial(pyg, layer)}
    if compiled:
        systems["torch.compile"] = functools.partial(pyg, torch.compile(layer))
    agree(systems, dtype)
    return inputs, systems


def products(direction: str, inputs: LayerInputs) -> None:
    """The matrix products of our layer in this direction, and nothing else: each projection, and its two gradients."""
    layer = inputs.layer
    with torch.no_grad():
        joint, skip = _joint(layer), (layer.lin_skip.weight, layer.lin_skip.bias)
        for x, weight, shift in (
            (inputs.x, *joint),
            (inputs.x, *skip),
            (inputs.embedding, layer.lin_edge.weight, None),
        ):
            grad = F.linear(x, weight, shift)
            if direction != "forward":
                grad @ weight
                grad.t() @ x


def _joint(layer: Any) -> tuple[Tensor, Tensor]:
    """Weight (3 d, d) and bias (3 d,) of queries, keys and values."""
    parts = (layer.lin_query, layer.lin_key, layer.lin_value)
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
