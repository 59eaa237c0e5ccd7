import importlib
import importlib.machinery
import itertools
import sys
import types

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ops_reference import arguments, attend, attend_jointly, attention, edge_lists, graph_of

from usg.ops import CSR, backend, graph_attention, graph_self_attention, sparse

pytestmark = pytest.mark.usefixtures("implementation")

# A loop, a repeated edge, a hub (node 0), a node that hears nothing (4), a node nobody hears (6).
SOURCE = torch.tensor([0, 1, 1, 1, 2, 3, 4, 5, 5, 2, 0, 1])
TARGET = torch.tensor([0, 0, 0, 2, 0, 0, 0, 0, 5, 6, 3, 1])
DIFFERENTIABLE = ("q", "k", "v", "key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")


def example(attributes: int = 0, **sizes):
    graph, _ = CSR.from_edges(SOURCE, TARGET, 7)
    return graph, arguments(graph, attributes=attributes, **sizes)


def run(graph, inputs, dropout=0.0):
    return graph_attention(graph=graph, **inputs, dropout=dropout)


@given(edge_lists(), st.sampled_from([1, 2, 3]), st.sampled_from([1, 3, 8]), st.sampled_from([0, 1, 3]))
@settings(max_examples=80, deadline=None)
def test_equals_the_dense_reference(edges, heads, width, attributes):
    source, target, nodes = edges
    graph, order = CSR.from_edges(source, target, nodes)
    inputs = arguments(graph, heads, width, attributes=attributes)
    for tensor in inputs.values():
        tensor.requires_grad_(tensor.is_floating_point())
    expected = attention(source=source[order], target=target[order], **inputs)
    result = run(graph, inputs)
    torch.testing.assert_close(result, expected)
    leaves = [inputs[name] for name in DIFFERENTIABLE if name in inputs]
    weight = torch.randn(result.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ours, right = (torch.autograd.grad(out, leaves, weight, retain_graph=True) for out in (result, expected))
    for a, b in zip(ours, right, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("attributes", [0, 2])
def test_gradients(attributes):
    graph, inputs = example(attributes)
    names = [name for name in DIFFERENTIABLE if name in inputs]
    leaves = [inputs[name].requires_grad_() for name in names]
    assert torch.autograd.gradcheck(lambda *x: run(graph, inputs | dict(zip(names, x, strict=True))), leaves)


def test_gradients_between_two_sets_of_nodes():
    graph, _ = CSR.from_edges([4, 0, 2], [1, 1, 0], num_nodes=2, num_sources=5)
    inputs = arguments(graph)
    leaves = [inputs[name].requires_grad_() for name in ("q", "k", "v")]
    assert torch.autograd.gradcheck(lambda q, k, v: run(graph, inputs | {"q": q, "k": k, "v": v}), leaves)


def test_gradient_of_dropped_attention_is_that_of_the_drawn_mask():
    graph, inputs = example(1, heads=1, width=2, types=2)
    leaves = [inputs[name].requires_grad_() for name in DIFFERENTIABLE]

    def seeded(*x):
        torch.manual_seed(5)
        return run(graph, inputs | dict(zip(DIFFERENTIABLE, x, strict=True)), dropout=0.4)

    assert torch.autograd.gradcheck(seeded, leaves, fast_mode=True)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_the_path_without_sparse_kernels_agrees(monkeypatch, dropout):
    monkeypatch.setenv("USG_OPS", "torch")
    graph, inputs = example(2)
    leaves = [inputs[name].requires_grad_() for name in DIFFERENTIABLE]

    def once():
        torch.manual_seed(0)
        result = run(graph, inputs, dropout)
        return [result, *torch.autograd.grad(result.square().sum(), leaves)]

    first = once()
    monkeypatch.setattr(sparse, "_has_sparse_kernels", lambda tensor: False)
    torch.testing.assert_close(once(), first)


def test_attributes_without_gradient_get_none():
    graph, inputs = example(2)
    inputs["key_proj"].requires_grad_()
    run(graph, inputs).sum().backward()
    assert inputs["edge_attr"].grad is None
    assert inputs["key_proj"].grad is not None


@given(st.permutations(range(len(SOURCE))))
@settings(max_examples=20, deadline=None)
def test_the_order_of_edges_does_not_matter(permutation):
    permutation = torch.tensor(permutation)
    graph, order = CSR.from_edges(SOURCE, TARGET, 7)
    inputs = arguments(graph, attributes=2)
    other, moved = CSR.from_edges(SOURCE[permutation], TARGET[permutation], 7)
    # Input edge of each slot of the other handle, then the slot of that edge in the first.
    slot = torch.argsort(order)[permutation[moved]]
    shuffled = inputs | {name: inputs[name][slot] for name in ("edge_type", "edge_attr")}
    torch.testing.assert_close(run(other, shuffled), run(graph, inputs))


def test_permuting_nodes_permutes_the_output():
    graph, order = CSR.from_edges(SOURCE, TARGET, 7)
    inputs = arguments(graph)
    place = torch.randperm(7, generator=torch.Generator().manual_seed(3))
    other, moved = CSR.from_edges(place[SOURCE], place[TARGET], 7)
    renamed = inputs | {"edge_type": inputs["edge_type"][torch.argsort(order)][moved]}
    for name in ("q", "k", "v"):
        renamed[name] = inputs[name][torch.argsort(place)]
    torch.testing.assert_close(run(other, renamed)[place], run(graph, inputs))


def test_a_batch_of_graphs_equals_the_graphs_alone():
    first, inputs = example(2)
    second, _ = CSR.from_edges([1, 0, 2, 2], [0, 0, 1, 2], 3)
    others = arguments(second, attributes=2)
    others |= {name: inputs[name] for name in ("key_table", "value_table", "bias", "key_proj", "value_proj")}
    both, order = CSR.from_edges(
        torch.cat([first.col, second.col + 7]), torch.cat([first.row_index, second.row_index + 7]), 10
    )
    packed = dict(inputs)
    for name in ("q", "k", "v"):
        packed[name] = torch.cat([inputs[name], others[name]])
    for name in ("edge_type", "edge_attr"):
        packed[name] = torch.cat([inputs[name], others[name]])[order]
    alone = torch.cat([run(first, inputs), run(second, others)])
    torch.testing.assert_close(run(both, packed), alone)


def test_a_repeated_edge_counts_twice():
    graph, _ = CSR.from_edges([0, 0, 1], [2, 2, 2], 3)
    inputs = arguments(graph, heads=1)
    inputs["edge_type"].zero_()
    inputs["q"].zero_()
    v, table = inputs["v"], inputs["value_table"]
    torch.testing.assert_close(run(graph, inputs)[2], (2 * v[0] + v[1]) / 3 + table[0])


def test_a_node_that_hears_nothing_gets_zero():
    graph, inputs = example(2)
    assert torch.equal(run(graph, inputs)[4], torch.zeros(2, 3, dtype=torch.float64))


@pytest.mark.parametrize("nodes", [0, 1, 3])
def test_no_edges(nodes):
    graph, _ = CSR.from_edges([], [], nodes)
    inputs = arguments(graph, attributes=2)
    leaves = [inputs[name].requires_grad_() for name in DIFFERENTIABLE]
    result = run(graph, inputs)
    assert torch.equal(result, torch.zeros(nodes, 2, 3, dtype=torch.float64))
    for grad in torch.autograd.grad(result.sum(), leaves):
        assert not grad.any()


def test_one_node_hears_itself():
    graph, _ = CSR.from_edges([0], [0], 1)
    inputs = arguments(graph)
    torch.testing.assert_close(run(graph, inputs), inputs["v"] + inputs["value_table"][inputs["edge_type"]])


def test_a_long_row_and_large_logits_stay_finite():
    graph, _ = CSR.from_edges(torch.arange(5000), torch.zeros(5000, dtype=torch.int64), 5000)
    inputs = arguments(graph, dtype=torch.float32)
    inputs["q"] *= 1e3
    inputs["q"].requires_grad_()
    result = run(graph, inputs)
    result.sum().backward()
    assert result.isfinite().all()
    assert inputs["q"].grad.isfinite().all()


def test_a_nan_stays_in_the_rows_that_hear_it():
    graph, inputs = example()
    inputs["q"][3] = float("nan")
    bad = run(graph, inputs).isnan().flatten(1).any(1)
    assert bad.tolist() == [i == 3 for i in range(7)]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bits_on_every_run_and_thread_count(threads):
    torch.manual_seed(0)
    source, target = torch.randint(0, 900, (2, 20000))
    graph, _ = CSR.from_edges(source, target, 900)
    inputs = arguments(graph, heads=4, width=32, attributes=4, dtype=torch.float32)
    leaves = [inputs[name].requires_grad_() for name in DIFFERENTIABLE]

    def once():
        result = run(graph, inputs)
        return [result, *torch.autograd.grad(result.square().sum(), leaves)]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = once()
        torch.set_num_threads(threads)
        for name, a, b in zip(("out", *DIFFERENTIABLE), expected, once(), strict=True):
            assert torch.equal(a, b), name
    finally:
        torch.set_num_threads(before)


def test_dropout_follows_the_seed_and_keeps_the_mean():
    graph, inputs = example()
    copies = 3000
    shift = torch.arange(copies).repeat_interleave(graph.num_edges) * 7
    many, _ = CSR.from_edges(graph.col.repeat(copies) + shift, graph.row_index.repeat(copies) + shift, 7 * copies)
    repeated = inputs | {name: inputs[name].repeat(copies, 1, 1) for name in ("q", "k", "v")}
    repeated["edge_type"] = inputs["edge_type"].repeat(copies)
    torch.manual_seed(1)
    draws = run(many, repeated, dropout=0.5)
    torch.manual_seed(1)
    assert torch.equal(run(many, repeated, dropout=0.5), draws)
    assert not torch.equal(run(many, repeated, dropout=0.5), draws)
    draws = draws.view(copies, 7, 2, 3)
    mean, error = draws.mean(0), draws.std(0) / copies**0.5
    assert ((mean - run(graph, inputs)).abs() <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_narrow_types_are_computed_in_float32(dtype):
    graph, inputs = example(2)
    narrow = {name: t.to(dtype) if t.is_floating_point() else t for name, t in inputs.items()}
    wide = {name: t.double() if t.is_floating_point() else t for name, t in narrow.items()}
    result = run(graph, narrow)
    assert result.dtype == dtype
    torch.testing.assert_close(result, run(graph, wide).to(dtype))


def test_autocast_brings_parameters_and_activations_together():
    graph, inputs = example(2, dtype=torch.float32)
    inputs |= {name: inputs[name].bfloat16() for name in ("q", "k", "v")}
    inputs["bias"].requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        result = run(graph, inputs)
    result.sum().backward()
    assert result.dtype == torch.bfloat16
    assert inputs["bias"].grad.dtype == torch.float32
    with pytest.raises(TypeError, match=r"key_table is torch\.float32 but q is torch\.bfloat16"):
        run(graph, inputs)


def test_strided_inputs_and_int32_types():
    graph, inputs = example()
    strided = dict(inputs)
    for name in ("q", "k", "v", "key_table", "value_table"):
        strided[name] = inputs[name].transpose(0, 1).contiguous().transpose(0, 1)
    strided["edge_type"] = inputs["edge_type"].int()
    assert torch.equal(run(graph, strided), run(graph, inputs))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [5, 32])
def test_joint_states_give_the_same_bits(width, dtype, dropout):
    graph = graph_of(90, 20, hub=1500)
    inputs = arguments(graph, 4, width, attributes=2, dtype=dtype)
    separate, joint = attend(graph, inputs, dropout), attend_jointly(graph, inputs, dropout)
    assert all(torch.equal(joint[name], separate[name]) for name in separate)


@pytest.mark.parametrize("shape", [(7, 3, 6), (7, 2, 2, 3), (7, 4, 2, 3)])
def test_joint_states_of_another_shape_are_refused(shape):
    graph, inputs = example()
    rest = {name: tensor for name, tensor in inputs.items() if name not in ("q", "k", "v")}
    with pytest.raises(ValueError, match=r"qkv must be \(n, 3, H, D\), got shape \(7, "):
        graph_self_attention(torch.zeros(shape, dtype=torch.float64), graph, **rest)


def test_joint_states_need_as_many_sources_as_targets():
    graph, _ = CSR.from_edges([4, 0, 2], [1, 1, 0], num_nodes=2, num_sources=5)
    inputs = arguments(graph)
    rest = {name: tensor for name, tensor in inputs.items() if name not in ("q", "k", "v")}
    with pytest.raises(ValueError, match=r"k must be \(5, 2, 3\) for this q and graph, got \(2, 2, 3\)"):
        graph_self_attention(torch.zeros(2, 3, 2, 3, dtype=torch.float64), graph, **rest)


# torch's own tracer instantiates the autograd function, of which torch warns.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_compiles_without_graph_breaks(mode):
    graph, inputs = example(2)
    leaves = [inputs[name].requires_grad_() for name in DIFFERENTIABLE]

    def step(*x):
        return run(graph, inputs | dict(zip(DIFFERENTIABLE, x, strict=True))).square()

    compiled = torch.compile(step, backend="aot_eager", fullgraph=True)
    if mode == "forward":
        torch.testing.assert_close(compiled(*leaves), step(*leaves))
    else:
        ours, right = (torch.autograd.grad(f(*leaves).sum(), leaves) for f in (compiled, step))
        torch.testing.assert_close(ours, right)


def test_second_derivatives_are_refused():
    graph, inputs = example()
    q = inputs["q"].requires_grad_()
    (grad,) = torch.autograd.grad(run(graph, inputs).square().sum(), q, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"q": torch.zeros(7, 6)}, ValueError, r"q must be \(n, H, D\), got shape \(7, 6\)"),
        ({"q": torch.zeros(7, 0, 3)}, ValueError, "at least one head"),
        ({"k": torch.zeros(7, 3, 3)}, ValueError, r"k must be \(7, 2, 3\) for this q and graph, got \(7, 3, 3\)"),
        ({"v": torch.zeros(6, 2, 3)}, ValueError, r"v must be \(7, 2, 3\)"),
        ({"bias": torch.zeros(4)}, ValueError, r"bias must be \(4, 2\)"),
        ({"value_table": torch.zeros(3, 2, 3)}, ValueError, r"value_table must be \(4, 2, 3\)"),
        ({"edge_type": torch.zeros(3, dtype=torch.int64)}, ValueError, r"edge_type must be \(12,\)"),
        ({"edge_type": torch.zeros(12)}, TypeError, "edge_type must be int32 or int64, got torch.float32"),
        ({"edge_type": torch.full((12,), 4)}, IndexError, r"run from 4 to 4, the tables hold \[0, 4\)"),
        ({"edge_type": torch.full((12,), -1)}, IndexError, "run from -1"),
        ({"key_proj": torch.zeros(2, 2, 3)}, ValueError, "need edge_attr"),
        ({"edge_attr": torch.zeros(12, 2)}, ValueError, "edge_attr needs key_proj and value_proj"),
        ({"k": torch.zeros(7, 2, 3, device="meta")}, ValueError, "k is on meta, the graph on cpu"),
        ({"k": torch.zeros(7, 2, 3)}, TypeError, "k is torch.float32 but q is torch.float64"),
        ({"dropout": 1.0}, ValueError, r"dropout must be in \[0, 1\), got 1.0"),
        ({"dropout": -0.1}, ValueError, "got -0.1"),
        ({"dropout": float("nan")}, ValueError, "got nan"),
    ],
)
def test_refuses(changes, error, message):
    graph, inputs = example()
    with pytest.raises(error, match=message):
        graph_attention(graph=graph, **(inputs | changes))


def test_backend_is_named(implementation):
    assert backend() == implementation


@pytest.mark.peers
def test_torch_scatter_answers_the_same(monkeypatch):
    pytest.importorskip("torch_scatter", exc_type=ImportError)
    graph, inputs = example(2)
    expected = run(graph, inputs)
    monkeypatch.setenv("USG_OPS", "torch_scatter")
    torch.testing.assert_close(run(graph, inputs), expected)


def test_torch_scatter_is_what_reduces_when_it_is_chosen(monkeypatch):
    graph, inputs = example(2)
    expected = run(graph, inputs)
    module, called = types.ModuleType("torch_scatter"), []
    module.__spec__ = importlib.machinery.ModuleSpec("torch_scatter", None)

    def segment_csr(values, pointer, reduce):
        called.append(reduce)
        assert pointer.dtype == torch.int64
        rows = [values[a:b] for a, b in itertools.pairwise(pointer.tolist())]
        empty = values.new_zeros(values.shape[1:])
        return torch.stack([(r.amax(0) if reduce == "max" else r.sum(0)) if len(r) else empty for r in rows])

    module.segment_csr = segment_csr
    monkeypatch.setitem(sys.modules, "torch_scatter", module)
    monkeypatch.setenv("USG_OPS", "torch_scatter")
    backend_module = importlib.import_module("usg.ops.backend")
    try:
        torch.testing.assert_close(run(graph, inputs), expected)
    finally:
        backend_module._resolve.cache_clear()
    assert set(called) == {"max", "sum"}


def test_vmap_is_refused():
    graph, inputs = example()
    queries = torch.stack([inputs["q"], inputs["q"]])
    with pytest.raises(RuntimeError, match="vmap"):
        torch.vmap(lambda q: run(graph, inputs | {"q": q}))(queries)
