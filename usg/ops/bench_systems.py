"""The systems that `usg bench ops` compares: one function, written four ways.

    out_i = sum over e = (i <- j) of softmax_e(q_i . (k_j + table[t(e)]) / sqrt(D)) (v_j + table[t(e)])

The peers add the type's vector edge by edge, as their layers do; ours takes the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from usg.ops.attention import graph_attention
from usg.ops.bench import Case
from usg.ops.csr import CSR

__all__ = ["Inputs", "build", "edges", "floor_bytes"]

Systems = dict[str, Callable[[], Tensor]]


@dataclass(frozen=True)
class Inputs:
    """What every system gets.

    Attributes:
        graph: the edges.
        edge_type: (e,) int64.
        q, k, v: (n, H, D).
        table: (T, H, D).
        grad: (n, H, D) the gradient of the output.
    """

    graph: CSR
    edge_type: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    table: Tensor
    grad: Tensor

    @property
    def leaves(self) -> tuple[Tensor, ...]:
        """What is differentiated."""
        return self.q, self.k, self.v, self.table


def edges(case: Case) -> tuple[Tensor, Tensor, int]:
    """Sources, targets and the number of nodes of a case, seed 0."""
    generator = torch.Generator().manual_seed(0)
    size = case.nodes + case.words
    source = [torch.randint(0, case.nodes, (case.graphs, case.nodes * case.degree), generator=generator)]
    target = [torch.arange(case.nodes).repeat_interleave(case.degree).expand(case.graphs, -1)]
    if case.hub:
        source.append(torch.arange(case.nodes).expand(case.graphs, -1))
        target.append(torch.zeros(case.graphs, case.nodes, dtype=torch.int64))
    if case.words:
        source.append(torch.arange(case.nodes).repeat(case.words).expand(case.graphs, -1))
        target.append(torch.arange(case.nodes, size).repeat_interleave(case.nodes).expand(case.graphs, -1))
    shift = (torch.arange(case.graphs) * size).unsqueeze(1)
    return (torch.cat(source, 1) + shift).flatten(), (torch.cat(target, 1) + shift).flatten(), case.graphs * size


def build(case: Case, device: str, dtype: torch.dtype, compiled: bool = False) -> tuple[Inputs, Systems]:
    """The inputs of a case and the systems that can run here, ours first; all are checked to agree.

    Args:
        case: the batch.
        device: torch device.
        dtype: of the tensors.
        compiled: add `torch.compile` of the plain torch system.

    Raises:
        ValueError: a system computes something else.
    """
    source, target, nodes = edges(case)
    graph = CSR.from_edges(source, target, nodes)[0].to(device)
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, dtype)

    shape = (nodes, case.heads, case.width)
    q, k, v = (normal(*shape).requires_grad_() for _ in range(3))
    table = normal(case.types, case.heads, case.width).requires_grad_()
    edge_type = torch.randint(0, case.types, (graph.num_edges,), generator=generator).to(device)
    inputs = Inputs(graph, edge_type, q, k, v, table, normal(*shape))
    bias = torch.zeros(case.types, case.heads, device=device, dtype=dtype)
    systems: Systems = {"usg": lambda: graph_attention(q, k, v, graph, edge_type, table, table, bias)}
    systems |= _pyg(inputs)
    systems["torch"] = lambda: _gather_and_add(q, k, v, table, graph.row_index.long(), graph.col.long(), edge_type)
    if compiled:
        function = torch.compile(_gather_and_add)
        rows, columns = graph.row_index.long(), graph.col.long()
        systems["torch.compile"] = lambda: function(q, k, v, table, rows, columns, edge_type)
    systems |= _torch_scatter(inputs)
    tolerance = 1e-3 if dtype == torch.float32 else 0.1
    with torch.no_grad():
        expected = systems["usg"]()
        for name, run in systems.items():
            difference = (run() - expected).abs().max().item()
            if not difference <= tolerance:
                raise ValueError(f"usg bench ops: {name} differs from usg by {difference:.2g}, so times mean nothing")
    return inputs, systems


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
    q: Tensor, k: Tensor, v: Tensor, table: Tensor, row: Tensor, col: Tensor, edge_type: Tensor
) -> Tensor:
    edge = table[edge_type]
    logits = (q[row] * (k[col] + edge)).sum(-1) * q.shape[2] ** -0.5
    index = row.unsqueeze(-1).expand_as(logits)
    top = torch.full_like(q[:, :, 0], -torch.inf).scatter_reduce(0, index, logits.detach(), "amax")
    powers = (logits - top[row]).exp()
    weight = powers / torch.zeros_like(q[:, :, 0]).index_add(0, row, powers)[row]
    return torch.zeros_like(q).index_add(0, row, weight.unsqueeze(-1) * (v[col] + edge))


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
