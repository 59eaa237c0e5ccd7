"""The CUDA kernels' text on the host: compiled with lane values of 32 floats, against the reference in float64.

The kernels, the steps, the workspace and the Python in front of them are those of the CUDA library; see
usg/ops/csrc/lanes.hpp for what this cannot show.
"""

import ctypes
import subprocess
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops_reference import agree, arguments, attend, attend_jointly, edge_lists, graph_of
from torch import Tensor

from usg.ops import (
    CSR,
    attention,
    attention_native,
    attention_torch,
    build,
    gather_scatter,
    graph_attention,
    library,
    native,
    native_cuda,
    segment,
    segment_max,
    segment_mean,
    segment_native,
    segment_softmax,
    segment_sum,
)

OPS = [segment_sum, segment_mean, segment_max, segment_softmax]
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory) -> ctypes.CDLL:
    try:
        compiler = build.compiler()
    except build.BuildError:
        pytest.skip("no compiler here")
    path = tmp_path_factory.mktemp("warps") / "warps.so"
    source = Path(__file__).parent / "warp_emulator.cpp"
    flags = ("-std=gnu++17", "-O0", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Werror", "-Wno-psabi")
    subprocess.run([compiler, *flags, f"-I{build.SOURCES}", source, "-o", path], check=True)
    return native_cuda.load(path)


@pytest.fixture(autouse=True, scope="module")
def launches(emulator) -> list[str]:
    """Kernels on the host answer for tensors on the CPU; the list names what they were asked."""
    made: list[str] = []

    def call(name, op, given, device):
        given.size = ctypes.sizeof(given)
        native.check(native_cuda.launch(emulator, name, given, device), op, given)
        made.append(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention_native, "call", call)
        patch.setattr(segment_native, "call", call)
        patch.setattr(library, "backend", lambda kind: kind)
        yield made


def reference(graph: CSR, inputs: dict[str, Tensor], dropout: float = 0.0) -> dict[str, Tensor]:
    """The same in float64, for which there is no kernel, so plain torch answers."""
    return attend(graph, {name: t.double() if t.is_floating_point() else t for name, t in inputs.items()}, dropout)


def compare(graph, heads, width, dtype, attributes=0, dropout=0.0, slack=1.0, types=4):
    inputs = arguments(graph, heads, width, types, attributes, dtype)
    agree(attend(graph, inputs, dropout), reference(graph, inputs, dropout), slack * TOLERANCE[dtype])


@given(
    edge_lists(max_nodes=30, max_edges=150), st.sampled_from([1, 2, 3, 5, 8]), st.sampled_from([3, 16, 32, 48, 64]),
    st.sampled_from(list(TOLERANCE)), st.sampled_from([0, 1, 5]), st.sampled_from([0.0, 0.5]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_graph(edges, heads, width, dtype, attributes, dropout):
    source, target, nodes = edges
    compare(CSR.from_edges(source, target, nodes)[0], heads, width, dtype, attributes, dropout)


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("width", [5, 16, 24, 32, 64, 80, 128])
def test_every_width_and_type(width, dtype, launches):
    before = len(launches)
    compare(graph_of(90, 20), 4, width, dtype, attributes=2)
    assert launches[before:] == ["graph_attention", "graph_attention_backward"]


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("width", [5, 16, 32, 128])
def test_joint_states_give_the_same_bits(width, dtype, launches):
    graph, before = graph_of(300, 50, hub=1500), len(launches)
    inputs = arguments(graph, 4, width, attributes=2, dtype=dtype)
    separate, joint = attend(graph, inputs, 0.1), attend_jointly(graph, inputs, 0.1)
    assert all(torch.equal(joint[name], separate[name]) for name in separate)
    assert launches[before:] == ["graph_attention", "graph_attention_backward"] * 2


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 6, 8, 12, 16])
def test_every_number_of_heads(heads):
    compare(graph_of(90, 20), heads, 16, torch.float32, attributes=9, dropout=0.3)


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize(("heads", "width"), [(4, 32), (2, 16), (1, 128)])
def test_long_rows_are_cut_and_merged(heads, width, dtype):
    compare(graph_of(300, 50, hub=1500), heads, width, dtype, attributes=2, dropout=0.1, slack=2.0)


@pytest.mark.parametrize("length", [511, 512, 513, 767, 768, 1024, 1025])
@pytest.mark.parametrize("before", [0, 1, 255, 256, 300])
def test_rows_as_long_as_pieces(before, length):
    """Rows that begin and end at, before and behind multiples of a piece, two long ones side by side among them."""
    target = torch.arange(5).repeat_interleave(torch.tensor([before, length, 0, length, 3]))
    source = torch.arange(len(target)) % 5
    compare(CSR.from_edges(source, target, 5)[0], 1, 16, torch.float32, attributes=1, slack=2.0)


def test_a_hub_of_a_hundred_thousand_edges():
    graph = graph_of(50, 50, hub=100_000)
    assert graph.rowptr.diff().max() >= 100_000
    compare(graph, 1, 16, torch.float32, slack=10.0)  # sums of that length in float32


def test_many_edge_types():
    """Tables too large for shared memory, and types without an edge."""
    compare(graph_of(200, 30), 4, 32, torch.float32, types=700)


def test_edges_between_two_sets_of_nodes():
    graph, _ = CSR.from_edges([4, 0, 2], [1, 1, 0], num_nodes=2, num_sources=5)
    compare(graph, 2, 16, torch.float32)


@pytest.mark.parametrize("offset", [0, 1, 4])
def test_slices_that_begin_anywhere(offset):
    """Rows apart, and addresses that 16 bytes at a time do not reach."""
    graph = graph_of(60, 12)
    inputs = arguments(graph, 4, 16, dtype=torch.float32)
    joint = torch.zeros(12, 3 * 64 + offset)
    moved = dict(inputs)
    for i, name in enumerate(("q", "k", "v")):
        part = joint[:, offset + 64 * i : offset + 64 * (i + 1)]
        part.copy_(inputs[name].flatten(1))
        moved[name] = part.view(12, 4, 16)
    result, whole = attend(graph, moved), attend(graph, inputs)
    agree(result, {name: t.double() for name, t in whole.items()}, 1e-6)


def test_edge_types_of_either_width():
    graph = graph_of(60, 12)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    narrow = attend(graph, inputs | {"edge_type": inputs["edge_type"].int()})
    for name, right in attend(graph, inputs).items():
        assert torch.equal(narrow[name], right), name


def test_masks_of_minus_infinity_and_nan():
    graph, _ = CSR.from_edges(torch.arange(100) % 7, torch.arange(100) // 50, 7)
    inputs = arguments(graph, 2, 16, types=2, dtype=torch.float32)
    inputs["bias"][0] = -torch.inf
    inputs["edge_type"] = (torch.arange(100) >= 90).long()
    result, right = graph_attention(graph=graph, **inputs), reference(graph, inputs)["out"]
    torch.testing.assert_close(result.double(), right, rtol=1e-5, atol=1e-5, equal_nan=True)
    assert result.isnan().flatten(1).any(1).tolist() == [True] + [False] * 6
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    inputs["q"][1] = torch.nan
    assert graph_attention(graph=graph, **inputs).isnan().flatten(1).any(1).tolist() == [i == 1 for i in range(7)]


@pytest.mark.parametrize(("name", "value"), [("col", 99), ("col", -1), ("row", 99), ("position", -5), ("rowptr", 9999)])
def test_indices_changed_behind_the_handle_read_nothing_outside(name, value):
    """Where looking would mean waiting for the GPU: no error, but NaN for a source that is none."""
    graph = graph_of(40, 5)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    getattr(graph, name)[3] = value
    result = attend(graph, inputs)
    if name == "col":
        assert result["out"].isnan().flatten(1).any(1).tolist() == [i == int(graph.row_index[3]) for i in range(5)]
    if name in ("row", "position"):
        assert result["k"].isnan().any()
        assert result["out"].isfinite().all()


@pytest.mark.parametrize("op", OPS)
def test_slots_without_rows_are_refused(op, monkeypatch):
    """Behind the one entry of the row pointer lies what would be a long row."""
    monkeypatch.setattr(segment, "check_pointer", lambda op, values, rowptr: None)
    with pytest.raises(ValueError, match="rowptr must rise from 0 to the number of values"):
        op(torch.ones(600, 8), torch.tensor([0, 600], dtype=torch.int32)[:1])


BEFORE = 7.0  # what memory holds


def by_slots(rowptr: Tensor, slots: int, columns: int) -> list[Tensor]:
    """What the ops that write slot by slot leave there: the softmax, its gradient, values of rows, products."""
    generator = torch.Generator().manual_seed(0)
    values, grad = torch.rand(2, slots, columns, generator=generator)
    of_rows = torch.rand(len(rowptr) - 1, columns, generator=generator)
    col = torch.zeros(slots, dtype=torch.int32)
    kinds = (
        (segment_native._SOFTMAX, values, None, None),
        (segment_native._SOFTMAX_BACKWARD, values, grad, None),
        (segment_native._GATHER, of_rows, None, None),
        (segment_native._DOT, values, of_rows, col),
    )
    return [
        segment_native._run(
            "slots", kind, rowptr, first, torch.full((slots, columns)[: 2 - (col is not None)], BEFORE), other, col
        )
        for kind, first, other, col in kinds
    ]


@pytest.mark.parametrize("columns", [1, 3, 8])
@pytest.mark.parametrize(
    "pointer",
    [[3, 3, 10], [0, 4, 7], [2, 9], [5, 5], [0, 600, 700], [300, 900, 910, 1500], [1, 2, 3, 4, 1600]],
    ids=str,
)
def test_slots_that_no_row_holds_become_nan(pointer, columns):
    """Where looking would mean waiting for the GPU; the rows there are stay right."""
    slots, begin, end = pointer[-1] + 5, pointer[0], pointer[-1]
    rowptr = torch.tensor(pointer, dtype=torch.int32)
    whole = torch.tensor([0, *pointer, slots], dtype=torch.int32)
    given = by_slots(rowptr, slots, columns)
    for result in given:
        assert result[:begin].isnan().all()
        assert result[end:].isnan().all()
    # A softmax is that of the whole pointer; the others take rows of other numbers.
    for result, right in zip(given[:2], by_slots(whole, slots, columns), strict=False):
        torch.testing.assert_close(result[begin:end], right[begin:end])
    assert all(result[begin:end].isfinite().all() for result in given)


@given(st.lists(st.integers(-9, 1500), min_size=2, max_size=8), st.sampled_from([1, 3, 8]))
@settings(max_examples=60, deadline=None)
def test_no_slot_is_left_as_memory_was(pointer, columns):
    """Whatever the row pointer says: it may fall, too."""
    for result in by_slots(torch.tensor(pointer, dtype=torch.int32), 1400, columns):
        assert (result != BEFORE).all()


def test_edges_that_no_row_holds_make_gradients_nan():
    graph = graph_of(700, 5)
    inputs = arguments(graph, 2, 16, attributes=2, dtype=torch.float32)
    graph.rowptr[0] = 3
    result = attend(graph, inputs)
    sources = torch.zeros(5, dtype=torch.bool).index_fill_(0, graph.col[:3].long(), True)
    assert torch.equal(result["k"].isnan().flatten(1).any(1), sources)
    assert torch.equal(result["edge_attr"].isnan().any(1), torch.arange(700) < 3)


@pytest.mark.parametrize("value", [4, -1, 2**32])
def test_an_edge_type_that_is_none_makes_its_row_nan(value, monkeypatch):
    monkeypatch.setattr(attention_native.attention_torch, "check_types", lambda edge_type, count: None)
    graph = graph_of(40, 5)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    inputs["edge_type"][0] = value
    assert graph_attention(graph=graph, **inputs).isnan().flatten(1).any(1).tolist() == [True] + [False] * 4


@pytest.fixture
def atomics(monkeypatch):
    """Sums in any order are a choice for tensors on the CPU too, and chosen; gradients begin as NaN."""
    monkeypatch.setattr(attention, "_MAY_BE_ATOMIC", ("cpu",))
    monkeypatch.setenv("USG_OPS_ATOMIC", "1")
    right = attention_torch.state_gradients

    def forgotten(*arguments):
        tensors, states = right(*arguments)
        for tensor in tensors:
            tensor.fill_(torch.nan)
        return tensors, states

    monkeypatch.setattr(attention_torch, "state_gradients", forgotten)


def without_transpose(graph: CSR) -> CSR:
    """A handle that lists no transposed edges: gradients of keys and values summed over them would be 0."""
    graph = CSR(*(getattr(graph, name).clone() for name in ("rowptr", "col", "colptr", "row", "position")))
    for array in (graph.colptr, graph.row, graph.position):
        array.zero_()
    return graph


@given(
    edge_lists(max_nodes=30, max_edges=150), st.sampled_from([1, 3, 8]), st.sampled_from([3, 16, 32, 48, 64]),
    st.sampled_from([0, 5]), st.sampled_from([0.0, 0.5]),
)  # fmt: skip
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_atomic_sums_of_any_graph(atomics, edges, heads, width, attributes, dropout):
    """In half types the rounding of the output would be all that is left where gradients of keys cancel."""
    source, target, nodes = edges
    graph = CSR.from_edges(source, target, nodes)[0]
    inputs = arguments(graph, heads, width, 4, attributes, torch.float32)
    result = attend(without_transpose(graph), inputs, dropout)
    agree(result, reference(graph, inputs, dropout), TOLERANCE[torch.float32])


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("width", [5, 16, 32, 64, 80, 128])
def test_atomic_sums_of_every_width_and_type(atomics, width, dtype):
    """With long rows and columns. Gradients other than those of keys and values stay the same, bit for bit."""
    graph = graph_of(60, 20, hub=520)
    inputs = arguments(graph, 2, width, attributes=2, dtype=dtype)
    result = attend(without_transpose(graph), inputs, 0.1)
    agree(result, reference(graph, inputs, 0.1), 2 * TOLERANCE[dtype])
    joint = attend_jointly(without_transpose(graph), inputs, 0.1)
    assert all(torch.equal(joint[name], result[name]) for name in result)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("USG_OPS_ATOMIC", "0")
        ordered = attend(graph, inputs, 0.1)
    assert all(torch.equal(ordered[name], result[name]) for name in result if name not in ("k", "v"))


def test_atomic_sums_of_slices_that_begin_anywhere(atomics):
    graph = graph_of(60, 12)
    inputs = arguments(graph, 4, 16, dtype=torch.float32)
    moved = {
        name: torch.cat([inputs[name].flatten(1), torch.zeros(12, 1)], 1)[:, :64].view(12, 4, 16) for name in "qkv"
    }
    agree(attend(without_transpose(graph), inputs | moved), reference(graph, inputs), TOLERANCE[torch.float32])


def test_a_source_that_is_none_is_added_to_no_other(atomics):
    graph = graph_of(40, 5)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    graph.col[3] = 99
    result, row = attend(graph, inputs), graph.row_index == graph.row_index[3]
    heard = torch.zeros(5, dtype=torch.bool).index_fill_(0, graph.col[row & (graph.col < 5)].long(), True)
    assert torch.equal(result["k"].isnan().flatten(1).any(1), heard)


def test_determinism_asked_of_torch_forbids_atomic_sums(atomics):
    graph = graph_of(60, 12)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    assert attend(without_transpose(graph), inputs)["k"].any()
    torch.use_deterministic_algorithms(True)
    try:
        assert not attend(without_transpose(graph), inputs)["k"].any()
    finally:
        torch.use_deterministic_algorithms(False)


# torch's own tracer instantiates the autograd function, of which torch warns.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_atomic_sums_are_compiled_without_graph_breaks(atomics, monkeypatch):
    graph = without_transpose(graph_of(60, 12))
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    right = attend(graph, inputs)["k"]
    inputs["k"].requires_grad_()
    grad = torch.randn(12, 2, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64).float()
    compiled = torch.compile(
        lambda k: graph_attention(graph=graph, **inputs | {"k": k}), backend="aot_eager", fullgraph=True
    )
    torch.testing.assert_close(torch.autograd.grad(compiled(inputs["k"]), inputs["k"], grad)[0], right)
    monkeypatch.setenv("USG_OPS_ATOMIC", "0")
    assert not torch.autograd.grad(compiled(inputs["k"]), inputs["k"], grad)[0].any()


def test_the_output_may_change_where_no_atomic_sum_needs_it(atomics, monkeypatch):
    graph = graph_of(60, 12)
    inputs = arguments(graph, 2, 16, dtype=torch.float32)
    inputs["k"].requires_grad_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        graph_attention(graph=graph, **inputs).mul_(2).sum().backward()
    monkeypatch.setenv("USG_OPS_ATOMIC", "0")
    graph_attention(graph=graph, **inputs).mul_(2).sum().backward()


def test_other_words_than_0_and_1_for_atomic_sums_are_refused(atomics, monkeypatch):
    monkeypatch.setenv("USG_OPS_ATOMIC", "yes")
    graph = graph_of(10, 3)
    with pytest.raises(ValueError, match="USG_OPS_ATOMIC must be 0 or 1, got 'yes'"):
        attend(graph, arguments(graph, 2, 16, dtype=torch.float32))


def test_what_has_no_kernel_goes_to_plain_torch(launches):
    graph = graph_of(40, 5)
    before = len(launches)
    compare(graph, 1, 130, torch.float32)
    compare(graph, 1, 8, torch.float32, attributes=65)
    assert len(launches) == before


def rows(op, values: Tensor, rowptr: Tensor, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    moved = values.to(kind).requires_grad_()
    out = op(moved, rowptr)
    weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return out, torch.autograd.grad(out, moved, weight.to(kind))[0]


@given(
    st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 17, 40, 600]), min_size=1, max_size=9),
    st.sampled_from([(), (1,), (3,), (8,), (2, 20)]), st.sampled_from(list(TOLERANCE)), st.sampled_from(OPS),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_segments(launches, lengths, shape, dtype, op, wide):
    rowptr = torch.tensor([0, *lengths]).cumsum(0).to(torch.int64 if wide else torch.int32)
    # Few different values, so that some are equal.
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(-9, 10, (int(rowptr[-1]), *shape), generator=generator).to(dtype) / 4
    before = len(launches)
    results = rows(op, values, rowptr, dtype)
    assert len(launches) == before + (1 if op is segment_max else 2)
    for result, right in zip(results, rows(op, values, rowptr, torch.float64), strict=True):
        assert result.dtype == dtype
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        torch.testing.assert_close(result.double() / scale, right / scale, rtol=0, atol=TOLERANCE[dtype])


def test_the_largest_is_the_first_of_equals_and_nan_is_larger_than_all():
    values = torch.tensor([1.0, 2.0, 2.0, torch.nan, 5.0, torch.nan, -torch.inf, -torch.inf] + [3.0] * 600).unsqueeze(1)
    rowptr = torch.tensor([0, 3, 6, 8, 608, 608], dtype=torch.int32)
    top, slot = torch.ops.usg.segment_max(values, rowptr)
    assert slot.flatten().tolist() == [1, 3, 6, 8, 608]
    assert top.flatten().tolist()[2:] == [-torch.inf, 3.0, 0.0]


@given(edge_lists(max_edges=80), st.sampled_from([1, 3, 8, 36, 200]), st.sampled_from(list(TOLERANCE)), st.booleans())
@settings(max_examples=40, deadline=None)
def test_neighbour_sums(edges, width, dtype, weighted):
    source, target, nodes = edges
    check_neighbour_sums(CSR.from_edges(source, target, nodes)[0], width, dtype, weighted)


@pytest.mark.parametrize("weighted", [False, True])
def test_neighbour_sums_of_long_rows(weighted):
    check_neighbour_sums(graph_of(100, 20, hub=1300), 8, torch.float32, weighted)


def check_neighbour_sums(graph, width, dtype, weighted):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(graph.num_sources, width, generator=generator).to(dtype)
    weight = torch.randn(graph.num_edges, generator=generator).to(dtype) if weighted else None

    def once(kind):
        leaves = [t.detach().to(kind).requires_grad_() for t in (values, weight) if t is not None]
        out = gather_scatter(leaves[0], graph, *leaves[1:])
        return out, *torch.autograd.grad(out.square().sum() / 2, leaves)

    for result, right in zip(once(dtype), once(torch.float64), strict=True):
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        torch.testing.assert_close(result.double() / scale, right / scale, rtol=0, atol=4 * TOLERANCE[dtype])


def test_arguments_of_another_version_are_refused(emulator):
    for name, struct in (
        ("graph_attention", native.AttentionArguments),
        ("graph_attention_backward", native.AttentionArguments),
        ("segment_reduce", native.SegmentArguments),
    ):
        given = struct(size=ctypes.sizeof(struct) - 8)
        assert native_cuda.launch(emulator, name, given, torch.device("cpu")) == 1


def test_edges_without_targets_are_refused(emulator):
    for name in ("graph_attention", "graph_attention_backward"):
        given = native.AttentionArguments(
            size=ctypes.sizeof(native.AttentionArguments), sources=3, edges=3, heads=1, width=32
        )
        assert native_cuda.launch(emulator, name, given, torch.device("cpu")) == 2
