import pytest
import torch
from hypothesis import given, settings
from ops_reference import edge_lists

from usg.ops import CSR, gather_scatter

pytestmark = pytest.mark.usefixtures("implementation")


@given(edge_lists())
@settings(max_examples=40, deadline=None)
def test_equals_the_adjacency_matrix(edges):
    source, target, nodes = edges
    graph, order = CSR.from_edges(source, target, nodes)
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(nodes, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(len(source), generator=generator, dtype=torch.float64)
    for factors in (None, weight):
        matrix = torch.zeros(nodes, nodes, dtype=torch.float64)
        ones = torch.ones(len(source), dtype=torch.float64)
        matrix.index_put_((target, source), ones if factors is None else factors, accumulate=True)
        result = gather_scatter(values, graph, None if factors is None else factors[order])
        torch.testing.assert_close(result, matrix @ values)


def test_gradients():
    torch.manual_seed(0)
    graph, _ = CSR.from_edges([0, 0, 4, 1, 1], [1, 1, 0, 2, 0], num_nodes=3, num_sources=5)
    values = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: gather_scatter(x, graph, w), (values, weight))
    assert torch.autograd.gradcheck(lambda x: gather_scatter(x, graph), (values,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_types_are_summed_in_float32(dtype):
    graph, _ = CSR.from_edges(torch.zeros(3000, dtype=torch.int64), torch.zeros(3000, dtype=torch.int64), 1)
    assert gather_scatter(torch.ones(1, 1, dtype=dtype), graph).item() == torch.tensor(3000.0).to(dtype).item()


def test_autocast_casts_the_weight_to_the_values():
    graph, _ = CSR.from_edges([0, 1], [1, 1], 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert gather_scatter(torch.ones(2, 1, dtype=torch.bfloat16), graph, torch.ones(2)).tolist() == [[0], [2]]


@pytest.mark.parametrize(
    ("values", "weight", "error", "message"),
    [
        (torch.ones(2, 1, dtype=torch.int64), None, TypeError, "values must be floating"),
        (torch.ones(3, 1), None, ValueError, r"values must be \(2, d\), got \(3, 1\)"),
        (torch.ones(2, 1, device="meta"), None, ValueError, "values are on meta"),
        (torch.ones(2, 1), torch.ones(3), ValueError, r"weight must be \(2,\), got \(3,\)"),
        (torch.ones(2, 1), torch.ones(2).double(), TypeError, "weight is torch.float64"),
    ],
)
def test_refuses(values, weight, error, message):
    graph, _ = CSR.from_edges([0, 1], [1, 1], 2)
    with pytest.raises(error, match=message):
        gather_scatter(values, graph, weight)
