"""The compiled kernels where they differ in code from plain torch: widths, groups of heads, long rows, threads."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ops_reference import agree, arguments, attend, graph_of

from usg.ops import CSR, backend, gather_scatter, graph_attention, segment_max, segment_softmax, segment_sum

pytestmark = pytest.mark.skipif(backend() != "cpu", reason="no compiled kernels here")

WRONG = "(an index of the graph is out of range|rowptr must rise)"
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def compare(graph, heads, width, dtype, attributes=0, dropout=0.0, slack=1.0):
    narrow = arguments(graph, heads, width, attributes=attributes, dtype=dtype)
    wide = {name: t.double() if t.is_floating_point() else t for name, t in narrow.items()}
    result = attend(graph, narrow, dropout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("USG_OPS", "torch")
        expected = attend(graph, wide, dropout)
    agree(result, expected, slack * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("width", [5, 16, 24, 32, 64, 80, 128])
def test_every_width_and_type(width, dtype):
    compare(graph_of(90, 20), 4, width, dtype, attributes=2)


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 6, 8, 12, 16])
def test_every_number_of_heads(heads):
    compare(graph_of(90, 20), heads, 16, torch.float32, attributes=1, dropout=0.3)


@given(
    st.integers(1, 30), st.integers(0, 150), st.sampled_from([1, 2, 5, 8]), st.sampled_from([3, 16, 32]),
    st.sampled_from(list(TOLERANCE)), st.sampled_from([0, 3]), st.sampled_from([0.0, 0.5]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_equals_plain_torch_in_float64(nodes, edges, heads, width, dtype, attributes, dropout):
    compare(graph_of(edges, nodes), heads, width, dtype, attributes, dropout)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_long_rows_are_split_and_merged(dtype):
    compare(graph_of(300, 50, hub=9000), 4, 32, dtype, attributes=2, dropout=0.1)


def test_results_too_large_for_the_cache():
    compare(graph_of(6000, 2200), 8, 64, torch.float32)


def test_a_hub_of_a_hundred_thousand_edges():
    graph = graph_of(100, 100, hub=100_000)
    assert graph.rowptr.diff().max() >= 100_000
    compare(graph, 2, 16, torch.float32, slack=10.0)  # sums of that length in float32


@pytest.mark.parametrize("hub", [0, 6000])
def test_the_same_bits_for_any_number_of_threads(hub):
    graph = graph_of(8000, 700, hub)
    inputs = arguments(graph, 4, 32, attributes=2, dtype=torch.float32)
    values = torch.randn(graph.num_edges, 3)

    def everything():
        segments = [op(values, graph.rowptr) for op in (segment_sum, segment_max, segment_softmax)]
        return [*attend(graph, inputs, 0.2).values(), *segments, gather_scatter(inputs["q"].flatten(1), graph)]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = everything()
        for threads in (2, 3, 5):
            torch.set_num_threads(threads)
            for run in range(2):
                for i, (a, b) in enumerate(zip(first, everything(), strict=True)):
                    assert torch.equal(a, b), (threads, run, i)
    finally:
        torch.set_num_threads(before)


def test_slices_of_a_joint_projection_are_read_in_place():
    graph = graph_of(60, 12)
    inputs = arguments(graph, 4, 16, dtype=torch.float32)
    joint = torch.stack([inputs["q"], inputs["k"], inputs["v"]], 1)
    q, k, v = joint.unbind(1)
    assert not q.is_contiguous()
    sliced, whole = attend(graph, inputs | {"q": q, "k": k, "v": v}), attend(graph, inputs)
    assert all(torch.equal(sliced[name], whole[name]) for name in whole)


def test_a_mask_of_minus_infinity_takes_an_edge_away():
    graph, _ = CSR.from_edges(torch.arange(100), torch.zeros(100, dtype=torch.int64), 100)
    inputs = arguments(graph, 2, 16, types=2, dtype=torch.float32)
    inputs["bias"][0] = -torch.inf
    # More than a block of masked edges comes first: their weights must not be NaN meanwhile.
    inputs["edge_type"] = (torch.arange(100) >= 90).long()
    alone, order = CSR.from_edges(torch.arange(90, 100), torch.zeros(10, dtype=torch.int64), 100)
    kept = inputs | {"edge_type": inputs["edge_type"][90:]}
    assert order.tolist() == list(range(10))
    torch.testing.assert_close(
        graph_attention(graph=graph, **inputs), graph_attention(graph=alone, **kept), rtol=1e-5, atol=1e-6
    )
    inputs["edge_type"].zero_()
    assert graph_attention(graph=graph, **inputs)[0].isnan().all()


def test_indices_changed_behind_the_handle_are_refused():
    for name, value in (("col", 99), ("rowptr", 99), ("col", -1)):
        graph = graph_of(20, 5)
        inputs = arguments(graph, 2, 4, dtype=torch.float32)
        getattr(graph, name)[3] = value
        with pytest.raises(ValueError, match="graph_attention: " + WRONG):
            graph_attention(graph=graph, **inputs)
        with pytest.raises(ValueError, match="gather_scatter: " + WRONG):
            gather_scatter(inputs["q"].flatten(1), graph)
    for name in ("row", "position", "colptr"):
        graph = graph_of(20, 5)
        inputs = arguments(graph, 2, 4, dtype=torch.float32)
        getattr(graph, name)[2] = 99
        with pytest.raises(ValueError, match="graph_attention: " + WRONG):
            attend(graph, inputs)


def test_registered_ops_refuse_tensors_of_two_types():
    """They would be read as if they were of one, past their end."""
    graph, ops = graph_of(20, 5), torch.ops.usg
    values = torch.randn(20, 4)
    with pytest.raises(TypeError, match=r"segment_softmax: tensors are torch\.float64 and torch\.float32; cast"):
        ops.segment_softmax_backward(values, values.double(), graph.rowptr)
    with pytest.raises(TypeError, match=r"gather_scatter: tensors are torch\.float32 and torch\.float64; cast"):
        ops.gather_scatter(values[:5], values[:, 0].double(), graph.rowptr, graph.col)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    types = inputs.pop("edge_type")
    edges = (None, None, None, graph.rowptr, graph.col, graph.row_index, types, None)
    with pytest.raises(TypeError, match=r"graph_attention: tensors are torch\.float32 and torch\.float16; cast"):
        ops.graph_attention(*(inputs | {"v": inputs["v"].half()}).values(), *edges)


def test_a_handle_of_strided_arrays_is_read_as_it_stands():
    graph = graph_of(60, 12)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    parts = [getattr(graph, name) for name in ("rowptr", "col", "colptr", "row", "position")]
    apart = CSR(*(torch.stack([part, torch.full_like(part, 99)], 1)[:, 0] for part in parts))
    assert not apart.col.is_contiguous()
    for name, right in attend(graph, inputs).items():
        assert torch.equal(attend(apart, inputs)[name], right), name
    values = inputs["k"].flatten(1)
    assert torch.equal(gather_scatter(values, apart), gather_scatter(values, graph))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("op", [segment_sum, segment_max, segment_softmax])
def test_long_rows_of_segments_are_split_and_merged(op, dtype):
    """Rows of many threads' work beside short and empty ones; a piece of -inf alone must not make the row NaN."""
    rowptr = torch.tensor([0, 3, 40_003, 40_003, 40_010, 80_000], dtype=torch.int32)
    values = torch.randn(80_000, 16, generator=torch.Generator().manual_seed(5)).to(dtype)
    values[5000:30_000, 0] = -torch.inf
    values[50_000, 1] = values[79_000, 1] = 99.0

    def once(kind):
        leaf = values.to(kind).requires_grad_()
        out = op(leaf, rowptr)
        weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(6)).to(kind)
        return out, torch.autograd.grad(out, leaf, weight)[0]

    results = once(dtype)
    before = torch.get_num_threads()
    try:
        for threads in (2, 3):
            torch.set_num_threads(threads)
            assert all(torch.equal(a, b) for a, b in zip(results, once(dtype), strict=True))
    finally:
        torch.set_num_threads(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("USG_OPS", "torch")
        expected = once(torch.float64)
    for result, right in zip(results, expected, strict=True):
        torch.testing.assert_close(result.double(), right, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 8)
    if op is segment_max:
        # Of the two equal values in pieces far apart the first.
        assert torch.ops.usg.segment_max(values, rowptr)[1][4, 1] == 50_000


@pytest.mark.parametrize("weighted", [False, True])
def test_long_rows_of_neighbours_are_split_and_merged(weighted):
    graph = graph_of(300, 50, hub=30_000)
    generator = torch.Generator().manual_seed(8)
    values, weight = torch.randn(50, 32, generator=generator), torch.randn(graph.num_edges, generator=generator)

    def once(kind):
        leaves = [t.to(kind).requires_grad_() for t in (values, weight)[: 1 + weighted]]
        out = gather_scatter(leaves[0], graph, *leaves[1:])
        return out, *torch.autograd.grad(out.sum(), leaves)

    results = once(torch.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("USG_OPS", "torch")
        expected = once(torch.float64)
    for result, right in zip(results, expected, strict=True):
        torch.testing.assert_close(result.double(), right, rtol=1e-4, atol=1e-3)


def registered(attributes=2):
    """The registered forward and backward ops with inputs that fit them, by name."""
    graph = graph_of(90, 20)
    inputs = arguments(graph, 4, 16, attributes=attributes, dtype=torch.float32)
    forward = inputs | {"rowptr": graph.rowptr, "col": graph.col, "row_index": graph.row_index}
    forward |= {"keep": torch.ones(4, graph.num_edges)}
    out, log_sum = torch.ops.usg.graph_attention(**forward)
    backward = forward | {"grad": out, "log_sum": log_sum, "attribute_grad": True, "joint": False, "out": out}
    backward |= {"colptr": graph.colptr, "row": graph.row, "position": graph.position}
    return {torch.ops.usg.graph_attention: forward, torch.ops.usg.graph_attention_backward: backward}


def test_registered_ops_refuse_tensors_of_other_sizes():
    """Called past the public functions, which look too, they must not read or write beyond a tensor's end."""
    for op, inputs in registered().items():
        op(**inputs)
        for name, tensor in inputs.items():
            if isinstance(tensor, torch.Tensor):
                with pytest.raises((ValueError, IndexError), match=r"must be \(|rowptr must rise|the tables hold"):
                    op(**inputs | {name: tensor[:-1]})
        with pytest.raises(ValueError, match="edge_attr needs key_proj and value_proj"):
            op(**inputs | {"key_proj": None})
        with pytest.raises(TypeError, match="keep must be float32"):
            op(**inputs | {"keep": inputs["keep"].double()})
        with pytest.raises(TypeError, match="edge_type must be int32 or int64"):
            op(**inputs | {"edge_type": inputs["edge_type"].short()})


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("segment_softmax_backward", lambda x, graph: (x[:-1], x, graph.rowptr)),
        ("segment_gather", lambda x, graph: (x[:19], graph.rowptr, graph.num_edges)),
        ("segment_gather", lambda x, graph: (x[:20], graph.rowptr, graph.num_edges - 1)),
        ("gather_scatter", lambda x, graph: (x[:20], x[:-1, 0], graph.rowptr, graph.col)),
        ("gather_scatter", lambda x, graph: (x[:20], None, graph.rowptr, graph.col[:-1])),
        ("gather_scatter", lambda x, graph: (x[:10], None, graph.rowptr, graph.col)),
        ("edge_dot", lambda x, graph: (x[:19], x[:20], graph.rowptr, graph.col, graph.row_index)),
        ("edge_dot", lambda x, graph: (x[:20, :1], x[:20], graph.rowptr, graph.col, graph.row_index)),
    ],
)
def test_registered_segment_ops_refuse_tensors_of_other_sizes(name, inputs):
    graph = graph_of(90, 20)
    with pytest.raises(ValueError, match=r"must be \(|rowptr must rise|out of range"):
        getattr(torch.ops.usg, name)(*inputs(torch.randn(graph.num_edges, 2), graph))
