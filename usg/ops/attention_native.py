"""Graph attention by the compiled kernels: the registered ops of usg/ops/attention_torch.py, on the CPU and on CUDA.

Queries, keys, values and gradients go in as they lie, rows apart as they may be; tables and projections, which are
small, are widened here. The formulas stand in usg/ops/attention.py, the passes over memory in usg/ops/csrc.
"""

from __future__ import annotations

import torch
from torch import Tensor

from usg.ops import attention_torch
from usg.ops.backend import atomic
from usg.ops.library import register_native
from usg.ops.native import DTYPES, AttentionArguments, call, check_one_type, check_shapes, indices, pointer, wide

__all__: list[str] = []


@register_native(attention_torch.forward)
def _forward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None,
    key_proj: Tensor | None,
    value_proj: Tensor | None,
    rowptr: Tensor,
    col: Tensor,
    row_index: Tensor,
    edge_type: Tensor,
    keep: Tensor | None,
) -> tuple[Tensor, Tensor]:
    attention_torch.check_types(edge_type, key_table.shape[0])
    check_one_type("graph_attention", q, k, v)
    q, k, v = _rows(q), _rows(k), _rows(v)
    small = _widened(key_table, value_table, bias, edge_attr, key_proj, value_proj)
    keep, edge_type = None if keep is None else keep.contiguous(), edge_type.contiguous()
    rowptr, col, row_index = indices(rowptr), indices(col), indices(row_index)
    out = q.new_empty(q.shape)
    log_sum = q.new_empty(q.shape[1], q.shape[0], dtype=wide(q))
    arguments = _arguments(q, k, v, small, rowptr, col, row_index, edge_type, keep)
    arguments.out, arguments.log_sum = pointer(out), pointer(log_sum)
    call("graph_attention", "graph_attention", arguments, q.device)
    return out, log_sum


@register_native(attention_torch.backward)
def _backward(
    grad: Tensor,
    log_sum: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None,
    key_proj: Tensor | None,
    value_proj: Tensor | None,
    rowptr: Tensor,
    col: Tensor,
    row_index: Tensor,
    colptr: Tensor,
    row: Tensor,
    position: Tensor,
    edge_type: Tensor,
    keep: Tensor | None,
    attribute_grad: bool,
    joint: bool,
    out: Tensor | None,
) -> tuple[Tensor, ...]:
    check_one_type("graph_attention", q, k, v, grad, out)
    q, k, v, grad, log_sum = _rows(q), _rows(k), _rows(v), _rows(grad), log_sum.contiguous()
    small = _widened(key_table, value_table, bias, edge_attr, key_proj, value_proj)
    keep, edge_type = None if keep is None else keep.contiguous(), edge_type.contiguous()
    rowptr, col, row_index = indices(rowptr), indices(col), indices(row_index)
    colptr, row, position = indices(colptr), indices(row), indices(position)
    arguments = _arguments(q, k, v, small, rowptr, col, row_index, edge_type, keep)
    if log_sum.dtype != wide(q):
        raise TypeError(f"graph_attention_backward: log_sum must be {wide(q)}, got {log_sum.dtype}")
    edges, sources = col.shape, (k.shape[0] + 1,)
    check_shapes(
        "graph_attention_backward",
        ("grad", grad, q.shape),
        ("log_sum", log_sum, (q.shape[1], q.shape[0])),
        ("colptr", colptr, sources),
        ("row", row, edges),
        ("position", position, edges),
        ("out", out, q.shape),
    )
    arguments.grad, arguments.grad_row = pointer(grad), grad.stride(0)
    arguments.log_sum = pointer(log_sum)
    if out is not None and out.numel() and atomic():
        out = out.contiguous()
        arguments.out = pointer(out)
    arguments.colptr, arguments.row, arguments.position = pointer(colptr), pointer(row), pointer(position)
    grads, states = attention_torch.state_gradients(q, k, v, joint, q.dtype)
    names = ("dq", "dk", "dv", "dkey_table", "dvalue_table", "dbias", "dedge_attr", "dkey_proj", "dvalue_proj")
    for name, tensor in zip(names[3:], small, strict=True):
        given = tensor is not None and (attribute_grad or name != "dedge_attr")
        grads.append(tensor.new_empty(tensor.shape) if given else q.new_empty(0))  # type: ignore[union-attr]
    for name, tensor in zip(names, (*states, *grads[3:]), strict=True):
        # An empty tensor has no memory to write to.
        setattr(arguments, name, pointer(tensor) if tensor.numel() else None)
    arguments.dq_row, arguments.dk_row, arguments.dv_row = (tensor.stride(0) for tensor in states)
    call("graph_attention_backward", "graph_attention", arguments, q.device)
    return tuple(tensor.to(q.dtype) for tensor in grads)


def _arguments(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    small: list[Tensor | None],
    rowptr: Tensor,
    col: Tensor,
    row_index: Tensor,
    edge_type: Tensor,
    keep: Tensor | None,
) -> AttentionArguments:
    """The struct without outputs; whoever calls it keeps the tensors alive."""
    key_table, value_table, bias, edge_attr, key_proj, value_proj = small
    assert key_table is not None
    (nodes, *state), edges, types = q.shape, col.shape[0], key_table.shape[0]
    attributes = 0 if edge_attr is None else edge_attr.shape[-1]
    if edge_attr is not None and (key_proj is None or value_proj is None):
        raise ValueError("graph_attention: edge_attr needs key_proj and value_proj; pass all three or none")
    if edge_type.dtype not in (torch.int32, torch.int64):
        raise TypeError(f"graph_attention: edge_type must be int32 or int64, got {edge_type.dtype}")
    if keep is not None and keep.dtype != torch.float32:
        raise TypeError(f"graph_attention: keep must be float32, got {keep.dtype}")
    check_shapes(
        "graph_attention",
        ("k", k, (k.shape[0], *state)),
        ("v", v, k.shape),
        ("key_table", key_table, (types, *state)),
        ("value_table", value_table, (types, *state)),
        ("bias", bias, (types, state[0])),
        ("edge_attr", edge_attr, (edges, attributes)),
        ("key_proj", key_proj, (attributes, *state)),
        ("value_proj", value_proj, (attributes, *state)),
        ("rowptr", rowptr, (nodes + 1,)),
        ("row_index", row_index, (edges,)),
        ("edge_type", edge_type, (edges,)),
        ("keep", keep, (state[0], edges)),
    )
    return AttentionArguments(
        dtype=DTYPES[q.dtype],
        targets=q.shape[0],
        sources=k.shape[0],
        edges=edges,
        heads=q.shape[1],
        width=q.shape[2],
        types=types,
        attributes=attributes,
        q=pointer(q),
        k=pointer(k),
        v=pointer(v),
        q_row=q.stride(0),
        k_row=k.stride(0),
        v_row=v.stride(0),
        key_table=pointer(key_table),
        value_table=pointer(value_table),
        bias=pointer(bias),
        edge_attr=pointer(edge_attr),
        key_proj=pointer(key_proj),
        value_proj=pointer(value_proj),
        rowptr=pointer(rowptr),
        col=pointer(col),
        row_index=pointer(row_index),
        edge_type=pointer(edge_type),
        edge_type_is_wide=edge_type.dtype == torch.int64,
        keep=pointer(keep),
    )


def _rows(tensor: Tensor) -> Tensor:
    """(n, H, D) of contiguous rows, which may lie apart: the slices of a joint projection are not copied."""
    _, heads, width = tensor.shape
    whole = (width == 1 or tensor.stride(2) == 1) and (heads == 1 or tensor.stride(1) == width)
    return tensor if whole and tensor.stride(0) >= heads * width else tensor.contiguous()


def _widened(*tensors: Tensor | None) -> list[Tensor | None]:
    return [None if t is None else t.to(wide(t)).contiguous() for t in tensors]
