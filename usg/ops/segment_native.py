"""Segment reductions and neighbour sums by the compiled kernels, on the CPU and on CUDA.

On the CPU rows are shared among threads by their edges, and each is summed in slot order by one thread; on CUDA long
rows are cut into pieces. Half types are summed in float32.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from usg.ops import neighbours, segment
from usg.ops.library import register_native
from usg.ops.native import DTYPES, SegmentArguments, call, check_one_type, check_shapes, indices, pointer

__all__: list[str] = []

# usg_segment_op of usg/ops/csrc/usg_ops.h
_SUM, _MAX, _SOFTMAX, _SOFTMAX_BACKWARD, _GATHER, _WEIGHTED_SUM, _DOT = range(7)


@register_native(segment.sum_op)
def _sum(values: Tensor, rowptr: Tensor) -> Tensor:
    segment.check_pointer("segment_sum", values, rowptr)
    out = values.new_empty(rowptr.shape[0] - 1, *values.shape[1:])
    return _run("segment_sum", _SUM, rowptr, values.contiguous(), out)


@register_native(segment.max_op)
def _max(values: Tensor, rowptr: Tensor) -> tuple[Tensor, Tensor]:
    segment.check_pointer("segment_max", values, rowptr)
    out = values.new_empty(rowptr.shape[0] - 1, *values.shape[1:])
    slot = torch.empty_like(out, dtype=torch.int64)
    return _run("segment_max", _MAX, rowptr, values.contiguous(), out, slot=slot), slot


@register_native(segment.softmax_op)
def _softmax(values: Tensor, rowptr: Tensor) -> Tensor:
    segment.check_pointer("segment_softmax", values, rowptr)
    values = values.contiguous()
    return _run("segment_softmax", _SOFTMAX, rowptr, values, torch.empty_like(values))


@register_native(segment.softmax_backward_op)
def _softmax_backward(grad: Tensor, probability: Tensor, rowptr: Tensor) -> Tensor:
    check_shapes("segment_softmax", ("grad", grad, probability.shape))
    probability = probability.contiguous()
    out = torch.empty_like(probability)
    return _run("segment_softmax", _SOFTMAX_BACKWARD, rowptr, probability, out, other=grad.contiguous())


@register_native(segment.gather_op)
def _gather(values: Tensor, rowptr: Tensor, size: int) -> Tensor:
    check_shapes("segment_sum", ("rowptr", rowptr, (values.shape[0] + 1,)))
    return _run("segment_sum", _GATHER, rowptr, values.contiguous(), values.new_empty(size, *values.shape[1:]))


@register_native(neighbours.sum_op)
def _gather_scatter(values: Tensor, weight: Tensor | None, rowptr: Tensor, col: Tensor) -> Tensor:
    check_shapes("gather_scatter", ("weight", weight, col.shape))
    out = values.new_empty(rowptr.shape[0] - 1, values.shape[1])
    weight = None if weight is None else weight.contiguous()
    return _run("gather_scatter", _WEIGHTED_SUM, rowptr, values.contiguous(), out, other=weight, col=col)


@register_native(neighbours.dot_op)
def _edge_dot(x: Tensor, y: Tensor, rowptr: Tensor, col: Tensor, row_index: Tensor) -> Tensor:
    check_shapes("gather_scatter", ("x", x, (rowptr.shape[0] - 1, y.shape[1])))
    out = x.new_empty(col.shape[0])
    return _run("gather_scatter", _DOT, rowptr, y.contiguous(), out, other=x.contiguous(), col=col)


def _run(
    op: str,
    kind: int,
    rowptr: Tensor,
    values: Tensor,
    out: Tensor,
    other: Tensor | None = None,
    col: Tensor | None = None,
    slot: Tensor | None = None,
) -> Tensor:
    """Fills and gives back `out`; all tensors are contiguous."""
    check_one_type(op, values, other)
    rowptr = rowptr.contiguous()
    col = None if col is None else indices(col)
    slots = (out if kind == _GATHER else values if col is None else col).shape[0]
    arguments = SegmentArguments(
        op=kind,
        dtype=DTYPES[values.dtype],
        rowptr_is_wide=rowptr.dtype == torch.int64,
        rows=rowptr.shape[0] - 1,
        sources=values.shape[0],
        slots=slots,
        columns=math.prod(values.shape[1:]),
        values=pointer(values),
        other=pointer(other),
        rowptr=pointer(rowptr),
        col=pointer(col),
        out=pointer(out),
        slot=pointer(slot),
    )
    call("segment_reduce", op, arguments, values.device)
    return out
