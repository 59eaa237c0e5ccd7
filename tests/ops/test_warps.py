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
from ops_reference import arguments, edge_lists
from torch import Tensor

from usg.ops import (
    CSR,
    attention_native,
    build,
    gather_scatter,
    graph_attention,
    library,
    native,
    native_cuda,
    segment_max,
    segment_mean,
    segment_native,
    segment_softmax,
    segment_sum,
)

NAMES = ("q", "k", "v", "key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")
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


def graph_of(edges: int, nodes: int, hub: int = 0) -> CSR:
    """Random edges, and `hub` more into node 0 and out of node 1."""
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


def agree(result: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    for name, right in expected.items():
        # Gradients of tables are sums over all edges: errors are measured against the largest entry.
        scale = max(1.0, right.abs().max().item()) if right.numel() else 1.0
        error = (result[name].double() - right).abs().max().item() / scale if right.numel() else 0.0
        assert error <= tolerance, (name, error)


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


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 6, 8, 12, 16])
def test_every_number_of_heads(heads):
    compare(graph_of(90, 20), heads, 16, torch.float32, attributes=9, dropout=0.3)
