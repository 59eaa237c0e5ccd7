"""The commands: from files of graphs to table and JSON, and what is wrong use."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_films import film, track
from small_graphs import picture

from usg.formats import write_graphs
from usg.metrics.scene_graph.cli import main
from usg.metrics.video_graph.cli import main as main_of_films

Capture = pytest.CaptureFixture[str]
THINGS = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10))}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    riding, near = ("m", "riding", "h", 0.9), ("m", "near", "h", 0.8)
    gold = [picture(THINGS, [riding, near], uri=f"set/{i}.png", attributes=[("m", "colour", "red")]) for i in range(4)]
    graphs = {
        "gold": gold,
        # In another order, and one is missing.
        "pred": [picture(THINGS, [riding], uri=f"set/{i}.png") for i in (2, 0, 1)],
        "other": [picture(THINGS, [near, riding], uri=f"set/{i}.png") for i in range(4)],
        "moved": [picture(THINGS, [riding], uri=f"elsewhere/{i}.png") for i in range(4)],
        "train": [picture(THINGS, [near])],
    }
    for name, each in graphs.items():
        write_graphs(each, tmp_path / f"{name}.jsonl")
    things = {"m": ("man", track((0, 0, 20, 40), range(10))), "d": ("dog", track((30, 0, 50, 20), range(10)))}
    write_graphs([film(things, [("m", "holding", "d", (0, 10))], uri="a.mp4")], tmp_path / "films.jsonl")
    return {name: str(tmp_path / f"{name}.jsonl") for name in (*graphs, "films")}


def test_from_files_to_table_and_json(files: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "scores.json"
    words = ["--gold", files["gold"], "--pred", files["pred"], "--pred", files["other"], "--resamples", "50"]
    assert main([*words, "--train", files["train"], "--json", str(target)]) == 0
    out = capsys.readouterr().out
    for text in (
        "protocol usg (",
        "empty_prediction=zero",
        "task sgdet",
        "matched by uri",
        "1 without prediction at all",
    ):
        assert text in out
    result = json.loads(target.read_text())
    # By hand: one of two relations in three of four pictures; the other system has all. near has been seen in training.
    found = {name: figure["value"] for name, figure in result["metrics"].items()}
    assert found["recall_at_20"] == pytest.approx(3 / 8)
    assert found["zero_shot_recall_at_20"] == pytest.approx(3 / 4)
    assert found["map50"] == pytest.approx(76 / 101)  # precision 1 up to recall 3/4, the points 0 to 0.75
    assert found["colour_accuracy"] == 0
    assert result["predicates"]["pred.jsonl"]["near"] == {
        "gold": 4, "recall_at_20": 0, "recall_at_50": 0, "recall_at_100": 0,
    }  # fmt: skip
    assert "riding 4 75.0 / 75.0 / 75.0 100.0 / 100.0 / 100.0" in " ".join(out.split())
    assert result["baselines"]["other.jsonl"]["recall_at_20"] == 1
    assert result["differences"]["other.jsonl"]["recall_at_20"]["value"] == pytest.approx(3 / 8 - 1)
    assert (result["n"], result["switches"]["region"], result["system"]) == (4, "box", "pred.jsonl")
    assert result["command"].startswith("usg evaluate scene-graph --gold") and result["protocol"].startswith("protocol")


def test_the_protocol_is_printed_with_the_number(files: dict[str, str], capsys: Capture) -> None:
    words = ["--gold", files["gold"], "--pred", files["other"], "--resamples", "10"]
    assert main([*words, "--protocol", "vg150", "--set", "predicate_classes=2", "--task", "predcls"]) == 0
    out = capsys.readouterr().out
    assert "protocol vg150 with predicate_classes=2 (Scene-Graph-Benchmark" in out
    assert "task predcls" in out and "empty_prediction=skip" in out and "no --train: no zero-shot recall" in out
    # near wins the pair: one of the two relations, one of the two predicates.
    assert "recall_at_20" in out and " 50.0" in out and "map50" not in out


def test_films(files: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "scores.json"
    words = ["--gold", files["films"], "--pred", files["films"], "--resamples", "10"]
    assert main_of_films([*words, "--protocol", "vidvrd", "--json", str(target)]) == 0
    assert "protocol vidvrd (VidVRD-helper" in capsys.readouterr().out
    metrics = json.loads(target.read_text())["metrics"]
    for name in ("recall_at_50", "relation_map", "precision_at_1", "idf1", "hota", "event_f1", "map50"):
        assert metrics[name]["value"] == 1, name
    assert main_of_films([*words, "--protocol", "action-genome", "--task", "predcls"]) == 0
    with pytest.raises(ValueError, match="scores tubes, which has no task predcls"):
        main_of_films([*words, "--task", "predcls"])


def test_films_are_found_by_the_end_of_their_path(tmp_path: Path, capsys: Capture) -> None:
    things = {"m": ("man", track((0, 0, 20, 40), range(4))), "d": ("dog", track((30, 0, 50, 20), range(4)))}
    for name, uris in {"gold": ["videos/1", "videos/2.mp4"], "said": ["w/videos/2.mp4", "w/videos/1/"]}.items():
        graphs = [film(things, [("m", "on" if "2" in uri else "near", "d", (0, 4))], uri=uri) for uri in uris]
        write_graphs(graphs, tmp_path / f"{name}.jsonl")
    words = ["--gold", str(tmp_path / "gold.jsonl"), "--pred", str(tmp_path / "said.jsonl"), "--resamples", "10"]
    assert main_of_films([*words, "--json", str(tmp_path / "scores.json")]) == 0
    assert "said.jsonl: predictions matched by uri" in capsys.readouterr().out
    assert json.loads((tmp_path / "scores.json").read_text())["metrics"]["recall_at_20"]["value"] == 1


def test_events_are_those_that_graphs_name(tmp_path: Path, capsys: Capture) -> None:
    things = {"m": ("man", track((0, 0, 20, 40), range(20))), "d": ("dog", track((30, 0, 50, 20), range(20)))}
    holds, happens = ("m", "near", "d", (0, 20)), ("m", "passes", "d", (0, 10))
    gold = film(things, [holds, happens], events=[("d", "exits", (16, 20))])
    said = film(things, [happens, ("m", "bounces", "d", (0, 10))])  # what holds is not told, an event is made up
    named = [replace(gold, metadata={"events": ["r1", "a0"]}), replace(said, metadata={"events": ["r0", "r1"]})]
    for name, graph in zip(("plain", "said", "gold", "all"), (gold, said, *named), strict=True):
        write_graphs([graph], tmp_path / f"{name}.jsonl")

    def scored(gold: str, said: str, *words: str) -> tuple[float, str]:
        files = ["--gold", str(tmp_path / gold), "--pred", str(tmp_path / said), "--resamples", "10"]
        assert main_of_films([*files, "--json", str(tmp_path / "scores.json"), *words]) == 0
        value = json.loads((tmp_path / "scores.json").read_text())["metrics"]["event_f1"]["value"]
        return value, capsys.readouterr().out

    value, told = scored("gold.jsonl", "all.jsonl")
    assert value == pytest.approx(2 * 1 / (2 + 2)) and "with events=bounces,exits,passes" in told
    assert "events: those that metadata name" in told
    assert scored("gold.jsonl", "said.jsonl")[0] == pytest.approx(2 * 1 / (1 + 2))
    value, told = scored("plain.jsonl", "said.jsonl")
    assert value == pytest.approx(2 * 1 / (2 + 3)) and "all that has a time; --set events=... tells" in told
    value, told = scored("plain.jsonl", "all.jsonl")  # predictions do not choose which gold events count
    assert value == pytest.approx(2 * 1 / (2 + 3)) and "all that has a time; --set events=... tells" in told
    value, told = scored("gold.jsonl", "all.jsonl", "--set", "events=near,passes")
    assert value == pytest.approx(2 * 1 / (1 + 2)) and "metadata" not in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pred", "moved"], "moved.jsonl has a graph of 'elsewhere/0.png', of which there is no gold graph"),
        (["--pred", "pred", "--pred", "pred"], "are given twice"),
        (["--pred", "pred", "--match", "order"], "has 3 graphs and the gold file 4"),
        (["--pred", "pred", "--protocol", "pvsg"], "scores films; use usg evaluate video-graph"),
        (["--pred", "pred", "--protocol", "psg", "--train", "train"], "has no zero-shot recall"),
        (["--pred", "pred", "--protocol", "psg"], "object 'm' of graph 2 of pred.jsonl has a box and no mask"),
        (["--pred", "pred", "--task", "predcls", "--set", "iou=2"], "iou is 2.0, expected a share"),
        (["--pred", "pred", "--resamples", "0"], "--resamples is 0"),
        (["--pred", "films"], "graph 1 of films.jsonl has no source of the modality image"),
        (["--pred", "pred", "--set", "predicates=eating"], "no gold relation has one of the predicates eating"),
    ],
)
def test_wrong_use(files: dict[str, str], words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        main(["--gold", files["gold"], *(files.get(word, word) for word in words)])


def test_file_names_alone(files: dict[str, str], capsys: Capture) -> None:
    assert main(["--gold", files["gold"], "--pred", files["moved"], "--match", "name", "--resamples", "10"]) == 0
    assert "matched by name" in capsys.readouterr().out
