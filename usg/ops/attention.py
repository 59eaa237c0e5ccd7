"""Multi-head attention along the typed edges of a graph.

With edges e = (i <- j) of type t(e) and, optionally, a narrow vector a(e) of continuous edge attributes:

    logit(e)  = q_i . (k_j + key_table[t(e)] + key_proj^T a(e)) / sqrt(D) + bias[t(e)]
    p(e)      = exp(logit(e)) / sum of exp(logit) over the edges of i
    out_i     = sum over e of p(e) (v_j + value_table[t(e)] + value_proj^T a(e))

This is TransformerConv's attention with edge features (Shi et al. 2021, https://arxiv.org/abs/2009.03509) and
Graphormer's per-head edge bias (Ying et al. 2021, https://arxiv.org/abs/2106.05234). Edge features never become an
(e, H, D) tensor: see usg/ops/attention_torch.py for the rewriting.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from usg.ops import attention_torch
from usg.ops.backend import atomic
from usg.ops.csr import CSR
from usg.ops.library import autocast_to_one

__all__ = ["graph_attention", "graph_self_attention"]

_NAMES = ("q", "k", "v", "key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")
_EDGE_ATTR = _NAMES.index("edge_attr")
_MAY_BE_ATOMIC = ("cuda",)  # kinds of device


def graph_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    graph: CSR,
    edge_type: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None = None,
    key_proj: Tensor | None = None,
    value_proj: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Attends from every node to the nodes it hears.

    Letters: n targets, m sources (n = m in one graph), e edges, H heads, D width of a head, T edge types, a attributes.

    Args:
        q: (n, H, D) queries of the targets.
        k: (m, H, D) keys of the sources.
        v: (m, H, D) values of the sources.
        graph: the edges.
        edge_type: (e,) int32 or int64 in [0, T), in the slot order of `graph`.
        key_table: (T, H, D) added to the key of an edge by its type.
        value_table: (T, H, D) added to the value of an edge by its type.
        bias: (T, H) added to the logit of an edge by its type.
        edge_attr: (e, a) continuous attributes in the slot order of `graph`; None for none.
        key_proj: (a, H, D) takes attributes to keys; given with `edge_attr`.
        value_proj: (a, H, D) takes attributes to values; given with `edge_attr`.
        dropout: the share of attention weights set to 0, the rest scaled by 1 / (1 - dropout); drawn from torch's
            default generator. Pass 0.0 outside training.

    Returns:
        (n, H, D); 0 for a node that hears nothing. A NaN stays in the rows that hear it.

    Raises:
        TypeError: dtypes differ (outside autocast), or edge types are not integers.
        ValueError: shapes do not fit each other or the graph, or dropout is outside [0, 1).
        IndexError: an edge type is outside the tables (CPU).

    Example:
        >>> graph, order = CSR.from_edges([0, 1, 1], [0, 0, 1], num_nodes=2)
        >>> q = k = torch.zeros(2, 1, 2)
        >>> v = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> table = torch.zeros(1, 1, 2)
        >>> types = torch.zeros(3, dtype=torch.int32)
        >>> graph_attention(q, k, v, graph, types, table, table, torch.zeros(1, 1)).tolist()
        [[[0.5, 0.5]], [[0.0, 1.0]]]
    """
    _check(q, k, v, graph, edge_type, key_table, value_table, bias, edge_attr, key_proj, value_proj, dropout)
    tensors = (q, k, v, key_table, value_table, bias, edge_attr, key_proj, value_proj)
    return _attend(graph, edge_type, dropout, tensors)


def graph_self_attention(
    qkv: Tensor,
    graph: CSR,
    edge_type: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None = None,
    key_proj: Tensor | None = None,
    value_proj: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """`graph_attention` of queries, keys and values that one projection has made.

    Their gradient is written where that projection needs it; that of three slices would be put together once more.

    Args:
        qkv: (n, 3, H, D) queries, keys and values.
        graph: the edges, among n nodes.
        edge_type: (e,), as for `graph_attention`, like all that follows.
        key_table: (T, H, D).
        value_table: (T, H, D).
        bias: (T, H).
        edge_attr: (e, a), or None.
        key_proj: (a, H, D), or None.
        value_proj: (a, H, D), or None.
        dropout: the share of attention weights set to 0.

    Returns:
        (n, H, D).

    Raises:
        TypeError, ValueError, IndexError: as `graph_attention`.

    Example:
        >>> graph, order = CSR.from_edges([0, 1, 1], [0, 0, 1], num_nodes=2)
        >>> qkv = torch.zeros(2, 3, 1, 2)
        >>> qkv[:, 2] = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> table = torch.zeros(1, 1, 2)
        >>> types = torch.zeros(3, dtype=torch.int32)
        >>> graph_self_attention(qkv, graph, types, table, table, torch.zeros(1, 1)).tolist()
        [[[0.5, 0.5]], [[0.0, 1.0]]]
    """
    if qkv.dim() != 4 or qkv.shape[1] != 3:
        raise ValueError(f"graph_attention: qkv must be (n, 3, H, D), got shape {tuple(qkv.shape)}")
    q, k, v = qkv.detach().unbind(1)
    _check(q, k, v, graph, edge_type, key_table, value_table, bias, edge_attr, key_proj, value_proj, dropout)
    tensors = (qkv, None, None, key_table, value_table, bias, edge_attr, key_proj, value_proj)
    return _attend(graph, edge_type, dropout, tensors)


def _attend(graph: CSR, edge_type: Tensor, dropout: float, tensors: tuple[Tensor | None, ...]) -> Tensor:
    """What both functions do with tensors that fit each other."""
    tensors = autocast_to_one(*tensors)
    first = tensors[0]
    assert first is not None
    for name, tensor in zip(_NAMES, tensors, strict=True):
        if tensor is not None and tensor.dtype != first.dtype:
            raise TypeError(
                f"graph_attention: {name} is {tensor.dtype} but q is {first.dtype}; "
                "cast them to one type or call under torch.autocast"
            )
    keep = None
    if dropout > 0.0:
        drawn = torch.rand(first.shape[-2], graph.num_edges, device=first.device)
        keep = (drawn >= dropout).to(torch.float32) / (1.0 - dropout)
    out: Tensor = _GraphAttention.apply(
        graph.rowptr, graph.col, graph.row_index, graph.colptr, graph.row, graph.position, edge_type, keep, *tensors
    )
    return out


class _GraphAttention(torch.autograd.Function):
    """The registered forward and backward ops as one differentiable step.

    Queries, keys and values are three tensors, or the first of them is all, (n, 3, H, D), and the next two are None.
    """

    @staticmethod
    def forward(
        ctx: Any,
        rowptr: Tensor,
        col: Tensor,
        row_index: Tensor,
        colptr: Tensor,
        row: Tensor,
        position: Tensor,
        edge_type: Tensor,
        keep: Tensor | None,
        *tensors: Tensor | None,
    ) -> Tensor:
        out, log_sum = attention_torch.forward(*_apart(tensors), rowptr, col, row_index, edge_type, keep)
        kept = out if out.device.type in _MAY_BE_ATOMIC and atomic() else None
        ctx.save_for_backward(rowptr, col, row_index, colptr, row, position, edge_type, keep, kept, log_sum, *tensors)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (rowptr, col, row_index, colptr, row, position, edge_type, keep, out, log_sum, *tensors) = ctx.saved_tensors
        edges = (rowptr, col, row_index, colptr, row, position, edge_type, keep)
        wanted = ctx.needs_input_grad[len(edges) :]
        joint = tensors[1] is None
        grads = attention_torch.backward(grad, log_sum, *_apart(tensors), *edges, wanted[_EDGE_ATTR], joint, out)
        return (None,) * len(edges) + tuple(g if want else None for g, want in zip(grads, wanted, strict=True))


def _apart(tensors: Sequence[Tensor | None]) -> tuple[Tensor | None, ...]:
    """Queries, keys and values as three tensors, and the rest."""
    first, second, third, *rest = tensors
    if second is None and first is not None:
        first, second, third = first.unbind(1)
    return (first, second, third, *rest)


def _check(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    graph: CSR,
    edge_type: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None,
    key_proj: Tensor | None,
    value_proj: Tensor | None,
    dropout: float,
) -> None:
    """Refuses inputs whose shapes, types or devices do not fit."""
    if q.dim() != 3:
        raise ValueError(f"graph_attention: q must be (n, H, D), got shape {tuple(q.shape)}")
    heads, width = q.shape[1], q.shape[2]
    if heads == 0 or width == 0:
        raise ValueError(f"graph_attention: needs at least one head of width 1, got H={heads}, D={width}")
    types = key_table.shape[0]
    expected: list[tuple[str, Tensor | None, tuple[int, ...]]] = [
        ("q", q, (graph.num_targets, heads, width)),
        ("k", k, (graph.num_sources, heads, width)),
        ("v", v, (graph.num_sources, heads, width)),
        ("edge_type", edge_type, (graph.num_edges,)),
        ("key_table", key_table, (types, heads, width)),
        ("value_table", value_table, (types, heads, width)),
        ("bias", bias, (types, heads)),
    ]
    if edge_attr is None:
        if key_proj is not None or value_proj is not None:
            raise ValueError("graph_attention: key_proj and value_proj need edge_attr; pass all three or none")
    else:
        if key_proj is None or value_proj is None:
            raise ValueError("graph_attention: edge_attr needs key_proj and value_proj; pass all three or none")
        attributes = edge_attr.shape[-1]
        expected += [
            ("edge_attr", edge_attr, (graph.num_edges, attributes)),
            ("key_proj", key_proj, (attributes, heads, width)),
            ("value_proj", value_proj, (attributes, heads, width)),
        ]
    for name, tensor, shape in expected:
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ValueError(f"graph_attention: {name} must be {shape} for this q and graph, got {tuple(tensor.shape)}")
        if tensor is not None and tensor.device != graph.device:
            raise ValueError(f"graph_attention: {name} is on {tensor.device}, the graph on {graph.device}; use CSR.to")
    if edge_type.dtype not in (torch.int32, torch.int64):
        raise TypeError(f"graph_attention: edge_type must be int32 or int64, got {edge_type.dtype}")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"graph_attention: dropout must be in [0, 1), got {dropout}")
