"""The ops as torch sees them: schema, fake kernels, dynamic shapes, without grad (autograd sits outside the op)."""

import pytest
import torch
from ops_reference import arguments

import usg.ops
from usg.ops import CSR
from usg.ops.sparse import edge_dot, edge_sum

pytestmark = pytest.mark.usefixtures("implementation")

CHECKS = ("test_schema", "test_faketensor", "test_aot_dispatch_dynamic")


def cases():
    torch.manual_seed(0)
    graph, _ = CSR.from_edges([0, 1, 1, 2, 3], [0, 0, 2, 0, 3], 4)
    values, pointer = torch.randn(5, 2), graph.rowptr
    ops = torch.ops.usg
    yield ops.segment_sum, (values, pointer)
    yield ops.segment_max, (values, pointer)
    yield ops.segment_softmax, (values, pointer)
    yield ops.segment_softmax_backward, (values, values.softmax(0), pointer)
    # What the fake kernels say of strides is what compiled code reads.
    turned = torch.randn(2, 5).t()
    yield ops.segment_sum, (turned, pointer)
    yield ops.segment_max, (turned, pointer)
    yield ops.segment_softmax, (turned, pointer)
    yield ops.segment_softmax_backward, (turned, turned.softmax(0), pointer)
    yield ops.segment_softmax_backward, (turned, values.softmax(0), pointer)
    yield ops.segment_gather, (turned[:4], pointer, 5)
    yield ops.gather_scatter, (turned[:4], None, pointer, graph.col)
    yield ops.segment_gather, (torch.randn(4, 2), pointer, 5)
    yield ops.gather_scatter, (torch.randn(4, 2), torch.randn(5), pointer, graph.col)
    yield ops.gather_scatter, (torch.randn(4, 2), None, pointer, graph.col)
    yield ops.edge_dot, (torch.randn(4, 2), torch.randn(4, 2), pointer, graph.col, graph.row_index)
    edges = (pointer, graph.col, graph.row_index)
    transposed = (graph.colptr, graph.row, graph.position)
    for attributes, keep, wanted in ((0, None, False), (2, torch.rand(2, 5), True), (2, None, False)):
        inputs = arguments(graph, attributes=attributes, dtype=torch.float32)
        types = inputs.pop("edge_type")
        tensors = [*inputs.values(), *[None] * (9 - len(inputs))]
        yield ops.graph_attention, (*tensors, *edges, types, keep)
        out, log_sum = ops.graph_attention(*tensors, *edges, types, keep)
        grad = torch.randn_like(out)
        for joint, given in ((False, None), (True, None), (True, out)):
            yield (
                ops.graph_attention_backward,
                (grad, log_sum, *tensors, *edges, *transposed, types, keep, wanted, joint, given),
            )


@pytest.mark.parametrize(("op", "inputs"), [pytest.param(*case, id=str(case[0])) for case in cases()])
def test_opcheck(op, inputs):
    assert torch.library.opcheck(op, inputs, test_utils=CHECKS) == dict.fromkeys(CHECKS, "SUCCESS")


def test_every_registered_op_is_checked():
    registered = {name.removeprefix("usg::") for name in torch._C._dispatch_get_all_op_names() if name[:5] == "usg::"}
    assert {case[0]._qualified_op_name.removeprefix("usg::") for case in cases()} == registered


def test_the_path_without_sparse_kernels_agrees(monkeypatch):
    torch.manual_seed(0)
    graph, _ = CSR.from_edges(torch.randint(0, 9, (40,)), torch.randint(0, 7, (40,)), 9)
    x, y, weight, start = torch.randn(9, 3), torch.randn(9, 3), torch.randn(40), torch.randn(40)

    def both():
        dots = edge_dot(x, y, graph.rowptr, graph.col, graph.row_index, start.clone(), scale=0.5)
        sums = edge_sum(weight, y, graph.rowptr, graph.col, torch.ones(9, 3))
        more = edge_sum(weight, y, graph.rowptr, graph.col, torch.ones(9, 3), accumulate=True)
        return dots, sums, more

    first = both()
    monkeypatch.setattr(usg.ops.sparse, "_has_sparse_kernels", lambda tensor: False)
    torch.testing.assert_close(both(), first)
