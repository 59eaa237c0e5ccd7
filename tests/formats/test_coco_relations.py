"""COCO-style instances with relations: both layouts of relations, there and back, and what is told of bad items."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_graphs import picture

from usg.formats import Problems, convert, guess_format, read_graphs, write_graphs
from usg.graph import Box, SceneGraph, SceneObject, Source
from usg.graph.rle import encode_mask
from usg.world.pixels import sample_picture

DATA: dict[str, Any] = {
    "images": [
        {"id": 9, "file_name": "a/9.jpg", "width": 8, "height": 4},
        {"id": 7, "file_name": "7.jpg", "width": 5, "height": 5},
    ],
    "categories": [{"id": 3, "name": "cat"}, {"id": 8, "name": "mat"}],
    "annotations": [
        {"id": 50, "image_id": 9, "category_id": 3, "bbox": [1, 0, 3, 2], "iscrowd": 0,
         "segmentation": [[1, 0, 4, 0, 4, 2, 1, 2]],
         "attributes": {"colour": "black", "state": ["asleep", "wet"], "hidden": True, "odd": False}},
        {"id": 51, "image_id": 9, "category_id": 3, "bbox": [0, 0, 8, 4], "iscrowd": 1,
         "segmentation": {"size": [4, 8], "counts": [0, 32]}},
        {"id": 52, "image_id": 9, "category_id": 8, "bbox": [0, 2, 8, 1.5], "attributes": ["red"]},
    ],
    "rel_categories": [{"id": 1, "name": "on"}, {"id": 2, "name": "near"}],
    "rel_annotations": [
        {"id": 1, "image_id": 9, "subject_id": 50, "object_id": 52, "predicate_id": 1},
        {"id": 2, "image_id": 9, "subject_id": 51, "object_id": 52, "predicate_id": 2},
    ],
}  # fmt: skip


def saved(folder: Path, data: object, name: str = "train.json") -> Path:
    (folder / name).write_text(json.dumps(data))
    return folder / name


def test_what_a_file_says(tmp_path: Path) -> None:
    path = saved(tmp_path, DATA)
    assert guess_format(path) == "coco-relations"
    first, second = read_graphs(path)
    cat = encode_mask(np.indices((4, 8))[0] < np.where((np.arange(8) >= 1) & (np.arange(8) < 4), 2, 0))
    assert first.sources[0] == Source("image", "image", uri="a/9.jpg", width=8, height=4)
    assert [(obj.id, obj.label) for obj in first.objects] == [("50", "cat"), ("52", "mat")]  # the crowd is left out
    assert [grounding.region for grounding in first.objects[0].groundings] == [Box(1, 0, 4, 2), cat]
    assert first.objects[1].groundings[0].region == Box(0, 2, 8, 3.5)
    values = [(each.object, each.kind, each.value) for each in first.attributes]
    assert values == [
        ("50", "colour", "black"),
        ("50", "state", "asleep"),
        ("50", "state", "wet"),
        ("50", None, "hidden"),
        ("52", None, "red"),
    ]
    assert first.triples == [("cat", "on", "mat")]
    assert second.objects == () and second.sources[0].uri == "7.jpg"


def test_relations_in_a_file_beside(tmp_path: Path) -> None:
    data = {key: value for key, value in DATA.items() if not key.startswith("rel_")}
    names = ["__background__", "on", "near"]
    saved(tmp_path, {"train": {"9": [[0, 2, 1], [2, 1, 2]]}, "val": {}, "rel_categories": names}, "rel.json")
    # Places count the crowd too.
    assert [graph.triples for graph in read_graphs(saved(tmp_path, data))] == [[("cat", "on", "mat")], []]
    assert next(read_graphs(saved(tmp_path, data, "val.json"))).triples == []
    with pytest.raises(ValueError, match=r"rel.json has no test \(it has: train, val, rel_categories\)"):
        list(read_graphs(saved(tmp_path, data, "test.json")))


def test_a_picture_of_the_world_there_and_back(tmp_path: Path) -> None:
    graph = sample_picture("train", 0, 3).graph
    source = Source("image", "image", uri="3.png", width=128, height=128)
    graph = SceneGraph((source,), graph.objects, graph.attributes, graph.relations)
    write_graphs([graph], tmp_path / "out.json", "coco-relations")
    (back,) = read_graphs(tmp_path / "out.json")
    assert back.triples == graph.triples
    for one, two in zip(back.objects, graph.objects, strict=True):
        assert [g.region for g in one.groundings] == [g.region for g in two.groundings] and one.label == two.label
        assert [(a.kind, a.value) for a in back.attributes_of(one.id)] == [
            (a.kind, a.value) for a in graph.attributes_of(two.id)
        ]
    assert convert(tmp_path / "out.json", tmp_path / "again.json", target_format="coco-relations") == 1
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "out.json").read_bytes()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    problems = Problems()
    nowhere = SceneGraph([Source("i", "image", uri="x.png", width=8, height=8)], [SceneObject("a", "cat")])
    graphs = [SceneGraph(), picture({"a": ("cat", (0, 0, 2, 2))}), nowhere]
    assert write_graphs(graphs, tmp_path / "out.json", "coco-relations", problems) == 0
    assert problems.first == [
        "graph 0: expected one picture, found 0",
        "graph 1: its picture has no uri, width or height, which COCO wants",
        "graph 2: object 'a' has no box in the picture",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["annotations"][0].update(category_id=5), "annotation 50 is of category 5, which the file"),
        (lambda data: data["annotations"][0].update(bbox=[1, 2, -3, 4]), "annotation 50 has the bbox .* of a negative"),
        (lambda data: data["annotations"][0].update(bbox=[1, 2, None, 4]), r"expected \[x, y, width, height\]"),
        (lambda data: data["annotations"][0].pop("bbox"), "there is no 'bbox'"),
        (lambda data: data["annotations"][0].update(attributes=[4]), "the attribute 4 is no word"),
        (lambda data: data["annotations"][2].update(id=50), "annotation 50 stands there twice"),
        (lambda data: data["rel_annotations"][0].update(object_id=99), "99"),
        (lambda data: data["images"][0].pop("width"), "there is no 'width'"),
    ],
)
def test_a_bad_image_is_told_and_the_rest_is_read(change: Any, message: str, tmp_path: Path) -> None:
    data = deepcopy(DATA)
    change(data)
    path, problems = saved(tmp_path, data), Problems()
    assert [graph.sources[0].uri for graph in read_graphs(path, problems=problems)] == ["7.jpg"]
    assert problems.count == 1 and problems.first[0].startswith(f"{path}: image 9: ")
    with pytest.raises(ValueError, match=message):
        list(read_graphs(path))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"images": []}, r"has no annotations, categories \(it has: images\)"),
        ({**DATA, "categories": [{"id": 1}]}, "categories: expected"),
        ({**DATA, "rel_annotations": [{"image_id": 9}]}, "rel_annotations 0 is .* there is no 'subject_id'"),
        ({**DATA, "rel_categories": []}, "rel_annotations 0 is .* there is no 1"),
    ],
)
def test_what_is_no_such_file(data: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        list(read_graphs(saved(tmp_path, data)))


@pytest.mark.parametrize("key", ["images", "annotations", "rel_annotations"])
def test_what_is_no_list_is_told(tmp_path: Path, key: str) -> None:
    path = saved(tmp_path, {**DATA, key: None})
    with pytest.raises(ValueError, match=f"train.json: {key} is None, expected a list"):
        list(read_graphs(path, "coco-relations"))


def test_relations_by_places_that_are_not_there(tmp_path: Path) -> None:
    data = {key: value for key, value in DATA.items() if not key.startswith("rel")}
    saved(tmp_path, {"train": {"9": [[-1, 0, 0]]}, "rel_categories": ["on"]}, "rel.json")
    path, problems = saved(tmp_path, data), Problems()
    assert len(list(read_graphs(path, "coco-relations", problems))) == 1
    assert problems.first == [f"{path}: image 9: a relation names the object at place -1; the image has 3, from 0"]
