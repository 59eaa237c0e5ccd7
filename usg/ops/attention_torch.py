"""Graph attention in plain torch: two registered ops, forward and backward.

Three exact rewrites keep every tensor at (H, e) or (n, ...), never (e, H, D):

* type vectors: q_i . key_table[t] is one (n, T) product per head, gathered per edge; the value side sums the attention
  mass of each type, (n, T) per head, times the table;
* attributes: q_i . (key_proj^T a) = (key_proj q_i) . a, and sum p key_proj^T a = key_proj^T (sum p a);
* softmax: only log-sum-exp (n, H) is kept, and the probabilities are computed again in the backward pass
  (Dao et al. 2022, https://arxiv.org/abs/2205.14135, section 3.1).

With w = p * keep (dropout), g(e) = grad_i . (value of e) and delta_i = grad_i . out_i, the gradient of a logit is
ds(e) = p(e) (keep(e) g(e) - delta_i). Gradients of k and v are sums over the transposed order.
"""

import torch
from torch import Tensor

from usg.ops.library import register
from usg.ops.sparse import edge_dot, edge_sum, segment_reduce

__all__ = ["backward", "forward"]

_INPUTS = (
    "Tensor q, Tensor k, Tensor v, Tensor key_table, Tensor value_table, Tensor bias, Tensor? edge_attr, "
    "Tensor? key_proj, Tensor? value_proj"
)


def _forward_fake(q: Tensor, *rest: Tensor | None) -> tuple[Tensor, Tensor]:
    return torch.empty_like(q, memory_format=torch.contiguous_format), q.new_empty(
        q.shape[1], q.shape[0], dtype=_accumulator(q)
    )


@register(
    "graph_attention",
    f"({_INPUTS}, Tensor rowptr, Tensor col, Tensor row_index, Tensor edge_type, Tensor? keep) -> (Tensor, Tensor)",
    _forward_fake,
)
def forward(
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
    """Gives ``out`` (n, H, D) and the log-sum-exp of the logits (H, n), -inf for empty rows."""
    dtype = _accumulator(q)
    key = _type_key(edge_type, row_index, key_table.shape[0])
    logits = _logits(q, k, key_table, bias, edge_attr, key_proj, rowptr, col, row_index, key)
    log_sum = _log_sum_exp(logits, rowptr, row_index)
    weight = logits.sub_(log_sum.index_select(1, row_index)).exp_()
    if keep is not None:
        weight.mul_(keep)
    out = edge_sum(weight, _heads_first(v, dtype), rowptr, col)
    mass = _mass(weight, key, q.shape[0], key_table.shape[0])
    out.baddbmm_(mass, _heads_first(value_table, dtype))
    if edge_attr is not None and value_proj is not None:
        out.baddbmm_(_attribute_mass(weight, edge_attr.to(dtype), rowptr), _heads_first(value_proj, dtype))
    return out.transpose(0, 1).to(q.dtype).contiguous(), log_sum


def _backward_fake(
    grad: Tensor, out: Tensor, log_sum: Tensor, q: Tensor, k: Tensor, v: Tensor, key_table: Tensor,
    value_table: Tensor, bias: Tensor, edge_attr: Tensor | None, key_proj: Tensor | None,
    value_proj: Tensor | None, *rest: Tensor | bool | None,
) -> tuple[Tensor, ...]:  # fmt: skip
    def like(tensor: Tensor | None) -> Tensor:
        return q.new_empty(0) if tensor is None else tensor.new_empty(tensor.shape)

    wanted = edge_attr if rest[-1] else None
    return tuple(like(t) for t in (q, k, v, key_table, value_table, bias, wanted, key_proj, value_proj))


@register(
    "graph_attention_backward",
    f"(Tensor grad, Tensor out, Tensor log_sum, {_INPUTS}, Tensor rowptr, Tensor col, Tensor row_index, Tensor colptr, "
    "Tensor row, Tensor position, Tensor edge_type, Tensor? keep, bool attribute_grad) -> "
    "(Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _backward_fake,
)
def backward(
    grad: Tensor,
    out: Tensor,
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
) -> tuple[Tensor, ...]:
    """Gives the gradients of q, k, v, both tables, bias, edge_attr and both projections; size 0 where not asked."""
    dtype, scale = _accumulator(q), q.shape[2] ** -0.5
    nodes, types = q.shape[0], key_table.shape[0]
    key = _type_key(edge_type, row_index, types)
    grad_h, values = _heads_first(grad, dtype), _heads_first(v, dtype)
    queries, keys = _heads_first(q, dtype) * scale, _heads_first(k, dtype)

    logits = _logits(q, k, key_table, bias, edge_attr, key_proj, rowptr, col, row_index, key)
    probability = logits.sub_(log_sum.index_select(1, row_index)).exp_()

    value_grad = _gather_types(grad_h @ _heads_first(value_table, dtype).mT, key)
    if edge_attr is not None and value_proj is not None:
        grad_a = grad_h @ _heads_first(value_proj, dtype).mT
        value_grad = _attribute_dot(grad_a, edge_attr.to(dtype), rowptr, row_index, value_grad)
    value_grad = edge_dot(grad_h, values, rowptr, col, row_index, value_grad)

    weight = probability
    if keep is not None:
        weight = probability * keep
        value_grad.mul_(keep)
    delta = (grad_h * _heads_first(out, dtype)).sum(-1)
    logit_grad = value_grad.sub_(delta.index_select(1, row_index)).mul_(probability)

    grad_k = edge_sum(logit_grad.index_select(1, position), queries, colptr, row)
    grad_v = edge_sum(weight.index_select(1, position), grad_h, colptr, row)
    grad_q = edge_sum(logit_grad, keys, rowptr, col)
    mass = _mass(logit_grad, key, nodes, types)
    grad_q.baddbmm_(mass, _heads_first(key_table, dtype))
    grad_key_table = mass.mT @ queries
    grad_bias = mass.sum(1)
    grad_value_table = _mass(weight, key, nodes, types).mT @ grad_h

    none = q.new_empty(0)
    grad_attr, grad_key_proj, grad_value_proj = none, none.clone(), none.clone()
    if edge_attr is not None and key_proj is not None and value_proj is not None:
        attributes, key_proj_h = edge_attr.to(dtype), _heads_first(key_proj, dtype)
        attribute_mass = _attribute_mass(logit_grad, attributes, rowptr)
        grad_q.baddbmm_(attribute_mass, key_proj_h)
        grad_key_proj = _nodes_first(attribute_mass.mT @ queries, q.dtype)
        grad_value_proj = _nodes_first(_attribute_mass(weight, attributes, rowptr).mT @ grad_h, q.dtype)
        if attribute_grad:
            grad_attr = torch.zeros_like(attributes)
            for side, per_edge in ((queries @ key_proj_h.mT, logit_grad), (grad_a, weight)):
                for head in range(q.shape[1]):
                    grad_attr.addcmul_(side[head].index_select(0, row_index), per_edge[head].unsqueeze(-1))
            grad_attr = grad_attr.to(q.dtype)
    grads = (grad_q.mul_(scale), grad_k, grad_v, grad_key_table, grad_value_table)
    return (
        *(_nodes_first(g, q.dtype) for g in grads),
        grad_bias.t().to(q.dtype).contiguous(),
        grad_attr,
        grad_key_proj,
        grad_value_proj,
    )


def _accumulator(tensor: Tensor) -> torch.dtype:
    """float64 stays, everything else is computed in float32."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def _heads_first(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.transpose(0, 1).to(dtype).contiguous()


def _nodes_first(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.transpose(0, 1).to(dtype).contiguous()


def _type_key(edge_type: Tensor, row_index: Tensor, types: int) -> Tensor:
    """(e,) int64, the place of (target, type) in an (n, T) table."""
    if edge_type.device.type == "cpu" and edge_type.numel():
        low, high = (int(value) for value in edge_type.aminmax())
        if low < 0 or high >= types:
            raise IndexError(f"graph_attention: edge types run from {low} to {high}, the tables hold [0, {types})")
    return row_index.long() * types + edge_type


def _gather_types(table: Tensor, key: Tensor) -> Tensor:
    """(H, n, T) to (H, e)."""
    return table.flatten(1).gather(1, key.expand(table.shape[0], -1))


def _mass(weight: Tensor, key: Tensor, nodes: int, types: int) -> Tensor:
    """(H, e) summed by target and type: (H, n, T)."""
    heads = weight.shape[0]
    mass = weight.new_zeros(heads, nodes * types)
    return mass.scatter_add_(1, key.expand(heads, -1), weight).view(heads, nodes, types)


def _attribute_mass(weight: Tensor, attributes: Tensor, rowptr: Tensor) -> Tensor:
    """(H, e) times (e, a) summed by target: (H, n, a)."""
    slots = torch.arange(attributes.shape[0], dtype=torch.int32, device=rowptr.device)
    return edge_sum(weight, attributes.expand(weight.shape[0], -1, -1), rowptr, slots)


def _attribute_dot(side: Tensor, attributes: Tensor, rowptr: Tensor, row_index: Tensor, start: Tensor) -> Tensor:
    """Adds (H, n, a) . (e, a) along edges to `start` (H, e)."""
    slots = torch.arange(attributes.shape[0], dtype=torch.int32, device=rowptr.device)
    return edge_dot(side, attributes.expand(side.shape[0], -1, -1), rowptr, slots, row_index, start)


def _logits(
    q: Tensor,
    k: Tensor,
    key_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None,
    key_proj: Tensor | None,
    rowptr: Tensor,
    col: Tensor,
    row_index: Tensor,
    key: Tensor,
) -> Tensor:
    """(H, e)."""
    dtype = _accumulator(q)
    queries = _heads_first(q, dtype) * q.shape[2] ** -0.5
    by_type = torch.baddbmm(bias.t().to(dtype).unsqueeze(1), queries, _heads_first(key_table, dtype).mT)
    logits = _gather_types(by_type, key)
    if edge_attr is not None and key_proj is not None:
        side = queries @ _heads_first(key_proj, dtype).mT
        logits = _attribute_dot(side, edge_attr.to(dtype), rowptr, row_index, logits)
    return edge_dot(queries, _heads_first(k, dtype), rowptr, col, row_index, logits)


def _log_sum_exp(logits: Tensor, rowptr: Tensor, row_index: Tensor) -> Tensor:
    """(H, e) to (H, n)."""
    by_slot = logits.t().contiguous()
    top = torch.segment_reduce(by_slot, "max", offsets=rowptr, axis=0, unsafe=True)
    total = segment_reduce((by_slot - top.index_select(0, row_index)).exp_(), rowptr, "sum")
    return (total.log() + top).t().contiguous()
