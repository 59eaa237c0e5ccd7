"""Graph attention in plain torch: two registered ops, forward and backward.

Three exact rewrites keep every tensor at (e,) or (n, ...), never (e, H, D):

* type vectors: q_i . key_table[t] is one (n, T) product, gathered per edge; the value side is a sparse (n, T) matrix of
  weights, one per edge, times the table;
* attributes: q_i . (key_proj^T a) = (key_proj q_i) . a, and sum p value_proj^T a = value_proj^T (sum p a);
* softmax: only log-sum-exp (H, n) is kept, and the probabilities are computed again in the backward pass
  (Dao et al. 2022, https://arxiv.org/abs/2205.14135, section 3.1).

With g(e) = keep(e) grad_i . (value of e), keep being the dropout, the gradient of a logit is p(e) (g(e) - delta_i) with
delta_i = sum over e of p(e) g(e). That is grad_i . out_i, but summed in float32 it does not inherit the rounding of an
output in half precision. Gradients of k and v are sums over the transposed order. Heads are taken one at a time: what a
head needs per edge then stays in the cache.
"""

import torch
from torch import Tensor

from usg.ops.library import register
from usg.ops.sparse import edge_dot, edge_sum, segment_reduce

__all__ = ["backward", "check_types", "forward", "state_gradients"]

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
    dtype, heads = _accumulator(q), q.shape[1]
    types = _Types(edge_type, row_index, key_table.shape[0])
    out = q.new_empty(q.shape, dtype=dtype)
    log_sum = q.new_empty(heads, q.shape[0], dtype=dtype)
    attributes = _Attributes(edge_attr, dtype)
    for head in range(heads):
        query, sums = q[:, head].to(dtype).contiguous(), out[:, head]
        weight = _logits(head, query, k, key_table, bias, attributes, key_proj, rowptr, col, row_index, types)
        top = segment_reduce(weight, rowptr, "max")
        weight.sub_(top.index_select(0, row_index)).exp_()
        total = segment_reduce(weight, rowptr, "sum")
        torch.add(total.log(), top, out=log_sum[head])
        weight.div_(total.index_select(0, row_index))
        if keep is not None:
            weight.mul_(keep[head])
        edge_sum(weight, v[:, head].to(dtype), rowptr, col, sums)
        edge_sum(weight, value_table[:, head].to(dtype), rowptr, types.col, sums, accumulate=True)
        if value_proj is not None:
            mass = attributes.mass(weight, rowptr)
            sums.addmm_(mass, value_proj[:, head].to(dtype))
    return out.to(q.dtype), log_sum


def _backward_fake(
    grad: Tensor, log_sum: Tensor, q: Tensor, k: Tensor, v: Tensor, key_table: Tensor,
    value_table: Tensor, bias: Tensor, edge_attr: Tensor | None, key_proj: Tensor | None,
    value_proj: Tensor | None, rowptr: Tensor, col: Tensor, row_index: Tensor, colptr: Tensor, row: Tensor,
    position: Tensor, edge_type: Tensor, keep: Tensor | None, attribute_grad: bool, joint: bool, out: Tensor | None,
) -> tuple[Tensor, ...]:  # fmt: skip
    def like(tensor: Tensor | None) -> Tensor:
        return q.new_empty(0) if tensor is None else tensor.new_empty(tensor.shape)

    states, _ = state_gradients(q, k, v, joint, q.dtype)
    wanted = edge_attr if attribute_grad else None
    return (*states, *(like(t) for t in (key_table, value_table, bias, wanted, key_proj, value_proj)))


@register(
    "graph_attention_backward",
    f"(Tensor grad, Tensor log_sum, {_INPUTS}, Tensor rowptr, Tensor col, Tensor row_index, Tensor colptr, "
    "Tensor row, Tensor position, Tensor edge_type, Tensor? keep, bool attribute_grad, bool joint, Tensor? out) -> "
    "(Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _backward_fake,
)
def backward(
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
    """Gives the gradients of q, k, v, both tables, bias, edge_attr and both projections; size 0 for those not given.

    Where joint, those of q, k and v are the first, (n, 3, H, D), and the next two have size 0. `out`, what forward gave
    or None, is for the kernels that may add up in any order.
    """
    dtype, heads, scale = _accumulator(q), q.shape[1], q.shape[2] ** -0.5
    types = _Types(edge_type, row_index, key_table.shape[0])
    attributes = _Attributes(edge_attr, dtype)

    def like(tensor: Tensor | None) -> Tensor:
        return q.new_empty(0) if tensor is None else tensor.new_empty(tensor.shape, dtype=dtype)

    grads, (grad_q, grad_k, grad_v) = state_gradients(q, k, v, joint, dtype)
    wanted = edge_attr if attribute_grad else None
    grads += [like(t) for t in (key_table, value_table, bias, wanted, key_proj, value_proj)]
    grad_key_table, grad_value_table, grad_bias, grad_attr, grad_key_proj, grad_value_proj = grads[3:]
    grad_attr.zero_()

    for head in range(heads):
        query, above = q[:, head].to(dtype).contiguous(), grad[:, head].to(dtype).contiguous()
        probability = _logits(head, query, k, key_table, bias, attributes, key_proj, rowptr, col, row_index, types)
        probability.sub_(log_sum[head].index_select(0, row_index)).exp_()

        edge_grad = types.gather(above @ value_table[:, head].to(dtype).t())
        if value_proj is not None:
            above_attr = above @ value_proj[:, head].to(dtype).t()
            attributes.dot(above_attr, rowptr, row_index, edge_grad)
        edge_dot(above, v[:, head].to(dtype).contiguous(), rowptr, col, row_index, edge_grad)

        weight = probability
        if keep is not None:
            weight = probability * keep[head]
            edge_grad.mul_(keep[head])
        delta = segment_reduce(edge_grad * probability, rowptr, "sum")
        logit_grad = edge_grad.sub_(delta.index_select(0, row_index)).mul_(probability).mul_(scale)

        edge_sum(logit_grad.index_select(0, position), query, colptr, row, grad_k[:, head])
        edge_sum(weight.index_select(0, position), above, colptr, row, grad_v[:, head])
        edge_sum(logit_grad, k[:, head].to(dtype), rowptr, col, grad_q[:, head])
        edge_sum(logit_grad, key_table[:, head].to(dtype), rowptr, types.col, grad_q[:, head], accumulate=True)
        mass = types.mass(logit_grad, rowptr)
        torch.mm(mass.t(), query, out=grad_key_table[:, head])
        torch.div(mass.sum(0), scale, out=grad_bias[:, head])
        torch.mm(types.mass(weight, rowptr).t(), above, out=grad_value_table[:, head])

        if key_proj is not None and value_proj is not None:
            head_proj = key_proj[:, head].to(dtype)
            attribute_mass = attributes.mass(logit_grad, rowptr)
            grad_q[:, head].addmm_(attribute_mass, head_proj)
            torch.mm(attribute_mass.t(), query, out=grad_key_proj[:, head])
            torch.mm(attributes.mass(weight, rowptr).t(), above, out=grad_value_proj[:, head])
            if attribute_grad:
                for side, per_edge in ((query @ head_proj.t(), logit_grad), (above_attr, weight)):
                    grad_attr.addcmul_(side.index_select(0, row_index), per_edge.unsqueeze(-1))
    return tuple(tensor.to(q.dtype) for tensor in grads)


def state_gradients(
    q: Tensor, k: Tensor, v: Tensor, joint: bool, dtype: torch.dtype
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """The first three outputs of `backward`, not filled, and the gradients of q, k and v as they lie in them."""
    if joint:
        states = q.new_empty(q.shape[0], 3, *q.shape[1:], dtype=dtype)
        return [states, q.new_empty(0), q.new_empty(0)], states.unbind(1)
    each = [tensor.new_empty(tensor.shape, dtype=dtype) for tensor in (q, k, v)]
    return each, tuple(each)


def _accumulator(tensor: Tensor) -> torch.dtype:
    """float64 stays, everything else is computed in float32."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def check_types(edge_type: Tensor, count: int) -> None:
    """Refuses edge types outside [0, count); on the CPU, where looking costs little.

    Raises:
        IndexError: there are some.
    """
    if edge_type.device.type == "cpu" and edge_type.numel():
        low, high = (int(value) for value in edge_type.aminmax())
        if low < 0 or high >= count:
            raise IndexError(f"graph_attention: edge types run from {low} to {high}, the tables hold [0, {count})")


class _Types:
    """Edge types as a sparse (n, T) pattern."""

    def __init__(self, edge_type: Tensor, row_index: Tensor, count: int) -> None:
        check_types(edge_type, count)
        self.col = edge_type.int()
        self.count = count
        self.key = row_index.long() * count + edge_type

    def gather(self, table: Tensor) -> Tensor:
        """(n, T) to (e,)."""
        return table.flatten().gather(0, self.key)

    def mass(self, weight: Tensor, rowptr: Tensor) -> Tensor:
        """(e,) summed by target and type: (n, T)."""
        out = weight.new_empty(rowptr.shape[0] - 1, self.count)
        return edge_sum(weight, torch.eye(self.count, dtype=weight.dtype, device=weight.device), rowptr, self.col, out)


class _Attributes:
    """Edge attributes as sources of their own, one per edge."""

    def __init__(self, edge_attr: Tensor | None, dtype: torch.dtype) -> None:
        self.values = torch.empty(0) if edge_attr is None else edge_attr.to(dtype).contiguous()
        self.col = torch.arange(self.values.shape[0], dtype=torch.int32, device=self.values.device)

    def dot(self, side: Tensor, rowptr: Tensor, row_index: Tensor, start: Tensor, scale: float = 1.0) -> Tensor:
        """Adds (n, a) . (e, a) along edges to `start` (e,)."""
        return edge_dot(side, self.values, rowptr, self.col, row_index, start, scale)

    def mass(self, weight: Tensor, rowptr: Tensor) -> Tensor:
        """(e,) times (e, a) summed by target: (n, a)."""
        out = weight.new_empty(rowptr.shape[0] - 1, self.values.shape[1])
        return edge_sum(weight, self.values, rowptr, self.col, out)


def _logits(
    head: int,
    query: Tensor,
    k: Tensor,
    key_table: Tensor,
    bias: Tensor,
    attributes: _Attributes,
    key_proj: Tensor | None,
    rowptr: Tensor,
    col: Tensor,
    row_index: Tensor,
    types: _Types,
) -> Tensor:
    """(e,) of one head, from its queries (n, D)."""
    dtype, scale = query.dtype, query.shape[1] ** -0.5
    table = torch.addmm(bias[:, head].to(dtype), query, key_table[:, head].to(dtype).t(), alpha=scale)
    logits = types.gather(table)
    if key_proj is not None:
        attributes.dot(query @ key_proj[:, head].to(dtype).t(), rowptr, row_index, logits, scale)
    return edge_dot(query, k[:, head].to(dtype).contiguous(), rowptr, col, row_index, logits, scale)
