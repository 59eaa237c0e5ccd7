"""Dense references for the ops, one row at a time, with torch's own softmax: slow and plainly right.

And what several test files share: inputs, and the comparison of all gradients.
"""

import torch
from hypothesis import strategies as st
from torch import Tensor

from usg.ops import CSR, graph_attention, graph_self_attention

NAMES = ("q", "k", "v", "key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    source: Tensor,
    target: Tensor,
    edge_type: Tensor,
    key_table: Tensor,
    value_table: Tensor,
    bias: Tensor,
    edge_attr: Tensor | None = None,
    key_proj: Tensor | None = None,
    value_proj: Tensor | None = None,
) -> Tensor:
    """(n, H, D)."""
    keys, values = k[source] + key_table[edge_type], v[source] + value_table[edge_type]
    if edge_attr is not None:
        keys = keys + torch.einsum("ea,ahd->ehd", edge_attr, key_proj)
        values = values + torch.einsum("ea,ahd->ehd", edge_attr, value_proj)
    logits = (q[target] * keys).sum(-1) / q.shape[2] ** 0.5 + bias[edge_type]
    rows = [torch.einsum("eh,ehd->hd", logits[target == i].softmax(0), values[target == i]) for i in range(q.shape[0])]
    return torch.stack(rows)


@st.composite
def edge_lists(draw: st.DrawFn, max_nodes: int = 12, max_edges: int = 40) -> tuple[Tensor, Tensor, int]:
    """Sources, targets and the number of nodes; loops, repeated edges, lonely nodes and empty lists among them."""
    nodes = draw(st.integers(1, max_nodes))
    pairs = draw(st.lists(st.tuples(*[st.integers(0, nodes - 1)] * 2), max_size=max_edges))
    source, target = zip(*pairs, strict=True) if pairs else ((), ())
    return torch.tensor(source, dtype=torch.int64), torch.tensor(target, dtype=torch.int64), nodes


def arguments(
    graph: CSR, heads: int = 2, width: int = 3, types: int = 4, attributes: int = 0, dtype: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """Random inputs of `graph_attention` by name, seed 0; edge types int64."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    inputs = {
        "q": normal(graph.num_targets, heads, width),
        "k": normal(graph.num_sources, heads, width),
        "v": normal(graph.num_sources, heads, width),
        "edge_type": torch.randint(0, types, (graph.num_edges,), generator=generator),
        "key_table": normal(types, heads, width),
        "value_table": normal(types, heads, width),
        "bias": normal(types, heads),
    }
    if attributes:
        inputs |= {
            "edge_attr": normal(graph.num_edges, attributes),
            "key_proj": normal(attributes, heads, width),
            "value_proj": normal(attributes, heads, width),
        }
    return inputs


def graph_of(edges: int, nodes: int, hub: int = 0) -> CSR:
    """Random edges, and `hub` more into node 0 and out of node 1: a long row and a long column."""
    generator = torch.Generator().manual_seed(edges + nodes)
    source, target = torch.randint(0, nodes, (2, edges), generator=generator)
    other = torch.randint(0, nodes, (hub,), generator=generator)
    source = torch.cat([source, other, torch.ones_like(other)])
    target = torch.cat([target, torch.zeros_like(other), other])
    return CSR.from_edges(source, target, nodes)[0]


def attend(graph: CSR, inputs: dict[str, Tensor], dropout: float = 0.0) -> dict[str, Tensor]:
    """Output and gradients by name."""
    leaves = {name: inputs[name].detach().requires_grad_() for name in NAMES if name in inputs}
    torch.manual_seed(7)
    out = graph_attention(graph=graph, **inputs | leaves, dropout=dropout)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(out.dtype)
    return {"out": out, **dict(zip(leaves, torch.autograd.grad(out, list(leaves.values()), weight), strict=True))}


def attend_jointly(graph: CSR, inputs: dict[str, Tensor], dropout: float = 0.0) -> dict[str, Tensor]:
    """`attend` by `graph_self_attention`."""
    rest = {name: tensor for name, tensor in inputs.items() if name not in ("q", "k", "v")}
    leaves = {"qkv": torch.stack([inputs[name].detach() for name in ("q", "k", "v")], 1).requires_grad_()}
    leaves |= {name: rest[name].detach().requires_grad_() for name in NAMES if name in rest}
    torch.manual_seed(7)
    out = graph_self_attention(graph=graph, **rest | leaves, dropout=dropout)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(out.dtype)
    grads = dict(zip(leaves, torch.autograd.grad(out, list(leaves.values()), weight), strict=True))
    return {"out": out, **dict(zip("qkv", grads.pop("qkv").unbind(1), strict=True)), **grads}


def agree(result: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    """Asserts that errors are at most `tolerance`, by name."""
    for name, right in expected.items():
        # Gradients of tables are sums over all edges: errors are measured against the largest entry.
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        error = (result[name].double() - right).abs().max().item() / scale if right.numel() else 0.0
        assert error <= tolerance, (name, error)
