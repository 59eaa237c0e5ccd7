"""Reductions over the rows of a CSR: sum, mean, max and softmax of edge values.

A segment is a row: slots ``rowptr[i]:rowptr[i + 1]`` of the leading dimension. Slots are reduced in order by one
thread, so results do not depend on the number of threads. The functions are those of torch-scatter's ``segment_csr``
(Fey and Lenssen 2019, https://arxiv.org/abs/1903.02428) with softmax beside them.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from usg.ops.csr import expand_pointer
from usg.ops.library import register
from usg.ops.sparse import segment_reduce

__all__ = [
    "check_pointer",
    "gather_op",
    "max_op",
    "segment_max",
    "segment_mean",
    "segment_softmax",
    "segment_sum",
    "softmax_backward_op",
    "softmax_op",
    "sum_op",
]


def segment_sum(values: Tensor, rowptr: Tensor) -> Tensor:
    """Sum of each row.

    Args:
        values: (e, ...) one value per slot.
        rowptr: (n + 1,) int32 or int64, rising from 0 to e.

    Returns:
        (n, ...); 0 for an empty row.

    Raises:
        TypeError: values are not floating, or rowptr not integer.
        ValueError: rowptr does not fit the values.

    Example:
        >>> segment_sum(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 2, 2, 3])).tolist()
        [3.0, 0.0, 3.0]
    """
    _check("segment_sum", values, rowptr)
    result: Tensor = _SegmentSum.apply(values, rowptr)
    return result


def segment_mean(values: Tensor, rowptr: Tensor) -> Tensor:
    """Mean of each row; arguments, errors as `segment_sum`; 0 for an empty row.

    Example:
        >>> segment_mean(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 2, 2, 3])).tolist()
        [1.5, 0.0, 3.0]
    """
    # In float32 for half types: a sum, or the length of a row, may leave the range of float16 where the mean does not.
    total = segment_sum(_wide(values), rowptr)
    count = rowptr.diff().clamp(min=1).to(total.dtype)
    return (total / count.view(-1, *[1] * (values.dim() - 1))).to(values.dtype)


def segment_max(values: Tensor, rowptr: Tensor) -> Tensor:
    """Largest value of each row; arguments, errors as `segment_sum`; 0 for an empty row.

    The gradient goes to the first of equal values.

    Example:
        >>> segment_max(torch.tensor([-1.0, -2.0, 3.0]), torch.tensor([0, 2, 2, 3])).tolist()
        [-1.0, 0.0, 3.0]
    """
    _check("segment_max", values, rowptr)
    result: Tensor = _SegmentMax.apply(values, rowptr)
    return result


def segment_softmax(values: Tensor, rowptr: Tensor) -> Tensor:
    """Softmax within each row, for every trailing entry apart.

    Args:
        values: (e, ...) logits.
        rowptr: (n + 1,) int32 or int64, rising from 0 to e.

    Returns:
        (e, ...); each row sums to 1, an empty row has no slots to fill.

    Raises:
        TypeError: values are not floating, or rowptr not integer.
        ValueError: rowptr does not fit the values.

    Example:
        >>> segment_softmax(torch.tensor([5.0, 5.0, 3.0]), torch.tensor([0, 2, 2, 3])).tolist()
        [0.5, 0.5, 1.0]
    """
    _check("segment_softmax", values, rowptr)
    result: Tensor = _SegmentSoftmax.apply(values, rowptr)
    return result


def _rows_fake(values: Tensor, rowptr: Tensor) -> Tensor:
    return values.new_empty(rowptr.shape[0] - 1, *values.shape[1:])


@register("segment_sum", "(Tensor values, Tensor rowptr) -> Tensor", _rows_fake)
def sum_op(values: Tensor, rowptr: Tensor) -> Tensor:
    """Registered: (e, ...) to (n, ...)."""
    check_pointer("segment_sum", values, rowptr)
    return segment_reduce(_wide(values), rowptr, "sum").to(values.dtype)


@register(
    "segment_gather",
    "(Tensor values, Tensor rowptr, SymInt size) -> Tensor",
    lambda values, rowptr, size: values.new_empty(size, *values.shape[1:]),
)
def gather_op(values: Tensor, rowptr: Tensor, size: int) -> Tensor:
    """Registered: the value of its row for each of `size` slots, (n, ...) to (size, ...)."""
    return values.index_select(0, expand_pointer(rowptr, size))


def _max_fake(values: Tensor, rowptr: Tensor) -> tuple[Tensor, Tensor]:
    top = _rows_fake(values, rowptr)
    return top, torch.empty_like(top, dtype=torch.int64)


@register("segment_max", "(Tensor values, Tensor rowptr) -> (Tensor, Tensor)", _max_fake)
def max_op(values: Tensor, rowptr: Tensor) -> tuple[Tensor, Tensor]:
    """Registered: the maxima and the slot of each one's first occurrence; e for an empty row."""
    check_pointer("segment_max", values, rowptr)
    edges, rows = values.shape[0], rowptr.shape[0] - 1
    top = segment_reduce(values, rowptr, "max")
    first = torch.full_like(top, edges, dtype=torch.int64)
    if values.numel() == 0:
        return top, first
    row_index = expand_pointer(rowptr, edges).long()
    shape = (edges, *[1] * (values.dim() - 1))
    slots = torch.arange(edges, device=values.device).view(shape).expand_as(values)
    best = top.index_select(0, row_index)
    slots = torch.where((values == best) | (values.isnan() & best.isnan()), slots, edges)
    first.scatter_reduce_(0, row_index.view(shape).expand_as(values), slots, "amin")
    return top.view(rows, *values.shape[1:]), first


@register(
    "segment_softmax",
    "(Tensor values, Tensor rowptr) -> Tensor",
    lambda values, rowptr: values.new_empty(values.shape),
)
def softmax_op(values: Tensor, rowptr: Tensor) -> Tensor:
    """Registered: (e, ...) to (e, ...), contiguous whatever the values are."""
    check_pointer("segment_softmax", values, rowptr)
    wide = _wide(values).contiguous()
    row_index = expand_pointer(rowptr, values.shape[0])
    top = segment_reduce(wide, rowptr, "max")
    # A row of -inf alone gives NaN, as torch.softmax does.
    powers = (wide - top.index_select(0, row_index)).exp_()
    total = segment_reduce(powers, rowptr, "sum")
    return powers.div_(total.index_select(0, row_index)).to(values.dtype)


@register(
    "segment_softmax_backward",
    "(Tensor grad, Tensor probability, Tensor rowptr) -> Tensor",
    lambda grad, probability, rowptr: probability.new_empty(probability.shape),
)
def softmax_backward_op(grad: Tensor, probability: Tensor, rowptr: Tensor) -> Tensor:
    """Registered: the gradient of the logits from that of the probabilities, all (e, ...)."""
    wide = _wide(probability).contiguous()
    product = wide * grad
    row_index = expand_pointer(rowptr, grad.shape[0])
    total = segment_reduce(product, rowptr, "sum")
    return product.addcmul_(wide, total.index_select(0, row_index), value=-1.0).to(probability.dtype)


class _SegmentSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rowptr: Tensor) -> Tensor:
        ctx.save_for_backward(rowptr)
        ctx.size = values.shape[0]
        return sum_op(values, rowptr)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (rowptr,) = ctx.saved_tensors
        return gather_op(grad, rowptr, ctx.size), None


class _SegmentMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rowptr: Tensor) -> Tensor:
        top, first = max_op(values, rowptr)
        ctx.save_for_backward(first)
        ctx.size = values.shape[0]
        return top

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (first,) = ctx.saved_tensors
        # One slot more than there are edges takes the gradients of empty rows.
        result = grad.new_zeros(ctx.size + 1, *grad.shape[1:])
        return result.scatter_(0, first, grad)[: ctx.size], None


class _SegmentSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rowptr: Tensor) -> Tensor:
        probability = softmax_op(values, rowptr)
        ctx.save_for_backward(probability, rowptr)
        return probability

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return softmax_backward_op(grad, *ctx.saved_tensors), None


def _wide(tensor: Tensor) -> Tensor:
    """Half types are summed in float32."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _check(op: str, values: Tensor, rowptr: Tensor) -> None:
    """What can be refused without reading values, so that it also holds while tracing."""
    if not values.is_floating_point():
        raise TypeError(f"{op}: values must be floating, got {values.dtype}; convert with .float()")
    if rowptr.dtype not in (torch.int32, torch.int64):
        raise TypeError(f"{op}: rowptr must be int32 or int64, got {rowptr.dtype}")
    if values.dim() == 0 or rowptr.dim() != 1 or rowptr.shape[0] == 0:
        raise ValueError(
            f"{op}: needs values (e, ...) and rowptr (n + 1,), got {tuple(values.shape)} and {tuple(rowptr.shape)}"
        )
    if values.device != rowptr.device:
        raise ValueError(f"{op}: values are on {values.device}, rowptr on {rowptr.device}; move one with .to")


def check_pointer(op: str, values: Tensor, rowptr: Tensor) -> None:
    """Refuses pointers that would read outside the values; on the CPU, where looking costs nothing."""
    if rowptr.device.type != "cpu":
        return
    if int(rowptr[0]) != 0 or int(rowptr[-1]) != values.shape[0] or bool((rowptr.diff() < 0).any()):
        raise ValueError(
            f"{op}: rowptr must rise from 0 to {values.shape[0]} (the number of values), got {int(rowptr[0])} to "
            f"{int(rowptr[-1])}, smallest step {int(rowptr.diff().min()) if rowptr.numel() > 1 else 0}"
        )
