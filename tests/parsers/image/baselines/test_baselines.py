"""The baselines on pictures whose answers are known, and from the commands: parse, pair, score."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usg.cli import main
from usg.formats import read_graphs, write_graphs
from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.graph.rle import decode_mask
from usg.parsers.image import ImageError, ImageParser
from usg.parsers.image.baselines.blobs import Blobs, blobs_of
from usg.parsers.image.baselines.colours import MeanColour
from usg.parsers.image.baselines.frequency import FrequencyRelations
from usg.parsers.image.baselines.gold import GoldDetector
from usg.parsers.image.detector import Detections
from usg.parsers.image.names import make_attributes, make_detector, make_relations

BALL, BOX = ("ball", (200, 40, 30), "red"), ("box", (30, 60, 200), "blue")


def drawn(folder: Path, places: list[tuple[tuple[str, tuple[int, int, int], str], int, int]], name: str) -> SceneGraph:
    """Red balls of 20 pixels and blue boxes of 30 x 20 on a wall with some noise; the first is near the second."""
    noise = np.random.default_rng(len(name)).integers(0, 4, (80, 120, 3))
    pixels = (np.full((80, 120, 3), 225) + noise).astype(np.uint8)
    objects, attributes = [], []
    for number, ((label, colour, named), x, y) in enumerate(places):
        wide = 20 if label == "ball" else 30
        pixels[y : y + 20, x : x + wide] = colour
        where = (Grounding("i", Box(x, y, x + wide, y + 20)),)
        objects.append(SceneObject(f"o{number}", label, groundings=where))
        attributes.append(Attribute(f"a{number}", f"o{number}", named, kind="colour"))
    Image.fromarray(pixels).save(folder / name)
    relations = [Relation("r", "o0", "near", "o1")] if len(objects) > 1 else []
    return SceneGraph([Source("i", "image", uri=name, width=120, height=80)], objects, attributes, relations)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twelve pictures, each with a ball and a box."""
    graphs = [
        drawn(tmp_path, [(BALL, 4 + 3 * i, 5 + 2 * i), (BOX, 70 + i, 50 - 2 * i)], f"{i:02d}.png") for i in range(12)
    ]
    write_graphs(graphs, tmp_path / "gold.jsonl")
    return tmp_path / "gold.jsonl"


def test_blobs_are_found_named_and_coloured(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    drawn(other, [(BOX, 10, 10), (BALL, 80, 45), (BALL, 90, 5)], "new.png")
    graph = ImageParser(Blobs(corpus), attributes=MeanColour(corpus))(other / "new.png")
    seen = sorted((obj.label, obj.groundings[0].region.xyxy) for obj in graph.objects)  # type: ignore[union-attr]
    assert [label for label, _ in seen] == ["ball", "ball", "box"]
    for (_, box), true in zip(seen, [(80, 45, 100, 65), (90, 5, 110, 25), (10, 10, 40, 30)], strict=True):
        assert np.abs(np.subtract(box, true)).max() <= 1
    assert {(obj.label, graph.attributes_of(obj.id)[0].value) for obj in graph.objects} == {
        ("ball", "red"),
        ("box", "blue"),
    }
    mask = decode_mask(graph.objects[0].groundings[1].region)  # type: ignore[arg-type]
    assert mask.shape == (80, 120)


def test_a_region_outside_of_the_picture_has_no_colour(corpus: Path) -> None:
    graphs = list(read_graphs(corpus))
    for i, box in enumerate(
        [Box(-30, -30, -5, -5), Box(500, 500, 530, 520)]
    ):  # what is wrong in the gold is not learnt
        thing = replace(graphs[i].objects[0], groundings=(Grounding("i", box),))
        graphs[i] = replace(graphs[i], objects=(thing, *graphs[i].objects[1:]))
    write_graphs(graphs, corpus.parent / "outside.jsonl")
    red = Image.new("RGB", (60, 40), (200, 40, 30))
    found = Detections([[-20, -20, -5, -5], [-9, -9, 20, 20], [60, 0, 90, 20]], [1, 1, 1], ["ball"] * 3)
    (said,) = MeanColour(corpus.parent / "outside.jsonl").attributes([red], [found])
    assert {each.object for each in said} == {1}
    assert max(said, key=lambda each: each.score).value == "red"
    assert abs(sum(each.score for each in said) - 1) < 1e-6


def test_blobs_in_a_large_picture_are_at_its_size(corpus: Path, tmp_path: Path) -> None:
    graph = drawn(tmp_path, [(BALL, 40, 30)], "small.png")
    large = Image.open(tmp_path / "small.png").resize((480, 320), Image.Resampling.NEAREST)
    (found,) = Blobs(corpus).detect([large], 0.3)
    true = np.array(graph.objects[0].groundings[0].region.xyxy) * 4  # type: ignore[union-attr]
    assert np.abs(found.boxes - true).max(1).min() <= 8
    assert found.masks is not None and (found.masks[0].height, found.masks[0].width) == (320, 480)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_nothing_in_a_picture_of_one_colour(size: tuple[int, int], corpus: Path) -> None:
    plain = Image.new("RGB", size, "white")
    assert blobs_of(plain) == []
    assert len(Blobs(corpus).detect([plain], 0.0)[0]) == 0


def test_frequency_counts_pairs(tmp_path: Path) -> None:
    def scene(boxes: list[tuple[str, Box]], relations: list[tuple[int, str, int]]) -> SceneGraph:
        return SceneGraph(
            [Source("i", "image")],
            [SceneObject(str(i), label, groundings=(Grounding("i", box),)) for i, (label, box) in enumerate(boxes)],
            relations=[Relation(f"r{n}", str(s), p, str(o)) for n, (s, p, o) in enumerate(relations)],
        )

    near, far, table = Box(0, 0, 4, 4), Box(50, 0, 54, 4), ("table", Box(0, 3, 20, 9))
    train = [
        scene([("cup", near), ("cup", far), table], [(0, "on", 2), (0, "near", 1), (0, "on", 2)]),
        scene([("cup", near), table], [(0, "on", 1), (0, "touching", 1)]),
    ]
    write_graphs(train, tmp_path / "train.jsonl")
    found = Detections([[0, 0, 4, 4], [0, 3, 9, 9], [60, 0, 70, 9]], [1, 1, 1], ["Cup", "table", "table"])

    def said(overlap: bool) -> dict[tuple[int, str, int], float]:
        head = FrequencyRelations(tmp_path / "train.jsonl", overlap=overlap)
        return {(each.subject, each.predicate, each.object): each.score for each in head.relations([None], [found])[0]}

    # Three pairs of a cup and a table, two of them related by on, one by touching; two pairs overlap, both by on.
    expected = {"on": 2 / 3, "touching": 1 / 3}
    assert said(False) == pytest.approx({(0, p, o): share for p, share in expected.items() for o in (1, 2)})
    assert said(True) == pytest.approx({(0, "on", 1): 1.0, (0, "touching", 1): 1 / 2})


def test_what_cannot_be_learnt_from_is_told(corpus: Path, tmp_path: Path) -> None:
    graphs = list(read_graphs(corpus))
    write_graphs([replace(graph, relations=(), attributes=()) for graph in graphs], tmp_path / "bare.jsonl")
    with pytest.raises(ValueError, match="has no relation between objects"):
        FrequencyRelations(tmp_path / "bare.jsonl")
    with pytest.raises(ValueError, match="nothing to learn from"):
        MeanColour(tmp_path / "bare.jsonl")
    write_graphs([replace(graphs[0], sources=(replace(graphs[0].sources[0], uri="none.png"),))], tmp_path / "x.jsonl")
    with pytest.raises(FileNotFoundError, match=r"graph 1 of .*x.jsonl is of the picture 'none.png', which is not in"):
        Blobs(tmp_path / "x.jsonl")
    write_graphs([graphs[0], graphs[0]], tmp_path / "twice.jsonl")
    with pytest.raises(ValueError, match=r"graph 2 of .* and graph 1 of .* are of the same picture"):
        GoldDetector(tmp_path / "twice.jsonl")


def test_short_names_with_what_they_are_made_from(corpus: Path) -> None:
    assert make_detector(f"gold:{corpus}").version == f"gold of {corpus}"
    assert make_detector(f"blobs:{corpus}").version == "colour blobs"
    relations = make_relations(f"frequency:{corpus}")
    assert relations is not None and relations.version == "frequency"
    with pytest.raises(ValueError, match="has no relation between overlapping objects"):
        make_relations(f"frequency-overlap:{corpus}")
    assert isinstance(make_attributes(f"mean-colour:{corpus}"), MeanColour)
    with pytest.raises(ValueError, match="gold:CORPUS"):
        make_detector("gold")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        make_relations("frequency:none.jsonl")


def test_gold_detector_knows_its_pictures_alone(corpus: Path, tmp_path: Path) -> None:
    parser = ImageParser(GoldDetector(corpus), relations=FrequencyRelations(corpus))
    graph = parser(tmp_path / "03.png")
    gold = list(read_graphs(corpus))[3]
    assert [obj.label for obj in graph.objects] == ["ball", "box"] and graph.objects[0].score == 1
    assert graph.objects[0].groundings[0].region == gold.objects[0].groundings[0].region
    assert [relation.predicate for relation in graph.relations] == ["near"]
    with pytest.raises(ImageError, match="not one of the 12 pictures of the gold corpus"):
        parser(np.zeros((8, 8, 3), np.uint8))


def test_from_the_world_to_a_score_without_a_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["world", "images", "-n", "6", "--split", "iid", "-o", "world"]) == 0
    words = ["--detector", "gold:world", "--relations", "frequency:world", "--threshold", "0.01"]
    assert main(["parse", "image", "world/images", "-o", "out.jsonl", *words]) == 0
    assert main(["parse", "image", str(tmp_path / "world"), "-o", "absolute.jsonl", *words]) == 0
    for name in ("out.jsonl", "absolute.jsonl"):
        said = ["--pred", name, "--task", "predcls", "--json", "scores.json", "--resamples", "10"]
        assert main(["evaluate", "scene-graph", "--gold", "world", *said]) == 0
        scores = json.loads(Path("scores.json").read_text())
        assert "predictions matched by uri" in scores["protocol"]
        # Counted in these pictures themselves: every relation is among the guesses.
        assert scores["metrics"]["class_accuracy"]["value"] == scores["metrics"]["mask_iou"]["value"] == 1
        assert scores["metrics"]["recall_at_100"]["value"] > 0.9
