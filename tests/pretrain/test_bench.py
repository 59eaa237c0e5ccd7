"""`usg bench pretrain` runs and says what it says it says; its figures are not tested."""

import json
from pathlib import Path

import pytest
import torch

from usg.batch import Vocabulary, pack
from usg.nn import GraphTransformerConfig
from usg.parsers.benchmark import in_fresh_process
from usg.pretrain import bench
from usg.pretrain.bench import _rows, _Setting, main
from usg.pretrain.bench_systems import SYSTEMS
from usg.world import scenes

PARTS = ("step", "forward", "backward", "input")


def test_a_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # A process for each system takes its seconds; that of one is enough here.
    monkeypatch.setattr(
        bench,
        "in_fresh_process",
        lambda run, name, setting: in_fresh_process(run, name, setting) if name == "usg" else run(name, setting),
    )
    file = tmp_path / "rows.json"
    words = ["--size", "tiny", "--batch-size", "2", "--steps", "1", "--rounds", "1", "--captions", "1"]
    assert main([*words, "--json", str(file)]) == 0
    result = json.loads(file.read_text())
    assert result["command"].startswith("usg bench pretrain --size tiny")
    rows = result["rows"]
    assert [row["system"] for row in rows] == list(SYSTEMS) * len(PARTS)
    cases = [f"tiny, 2 graphs with 1 caption, 1 thread: {part}" for part in PARTS]
    assert [row["case"] for row in rows] == [case for case in cases for _ in SYSTEMS]
    assert capsys.readouterr().out.count("\n") == len(rows) + 1
    can_weigh = Path("/proc/self/clear_refs").exists()
    for row in rows:
        assert row["seconds"] > 0
        assert (row["ratio"] == 1.0) == (row["system"] == "usg")
        assert (row["share"] == 1.0) == row["case"].endswith("step")
        assert (row["peak_mib"] is not None) == (row["case"].endswith("step") and can_weigh)


def test_ratio_is_the_time_of_a_peer_over_ours_in_the_same_round() -> None:
    setting = _Setting("tiny", 10, 0, 1, "cpu", "wall", Path())
    ours = [{"forward": each, "backward": each, "input": each / 10} for each in (1.0, 2.0, 3.0)]
    peers = [{"forward": 3 * each, "backward": each, "input": each / 5} for each in (1.0, 2.0, 9.0)]
    rows = _rows(setting, {"usg": ours, "peer": peers}, {"usg": 1.0, "peer": 2.0}, {"usg": 5, "peer": 6})[:4]
    assert [row["ratio"] for row in rows] == pytest.approx([1.0, 2.0, 1.0, 3.0])
    assert [row["share"] for row in rows] == pytest.approx([1.0, 1.0, 1 / 2.1, 3 / 4.2])
    assert [row["per_second"] for row in rows[2:]] == pytest.approx([5.0, 10 / 6])
    assert [row["peak_mib"] for row in rows] == [1.0, 2.0, None, None]


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_are_of_one_size_and_hear_the_types_of_edges(name: str) -> None:
    graphs = list(scenes(2, "train", 0))
    vocabulary = Vocabulary.from_graphs(graphs)
    torch.manual_seed(0)
    config = GraphTransformerConfig(dim=96, layers=2, heads=3)
    model, ours = (SYSTEMS[each](config, vocabulary) for each in (name, "usg"))
    assert abs(model.num_parameters / ours.num_parameters - 1) < 0.05
    batch = pack(graphs, vocabulary)
    model(batch).square().sum().backward()
    missing = [name for name, each in model.named_parameters() if each.grad is None and not name.startswith("head.")]
    assert not missing
    before = model(batch)
    batch.edge_type.add_(1)
    assert not torch.allclose(model(batch), before)


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="--captions -1; expected a whole number >= 0"):
        main(["--captions", "-1"])
    with pytest.raises(ValueError, match="--rounds 0; expected a whole number >= 1"):
        main(["--rounds", "0"])
    with pytest.raises(LookupError, match="unknown size 'tny'; did you mean 'tiny'"):
        main(["--size", "tny"])
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees no CUDA device"):
            main(["--device", "cuda"])
