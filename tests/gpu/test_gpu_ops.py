"""The ops on a GPU against the CPU in float64; run by tests/gpu/run.sh."""

import pytest
import torch

from usg.ops import (
    CSR,
    backend,
    gather_scatter,
    graph_attention,
    graph_self_attention,
    segment_max,
    segment_mean,
    segment_softmax,
    segment_sum,
)

pytestmark = pytest.mark.gpu

TOLERANCE = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-4},
    torch.float16: {"rtol": 1e-2, "atol": 1e-2},
    torch.bfloat16: {"rtol": 5e-2, "atol": 5e-2},
}
NAMES = ("q", "k", "v", "key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")
HEADS, WIDTH, TYPES, ATTRIBUTES = 4, 32, 17, 6


def graphs() -> dict[str, CSR]:
    generator = torch.Generator().manual_seed(0)

    def random(nodes: int, edges: int) -> tuple[torch.Tensor, torch.Tensor]:
        source, target = torch.randint(0, nodes, (2, edges), generator=generator)
        return source, target

    source, target = random(2000, 10000)
    hub = torch.cat([source, torch.arange(2000).repeat(10)]), torch.cat([target, torch.zeros(20000, dtype=torch.int64)])
    return {
        "random": CSR.from_edges(source, target, 2000)[0],
        "hub": CSR.from_edges(*hub, 2000)[0],
        "empty rows": CSR.from_edges(source, target // 2, 2000)[0],
        "no edges": CSR.from_edges([], [], 5)[0],
        "one node": CSR.from_edges([0, 0], [0, 0], 1)[0],
    }


GRAPHS = graphs()


def inputs(
    graph: CSR, dtype: torch.dtype, heads: int = HEADS, width: int = WIDTH
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Inputs on the CPU, rounded to `dtype`, and edge types."""
    generator = torch.Generator().manual_seed(1)
    shapes = {
        "q": (graph.num_targets, heads, width),
        "k": (graph.num_sources, heads, width),
        "v": (graph.num_sources, heads, width),
        "key_table": (TYPES, heads, width),
        "value_table": (TYPES, heads, width),
        "bias": (TYPES, heads),
        "edge_attr": (graph.num_edges, ATTRIBUTES),
        "key_proj": (ATTRIBUTES, heads, width),
        "value_proj": (ATTRIBUTES, heads, width),
    }
    tensors = {name: torch.randn(*shape, generator=generator).to(dtype) for name, shape in shapes.items()}
    return tensors, torch.randint(0, TYPES, (graph.num_edges,), generator=generator, dtype=torch.int32)


def attend(graph: CSR, tensors: dict[str, torch.Tensor], types: torch.Tensor, device: str, dtype: torch.dtype):
    """Output and gradients of the sum of squares / 2, named."""
    moved = {name: t.to(device, dtype).requires_grad_() for name, t in tensors.items()}
    out = graph_attention(graph=graph.to(device), edge_type=types.to(device), **moved)
    grads = torch.autograd.grad(out.square().sum() / 2, [moved[name] for name in NAMES])
    return {"out": out, **dict(zip(NAMES, grads, strict=True))}


def attend_jointly(graph: CSR, tensors: dict[str, torch.Tensor], types: torch.Tensor, dtype: torch.dtype):
    """`attend` on the GPU by `graph_self_attention`."""
    moved = {name: t.to("cuda", dtype).requires_grad_() for name, t in tensors.items()}
    states = torch.stack([moved.pop(name).detach() for name in ("q", "k", "v")], 1).requires_grad_()
    out = graph_self_attention(states, graph=graph.to("cuda"), edge_type=types.to("cuda"), **moved)
    of_states, *rest = torch.autograd.grad(out.square().sum() / 2, [states, *moved.values()])
    return {"out": out, **dict(zip(NAMES, [*of_states.unbind(1), *rest], strict=True))}


def agree(result: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], dtype: torch.dtype) -> None:
    for part, right in expected.items():
        # Gradients of tables are sums over all edges: errors are measured against the largest entry.
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        torch.testing.assert_close(result[part].double().cpu() / scale, right / scale, **TOLERANCE[dtype], msg=part)


def test_the_kernels_answer():
    """Needs nvcc, or a wheel that carries them; everything below would pass on plain torch too."""
    assert backend("cuda") == "cuda"


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("name", list(GRAPHS))
def test_attention_equals_float64_on_the_cpu(name, dtype):
    tensors, types = inputs(GRAPHS[name], dtype)
    expected = attend(GRAPHS[name], tensors, types, "cpu", torch.float64)
    agree(attend(GRAPHS[name], tensors, types, "cuda", dtype), expected, dtype)


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("name", list(GRAPHS))
def test_joint_states_give_the_same_bits(name, dtype):
    tensors, types = inputs(GRAPHS[name], dtype)
    separate = attend(GRAPHS[name], tensors, types, "cuda", dtype)
    joint = attend_jointly(GRAPHS[name], tensors, types, dtype)
    assert all(torch.equal(joint[part], separate[part]) for part in separate)


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize(
    ("heads", "width"), [(8, 16), (3, 24), (8, 32), (2, 64), (5, 80), (1, 128), (1, 160), (16, 32)]
)
def test_every_width(heads, width, dtype):
    tensors, types = inputs(GRAPHS["random"], dtype, heads, width)
    expected = attend(GRAPHS["random"], tensors, types, "cpu", torch.float64)
    agree(attend(GRAPHS["random"], tensors, types, "cuda", dtype), expected, dtype)


@pytest.fixture
def atomics(monkeypatch):
    monkeypatch.setenv("USG_OPS_ATOMIC", "1")


def without_transpose(graph: CSR) -> CSR:
    """On the GPU, with no transposed edges: gradients of keys and values summed over them would be 0."""
    moved = graph.to("cuda")
    for array in (moved.colptr, moved.row, moved.position):
        array.zero_()
    return moved


# Of one node the gradients of keys cancel, and in half types the rounding of the output would be what is left.
@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, dtype) for name in GRAPHS for dtype in TOLERANCE if name != "one node" or dtype == torch.float32],
    ids=str,
)
def test_attention_equals_float64_with_atomic_sums(atomics, name, dtype):
    tensors, types = inputs(GRAPHS[name], dtype)
    expected = attend(GRAPHS[name], tensors, types, "cpu", torch.float64)
    agree(attend(without_transpose(GRAPHS[name]), tensors, types, "cuda", dtype), expected, dtype)


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize(("heads", "width"), [(8, 16), (3, 24), (2, 64), (5, 80), (1, 128)])
def test_every_width_with_atomic_sums(atomics, heads, width, dtype):
    tensors, types = inputs(GRAPHS["random"], dtype, heads, width)
    expected = attend(GRAPHS["random"], tensors, types, "cpu", torch.float64)
    agree(attend(without_transpose(GRAPHS["random"]), tensors, types, "cuda", dtype), expected, dtype)


def test_atomic_sums_change_the_gradients_of_keys_and_values_alone(atomics, monkeypatch):
    tensors, types = inputs(GRAPHS["hub"], torch.float32)
    result = attend(GRAPHS["hub"], tensors, types, "cuda", torch.float32)
    monkeypatch.setenv("USG_OPS_ATOMIC", "0")
    ordered = attend(GRAPHS["hub"], tensors, types, "cuda", torch.float32)
    assert all(torch.equal(result[part], ordered[part]) for part in result if part not in ("k", "v"))


def test_determinism_asked_of_torch_forbids_atomic_sums(atomics, monkeypatch):
    tensors, types = inputs(GRAPHS["random"], torch.float32)
    graph = without_transpose(GRAPHS["random"])
    torch.use_deterministic_algorithms(True)
    try:
        assert not attend(graph, tensors, types, "cuda", torch.float32)["k"].any()
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_captured_graph_adds_up_anew(atomics, dtype):
    tensors, types = inputs(GRAPHS["random"], dtype)
    graph, types = without_transpose(GRAPHS["random"]), types.cuda()
    leaves = {part: tensor.cuda().requires_grad_() for part, tensor in tensors.items()}

    def step() -> torch.Tensor:
        out = graph_attention(graph=graph, edge_type=types, **leaves)
        return torch.autograd.grad(out.square().sum() / 2, leaves["k"])[0]

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            expected = step()
    torch.cuda.current_stream().wait_stream(side)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        result = step()
    for _ in range(2):
        captured.replay()
        torch.testing.assert_close(result, expected, **TOLERANCE[dtype])


def test_a_hub_of_a_hundred_thousand_edges():
    generator = torch.Generator().manual_seed(4)
    source = torch.randint(0, 500, (102_000,), generator=generator)
    target = torch.cat([torch.zeros(100_000, dtype=torch.int64), torch.randint(0, 500, (2000,), generator=generator)])
    graph, _ = CSR.from_edges(source, target, 500)
    tensors, types = inputs(graph, torch.float32)
    expected = attend(graph, tensors, types, "cpu", torch.float64)
    agree(attend(graph, tensors, types, "cuda", torch.float32), expected, torch.float32)


@pytest.mark.parametrize("name", ["random", "hub"])
def test_a_captured_graph_gives_the_same_bits(name):
    """Forward and backward, replayed on other values than those it was captured with."""
    tensors, types = inputs(GRAPHS[name], torch.float32)
    graph, types = GRAPHS[name].to("cuda"), types.cuda()
    leaves = {part: tensor.cuda().requires_grad_() for part, tensor in tensors.items()}

    def step() -> list[torch.Tensor]:
        out = graph_attention(graph=graph, edge_type=types, **leaves)
        return [out, *torch.autograd.grad(out.square().sum() / 2, [leaves[part] for part in NAMES])]

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        results = step()
    with torch.no_grad():
        for tensor in leaves.values():
            tensor.mul_(0.5)
    captured.replay()
    for result, right in zip(results, step(), strict=True):
        assert torch.equal(result, right)


def test_the_current_stream_is_used():
    """What was launched on a stream before is seen, and what comes after sees the result."""
    tensors, types = inputs(GRAPHS["random"], torch.float32)
    graph, types = GRAPHS["random"].to("cuda"), types.cuda()
    moved = {part: tensor.cuda() for part, tensor in tensors.items()}
    expected = graph_attention(graph=graph, edge_type=types, **moved)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        late = {part: torch.zeros_like(tensor) for part, tensor in moved.items()}
        torch.cuda._sleep(50_000_000)
        for part, tensor in moved.items():
            late[part].copy_(tensor)
        result = graph_attention(graph=graph, edge_type=types, **late).clone()
    stream.synchronize()
    assert torch.equal(result, expected)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
@pytest.mark.parametrize("name", ["random", "hub"])
def test_tensors_on_another_device_than_the_current(name):
    tensors, types = inputs(GRAPHS[name], torch.float32)
    expected = attend(GRAPHS[name], tensors, types, "cpu", torch.float64)
    with torch.cuda.device(0):
        agree(attend(GRAPHS[name], tensors, types, "cuda:1", torch.float32), expected, torch.float32)


@pytest.mark.parametrize("name", list(GRAPHS))
def test_the_same_bits_on_every_run(name):
    tensors, types = inputs(GRAPHS[name], torch.float32)
    first, second = (attend(GRAPHS[name], tensors, types, "cuda", torch.float32) for _ in range(2))
    for part in first:
        assert torch.equal(first[part], second[part]), part


@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
@pytest.mark.parametrize("op", [segment_sum, segment_mean, segment_max, segment_softmax])
@pytest.mark.parametrize("name", list(GRAPHS))
def test_segments_equal_float64_on_the_cpu(name, op, dtype):
    graph = GRAPHS[name]
    values = torch.randn(graph.num_edges, 3, generator=torch.Generator().manual_seed(2)).to(dtype)

    def both(device, kind):
        moved = values.to(device, kind).requires_grad_()
        out = op(moved, graph.rowptr.to(device))
        return out, torch.autograd.grad(out.square().sum() / 2, moved)[0]

    for result, right in zip(both("cuda", dtype), both("cpu", torch.float64), strict=True):
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        torch.testing.assert_close(result.double().cpu() / scale, right / scale, **TOLERANCE[dtype])


@pytest.mark.parametrize("name", list(GRAPHS))
def test_neighbour_sums_equal_float64_on_the_cpu(name):
    graph = GRAPHS[name]
    generator = torch.Generator().manual_seed(3)
    values, weight = (
        torch.randn(graph.num_sources, 8, generator=generator),
        torch.randn(graph.num_edges, generator=generator),
    )

    def both(device, kind):
        moved = [tensor.to(device, kind).requires_grad_() for tensor in (values, weight)]
        out = gather_scatter(moved[0], graph.to(device), moved[1])
        return out, *torch.autograd.grad(out.square().sum() / 2, moved)

    for result, right in zip(both("cuda", torch.float32), both("cpu", torch.float64), strict=True):
        torch.testing.assert_close(result.double().cpu(), right, rtol=1e-3, atol=1e-3)


def test_dropout_follows_the_seed():
    graph = GRAPHS["random"].to("cuda")
    tensors, types = inputs(GRAPHS["random"], torch.float32)
    moved = {name: tensor.cuda() for name, tensor in tensors.items()}

    def seeded(seed):
        torch.manual_seed(seed)
        return graph_attention(graph=graph, edge_type=types.cuda(), **moved, dropout=0.3)

    assert torch.equal(seeded(1), seeded(1))
    assert not torch.equal(seeded(1), seeded(2))


def test_autocast_to_bfloat16():
    graph = GRAPHS["random"].to("cuda")
    tensors, types = inputs(GRAPHS["random"], torch.float32)
    moved = {name: tensor.cuda().requires_grad_() for name, tensor in tensors.items()}
    with torch.autocast("cuda", torch.bfloat16):
        out = graph_attention(graph=graph, edge_type=types.cuda(), **moved)
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    assert all(moved[name].grad.dtype == torch.float32 for name in NAMES)


def test_a_graph_that_comes_back_without_waiting_is_whole():
    graph = GRAPHS["hub"]
    torch.cuda._sleep(50_000_000)
    back = graph.to("cuda").to("cpu", non_blocking=True)
    for name in ("rowptr", "col", "colptr", "row", "position", "row_index"):
        assert torch.equal(getattr(back, name), getattr(graph, name)), name


def test_a_graph_on_another_device_is_refused():
    tensors, types = inputs(GRAPHS["random"], torch.float32)
    moved = {name: tensor.cuda() for name, tensor in tensors.items()}
    with pytest.raises(ValueError, match=r"q is on cuda:0, the graph on cpu; use CSR\.to"):
        graph_attention(graph=GRAPHS["random"], edge_type=types, **moved)
