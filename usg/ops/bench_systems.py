"""The systems that `usg bench ops` compares: one function, written four ways.

    out_i = sum over e = (i <- j) of softmax_e(q_i . (k_j + table[t(e)]) / sqrt(D)) (v_j + table[t(e)])

The peers add the type's vector edge by edge, as their layers do; ours takes the table. Without tables the logits get a
bias per type and head instead, which padded attention can express as a mask.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.ops.attention import graph_attention
from usg.ops.backend import backend
from usg.ops.bench import Case
from usg.ops.csr import CSR

__all__ = ["Inputs", "build", "chosen", "edges", "floor_bytes"]

Systems = dict[str, Callable[[], Tensor]]
_CHOICES = {"usg-torch": ("USG_OPS", "torch"), "usg-atomic": ("USG_OPS_ATOMIC", "1")}


@dataclass(frozen=True)
class Inputs:
    """What every system gets.

    Attributes:
        graph: the edges.
        edge_type: (e,) int64.
        q, k, v: (n, H, D).
        table: (T, H, D); 0 where there are no tables.
        grad: (n, H, D) the gradient of the output.
        bias: (T, H); 0 where there are tables.
        tables: whether edge types have vectors.
    """

    graph: CSR
    edge_type: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    table: Tensor
    grad: Tensor
    bias: Tensor
    tables: bool

    @property
    def leaves(self) -> tuple[Tensor, ...]:
        """What is differentiated."""
        return self.q, self.k, self.v, self.table if self.tables else self.bias


def edges(case: Case) -> tuple[CSR, Tensor]:
    """The graph of a case and the types of its edges, seed 0."""
    if case.edges is not None:
        return case.edges
    source, target, nodes = _random_edges(case)
    types = torch.randint(0, case.types, source.shape, generator=torch.Generator().manual_seed(1))
    return CSR.from_edges(source, target, nodes)[0], types


def _random_edges(case: Case) -> tuple[Tensor, Tensor, int]:
    """Sources, targets and the number of nodes."""
    generator = torch.Generator().manual_seed(0)
    size = case.nodes + case.words
    source = [torch.randint(0, case.nodes, (case.graphs, case.nodes * case.degree), generator=generator)]
    target = [torch.arange(case.nodes).repeat_interleave(case.degree).expand(case.graphs, -1)]
    if case.skew > 1:
        ends = torch.rand(2, case.graphs, case.nodes * case.degree, generator=generator)
        source[0], target[0] = (case.nodes * ends.pow(case.skew)).long()
    if case.hub:
        source.append(torch.arange(case.nodes).expand(case.graphs, -1))
        target.append(torch.zeros(case.graphs, case.nodes, dtype=torch.int64))
    if case.words:
        source.append(torch.arange(case.nodes).repeat(case.words).expand(case.graphs, -1))
        target.append(torch.arange(case.nodes, size).repeat_interleave(case.nodes).expand(case.graphs, -1))
    shift = (torch.arange(case.graphs) * size).unsqueeze(1)
    return (torch.cat(source, 1) + shift).flatten(), (torch.cat(target, 1) + shift).flatten(), case.graphs * size


def build(
    case: Case, device: str, dtype: torch.dtype, compiled: bool = False, tables: bool = True
) -> tuple[Inputs, Systems]:
    """The inputs of a case and the systems that can run here, ours first; all are checked to agree.

    Args:
        case: the batch.
        device: torch device.
        dtype: of the tensors.
        compiled: add `torch.compile` of the plain torch system.
        tables: edge types have vectors; else they have a bias, and padded attention is among the systems.

    Raises:
        ValueError: a system computes something else.
    """
    graph, edge_type = edges(case)
    graph, edge_type = graph.to(device), edge_type.to(device)
    types = max(case.types, int(edge_type.max()) + 1)
    generator = torch.Generator().manual_seed(2)

    def normal(*shape: int, zero: bool = False) -> Tensor:
        return (torch.randn(*shape, generator=generator) * (not zero)).to(device, dtype)

    shape = (graph.num_targets, case.heads, case.width)
    q, k, v = (normal(*shape).requires_grad_() for _ in range(3))
    table = normal(types, case.heads, case.width, zero=not tables).requires_grad_(tables)
    grad = normal(*shape)
    bias = normal(types, case.heads, zero=tables).requires_grad_(not tables)
    inputs = Inputs(graph, edge_type, q, k, v, table, grad, bias, tables)
    systems = ours(functools.partial(graph_attention, q, k, v, graph, edge_type, table, table, bias), device)
    if tables:
        systems |= _pyg(inputs)
    plain = (q, k, v, table if tables else None, bias, graph.row_index.long(), graph.col.long(), edge_type)
    systems["torch"] = functools.partial(_gather_and_add, *plain)
    if compiled:
        systems["torch.compile"] = functools.partial(torch.compile(_gather_and_add), *plain)
    systems |= _torch_scatter(inputs) if tables else padded(inputs, case)
    agree(systems, dtype)
    return inputs, systems


def ours(run: Callable[[], Tensor], device: str) -> Systems:
    """Ours, and where the compiled kernels answer, ours without them too, and on a GPU with atomic sums."""
    systems: Systems = {"usg": run}
    kind = torch.device(device).type
    if backend(kind) == kind:
        systems["usg-torch"] = run
        if kind == "cuda":
            systems["usg-atomic"] = run
    return systems


def agree(systems: Systems, dtype: torch.dtype) -> None:
    """Refuses systems that compute something else than ours.

    Raises:
        ValueError: one does.
    """
    tolerance = 1e-3 if dtype == torch.float32 else 0.1
    with torch.no_grad():
        expected = systems["usg"]()
        for name, run in systems.items():
            with chosen(name):
                result = run()
            if result.shape != expected.shape:
                continue  # padded
            difference = (result - expected).abs().max().item()
            if not difference <= tolerance:
                raise ValueError(f"usg bench ops: {name} differs from usg by {difference:.2g}, so times mean nothing")


@contextmanager
def chosen(system: str) -> Iterator[None]:
    """What the environment must say while a system runs, its backward pass among it."""
    if system not in _CHOICES:
        yield
        return
    variable, value = _CHOICES[system]
    before = os.environ.get(variable)
    os.environ[variable] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def floor_bytes(direction: str, inputs: Inputs) -> int:
    """Bytes of all that must be read or written, each once.

    Forward reads q, k, v, the table, row pointers, sources and types and writes out; backward reads these, out and its
    gradient, and the transposed edges, and writes the four gradients.
    """
    graph = inputs.graph
    states = inputs.q.numel() * inputs.q.element_size()
    table = inputs.table.numel() * inputs.table.element_size()
    indices = 4 * (graph.num_targets + 2 * graph.num_edges)
    forward = 4 * states + table + indices
    if direction == "forward":
        return forward
    return forward + 8 * states + 2 * table + indices + 4 * (graph.num_sources + 2 * graph.num_edges)


def _gather_and_add(
    q: Tensor, k: Tensor, v: Tensor, table: Tensor | None, bias: Tensor, row: Tensor, col: Tensor, edge_type: Tensor
) -> Tensor:
    keys, values = k[col], v[col]
    if table is not None:
        keys, values = keys + table[edge_type], values + table[edge_type]
    logits = (q[row] * keys).sum(-1) * q.shape[2] ** -0.5
    if table is None:
        logits = logits + bias[edge_type]
    index = row.unsqueeze(-1).expand_as(logits)
    top = torch.full_like(q[:, :, 0], -torch.inf).scatter_reduce(0, index, logits.detach(), "amax")
    powers = (logits - top[row]).exp()
    weight = powers / torch.zeros_like(q[:, :, 0]).index_add(0, row, powers)[row]
    return torch.zeros_like(q).index_add(0, row, weight.unsqueeze(-1) * values)


def padded(inputs: Inputs, case: Case) -> Systems:
    """Dense attention per graph with the biases as a mask; an edge that occurs twice has two powers in one cell."""
    if case.graphs == 1 or case.edges is not None:
        return {}
    size, heads, width = case.nodes + case.words, case.heads, case.width
    graph = inputs.graph
    row, col = graph.row_index.long(), graph.col.long()
    cell = (row // size, row % size, col % size)

    def mask() -> Tensor:
        powers = inputs.bias[inputs.edge_type].float().exp()
        cells = torch.zeros(case.graphs, size, size, heads, device=powers.device)
        return cells.index_put(cell, powers, accumulate=True).log().to(inputs.q.dtype).permute(0, 3, 1, 2)

    def dense(x: Tensor) -> Tensor:
        return x.view(case.graphs, size, heads, width).transpose(1, 2)

    def attend(biases: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(dense(inputs.q), dense(inputs.k), dense(inputs.v), attn_mask=biases)

    ready = mask().detach()
    lonely = (graph.rowptr.diff() == 0).view(-1, 1, 1)

    def pack(out: Tensor) -> Tensor:
        return out.transpose(1, 2).reshape(-1, heads, width).masked_fill(lonely, 0.0)

    systems: Systems = {"sdpa": lambda: pack(attend(mask())), "sdpa-dense": lambda: pack(attend(ready))}
    if ready.is_cuda:  # on the CPU it has no backward pass
        flex = _flex(ready)
        systems["flex"] = lambda: pack(flex(dense(inputs.q), dense(inputs.k), dense(inputs.v)))
    return systems


def _flex(biases: Tensor) -> Callable[..., Tensor]:
    """FlexAttention, compiled, of queries, keys and values (graphs, H, size, D) with biases (graphs, H, size, size)."""
    from torch.nn.attention.flex_attention import flex_attention

    def score(logit: Tensor, graph: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return logit + biases[graph, head, query, key]

    return functools.partial(torch.compile(flex_attention), score_mod=score)


def _pyg(inputs: Inputs) -> Systems:
    if find_spec("torch_geometric") is None:
        return {}
    from torch_geometric.nn import TransformerConv

    heads, width = inputs.q.shape[1:]
    layer = TransformerConv(heads * width, width, heads=heads, edge_dim=heads * width)
    layer.lin_edge = torch.nn.Identity()
    edge_index = torch.stack([inputs.graph.col, inputs.graph.row_index]).long()
    types = inputs.edge_type

    def run() -> Tensor:
        features: Any = inputs.table[types]
        out: Tensor = layer.propagate(edge_index, query=inputs.q, key=inputs.k, value=inputs.v, edge_attr=features)
        layer._alpha = None
        return out

    return {"pyg": run}


def _torch_scatter(inputs: Inputs) -> Systems:
    if find_spec("torch_scatter") is None:
        return {}
    from torch_scatter import gather_csr, segment_csr

    graph, pointer = inputs.graph, inputs.graph.rowptr.long()
    row, col = graph.row_index.long(), graph.col.long()

    def run() -> Tensor:
        edge = inputs.table[inputs.edge_type]
        logits = (inputs.q[row] * (inputs.k[col] + edge)).sum(-1) * inputs.q.shape[2] ** -0.5
        powers = (logits - gather_csr(segment_csr(logits.detach(), pointer, reduce="max"), pointer)).exp()
        weight = powers / gather_csr(segment_csr(powers, pointer), pointer)
        out: Tensor = segment_csr(weight.unsqueeze(-1) * (inputs.v[col] + edge), pointer)
        return out

    return {"torch_scatter": run}
