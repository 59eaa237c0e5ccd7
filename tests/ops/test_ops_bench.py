import json

import pytest
import torch

from usg.batch import Vocabulary, pack
from usg.formats import write_graphs
from usg.graph import Attribute, SceneGraph, SceneObject
from usg.ops import attention_native, backend, bench_layer, bench_systems
from usg.ops.backend import atomic
from usg.ops.bench import CASES, Case, _call, _on_one_thread, main, measure, scene_graphs
from usg.ops.bench_systems import build, edges, floor_bytes

SMALL = Case(graphs=3, nodes=5, degree=2, hub=True, words=2, heads=2, width=4, types=3)


def test_edges_of_a_case():
    graph, types = edges(SMALL)
    assert graph.num_targets == 3 * 7
    assert graph.rowptr.diff().tolist() == [7, 2, 2, 2, 2, 5, 5] * 3
    assert torch.equal(graph.col // 7, graph.row_index // 7)
    assert types.unique().tolist() == [0, 1, 2]


def test_edges_of_scene_graphs(tmp_path, capsys):
    scene = SceneGraph(objects=[SceneObject("o", "ball")], attributes=[Attribute("a", "o", "red")])
    path = tmp_path / "balls.jsonl"
    write_graphs([scene] * 100, path)
    graph, types = edges(scene_graphs(str(path)))
    batch = pack([scene], Vocabulary.from_graphs([scene]))
    assert graph.num_targets == 96 * batch.num_nodes
    assert types.tolist() == batch.edge_type.tolist() * 96
    assert main(["--case", "--graphs", str(path), "--threads", "1", "--rounds", "1"]) == 0
    assert all(line.startswith(("case", "balls, ")) for line in capsys.readouterr().out.splitlines())
    write_graphs([scene] * 95, tmp_path / "few.jsonl")
    with pytest.raises(ValueError, match=r"few\.jsonl has 95 graphs, 96 are needed"):
        main(["--graphs", str(tmp_path / "few.jsonl")])


def test_ours_on_one_thread_stands_beside_several():
    before, seen = torch.get_num_threads(), []
    _on_one_thread(lambda: seen.append(torch.get_num_threads()), before)
    assert seen == [1]
    assert torch.get_num_threads() == before


OURS = ["usg", "usg-torch"] if backend() == "cpu" else ["usg"]


@pytest.mark.skipif(backend() != "cpu", reason="there are no compiled kernels here")
def test_what_a_system_needs_holds_in_its_backward_pass_too(monkeypatch):
    asked, call = [], attention_native.call
    monkeypatch.setattr(attention_native, "call", lambda name, *rest: asked.append(name) or call(name, *rest))
    inputs, systems = build(SMALL, "cpu", torch.float32)
    asked.clear()
    _call("usg-torch", "forward+backward", systems["usg-torch"], inputs)()
    assert asked == []
    _call("usg", "forward+backward", systems["usg"], inputs)()
    assert asked == ["graph_attention", "graph_attention_backward"]


def test_atomic_sums_are_a_system_on_gpus(monkeypatch):
    monkeypatch.delenv("USG_OPS_ATOMIC", raising=False)
    monkeypatch.setattr(bench_systems, "backend", lambda kind: kind)
    systems = bench_systems.ours(atomic, "cuda")
    said = {}
    for name, run in systems.items():
        with bench_systems.chosen(name):
            said[name] = run()
    assert said == {"usg": False, "usg-torch": False, "usg-atomic": True}
    assert "usg-atomic" not in bench_systems.ours(atomic, "cpu")


def test_peers_compute_what_ours_computes():
    assert list(compare())[: len(OURS) + 2] == [*OURS, "pyg", "torch"]


def test_padded_attention_computes_what_ours_computes():
    assert list(compare(tables=False)) == [*OURS, "torch", "sdpa", "sdpa-dense"]


def test_skewed_degrees_keep_their_mean():
    graph, _ = edges(Case(graphs=1, nodes=500, degree=10, skew=3.0))
    degrees = graph.rowptr.diff()
    assert degrees.sum() == graph.num_edges == 5000
    assert degrees.max() > 300


def test_layers_compute_the_same_with_the_same_parameters():
    inputs, systems = bench_layer.build(SMALL, "cpu", torch.float32)
    assert list(systems) == [*OURS, "pyg"]
    expected = torch.autograd.grad(systems["usg"](), inputs.leaves, inputs.grad)
    for run in systems.values():
        torch.testing.assert_close(torch.autograd.grad(run(), inputs.leaves, inputs.grad), expected)


@pytest.mark.parametrize("kind", ["bias-only", "layer"])
def test_rows_of_other_kinds(kind):
    rows = measure("small", SMALL, threads=1, rounds=1, kind=kind)
    assert {row["case"].split(",")[0] for row in rows} == {f"small {kind}"}
    assert ("products" if kind == "layer" else "floor") in {row["system"] for row in rows}


@pytest.mark.peers
def test_torch_scatter_computes_what_ours_computes():
    pytest.importorskip("torch_scatter", exc_type=ImportError)
    assert "torch_scatter" in compare()


def compare(tables=True):
    """Every system on the small case, after a check that all compute the same."""
    inputs, systems = build(SMALL, "cpu", torch.float32, tables=tables)
    expected = torch.autograd.grad(systems["usg"](), inputs.leaves, inputs.grad)
    for name, run in systems.items():
        # To padded attention ready for it, the mask is a constant.
        count = 3 if name == "sdpa-dense" else 4
        with bench_systems.chosen(name):
            grads = torch.autograd.grad(run(), inputs.leaves[:count], inputs.grad)
        torch.testing.assert_close(grads, expected[:count])
    return systems


def test_floor_counts_each_tensor_once():
    inputs, _ = build(Case(graphs=1, nodes=4, degree=3, heads=1, width=2, types=2), "cpu", torch.float32)
    forward = 4 * 32 + 16 + 4 * (4 + 24)
    assert floor_bytes("forward", inputs) == forward
    assert floor_bytes("forward+backward", inputs) == forward + 8 * 32 + 2 * 16 + 2 * 4 * (4 + 24)


def test_rows(monkeypatch):
    threads = torch.get_num_threads()
    rows = measure("small", SMALL, threads=1, rounds=1)
    assert torch.get_num_threads() == threads
    assert {row["case"] for row in rows} == {
        "small, forward, float32, cpu, 1 thread",
        "small, forward+backward, float32, cpu, 1 thread",
    }
    assert [row["system"] for row in rows][-1] == "floor"
    for row in rows:
        assert set(row) == {"case", "system", "seconds", "per_second", "ratio", "peak_mib"}
        assert row["seconds"] > 0
        assert (row["ratio"] == 1.0) == (row["system"] == "usg")


def test_command_writes_the_rows(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(CASES, "levi", SMALL)
    assert main(["--case", "levi", "--threads", "1", "--rounds", "1", "--json", str(tmp_path / "ops.json")]) == 0
    result = json.loads((tmp_path / "ops.json").read_text())
    assert set(result) == {"command", "commit", "rows"}
    assert result["command"].startswith("usg bench ops --case levi")
    assert len(capsys.readouterr().out.splitlines()) == len(result["rows"]) + 1


def test_refuses_unknown_case_and_missing_device():
    with pytest.raises(LookupError, match="unknown case 'levy'; did you mean 'levi'"):
        main(["--case", "levy"])
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees no CUDA device"):
            main(["--device", "cuda"])
