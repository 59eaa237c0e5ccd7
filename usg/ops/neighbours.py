"""Sum of neighbour values: one sparse-dense product, the core of every convolution on a graph.

    out_i = sum over edges e = (i <- j) of weight(e) values_j

The gradient of the values is the same sum over the transposed edges, that of a weight the dot product of both ends.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from usg.ops.csr import CSR
from usg.ops.library import register
from usg.ops.sparse import edge_dot, edge_sum

__all__ = ["dot_op", "gather_scatter", "sum_op"]


def gather_scatter(values: Tensor, graph: CSR, weight: Tensor | None = None) -> Tensor:
    """Sums, for every node, the values of the nodes it hears.

    Args:
        values: (m, d) one vector per source.
        graph: the edges.
        weight: (e,) factors in the slot order of `graph`; None for ones.

    Returns:
        (n, d); 0 for a node that hears nothing.

    Raises:
        TypeError: values are not floating, or the weight is of another type.
        ValueError: shapes or devices do not fit the graph.

    Example:
        >>> graph, order = CSR.from_edges([0, 1], [1, 1], num_nodes=2)
        >>> gather_scatter(torch.tensor([[1.0], [2.0]]), graph).tolist()
        [[0.0], [3.0]]
    """
    if not values.is_floating_point():
        raise TypeError(f"gather_scatter: values must be floating, got {values.dtype}; convert with .float()")
    if values.dim() != 2 or values.shape[0] != graph.num_sources:
        raise ValueError(f"gather_scatter: values must be ({graph.num_sources}, d), got {tuple(values.shape)}")
    if values.device != graph.device:
        raise ValueError(f"gather_scatter: values are on {values.device}, the graph on {graph.device}; use CSR.to")
    if weight is not None:
        if weight.shape != (graph.num_edges,):
            raise ValueError(f"gather_scatter: weight must be ({graph.num_edges},), got {tuple(weight.shape)}")
        if torch.is_autocast_enabled(values.device.type):
            weight = weight.to(values.dtype)
        if weight.dtype != values.dtype or weight.device != values.device:
            raise TypeError(
                f"gather_scatter: weight is {weight.dtype} on {weight.device}, values {values.dtype} on {values.device}"
            )
    result: Tensor = _GatherScatter.apply(
        values, weight, graph.rowptr, graph.col, graph.row_index, graph.colptr, graph.row, graph.position
    )
    return result


@register(
    "gather_scatter",
    "(Tensor values, Tensor? weight, Tensor rowptr, Tensor col) -> Tensor",
    lambda values, weight, rowptr, col: values.new_empty(rowptr.shape[0] - 1, values.shape[1]),
)
def sum_op(values: Tensor, weight: Tensor | None, rowptr: Tensor, col: Tensor) -> Tensor:
    """Registered: (m, d) to (n, d)."""
    wide = _wide(values)
    factors = wide.new_ones(col.shape[0]) if weight is None else _wide(weight)
    out = wide.new_empty(rowptr.shape[0] - 1, values.shape[1])
    return edge_sum(factors.contiguous(), wide.contiguous(), rowptr, col, out).to(values.dtype)


@register(
    "edge_dot",
    "(Tensor x, Tensor y, Tensor rowptr, Tensor col, Tensor row_index) -> Tensor",
    lambda x, y, rowptr, col, row_index: x.new_empty(col.shape[0]),
)
def dot_op(x: Tensor, y: Tensor, rowptr: Tensor, col: Tensor, row_index: Tensor) -> Tensor:
    """Registered: x_i . y_j along the edges, (n, d) and (m, d) to (e,)."""
    wide = _wide(x).contiguous()
    return edge_dot(wide, _wide(y).contiguous(), rowptr, col, row_index, wide.new_zeros(col.shape[0])).to(x.dtype)


class _GatherScatter(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        weight: Tensor | None,
        rowptr: Tensor,
        col: Tensor,
        row_index: Tensor,
        colptr: Tensor,
        row: Tensor,
        position: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(values, weight, rowptr, col, row_index, colptr, row, position)
        return sum_op(values, weight, rowptr, col)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        values, weight, rowptr, col, row_index, colptr, row, position = ctx.saved_tensors
        grad_values = grad_weight = None
        if ctx.needs_input_grad[0]:
            moved = None if weight is None else weight.index_select(0, position)
            grad_values = sum_op(grad, moved, colptr, row)
        if ctx.needs_input_grad[1]:
            grad_weight = dot_op(grad, values, rowptr, col, row_index)
        return grad_values, grad_weight, None, None, None, None, None, None


def _wide(tensor: Tensor) -> Tensor:
    """Half types are summed in float32."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
