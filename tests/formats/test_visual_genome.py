"""Visual Genome: a folder made here, and what is told of one that does not fit."""

import json
from pathlib import Path
from typing import Any

import pytest

from usg.formats import Problems, read_graphs
from usg.graph import Box


def thing(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"object_id": number, "x": number, "y": 0, "w": 4, "h": 5, "names": [name], **more}


def folder(path: Path, **changed: Any) -> Path:
    files = {
        "image_data": [
            {"image_id": i, "width": 80, "height": 60, "url": f"https://x.org/a/VG_100K/{i}.jpg"} for i in (1, 2)
        ],
        "objects": [{"image_id": 1, "objects": [thing(5, "Tree"), thing(6, "dog ")]}, {"image_id": 2, "objects": []}],
        "attributes": [
            {"image_id": 1, "attributes": [thing(5, "Tree", attributes=["Green", "tall"]), thing(6, "dog")]},
            {"image_id": 2, "attributes": []},
        ],
        "relationships": [
            {
                "image_id": 1,
                "relationships": [
                    {"predicate": "ON", "subject": thing(6, "dog"), "object": thing(9, "grass")},
                    {"predicate": " ", "subject": thing(6, "dog"), "object": thing(5, "tree")},
                ],
            },
            {"image_id": 2, "relationships": []},
        ],
    } | changed
    for name, rows in files.items():
        if rows is not None:
            (path / f"{name}.json").write_text(json.dumps(rows))
    return path


def test_what_a_folder_says(tmp_path: Path) -> None:
    first, second = read_graphs(folder(tmp_path), "visual-genome")
    assert [(obj.id, obj.label) for obj in first.objects] == [("5", "tree"), ("6", "dog"), ("9", "grass")]
    assert first.objects[0].groundings[0].region == Box(5, 0, 9, 5)
    assert [(each.object, each.value) for each in first.attributes] == [("5", "green"), ("5", "tall")]
    assert first.triples == [("dog", "on", "grass")]
    assert (first.sources[0].uri, first.sources[0].width) == ("VG_100K/1.jpg", 80)
    assert second.objects == () and second.metadata["image_id"] == 2


def test_empty_words_are_left_out_and_an_object_without_a_name_is_told(tmp_path: Path) -> None:
    attributes = [
        {"image_id": 1, "attributes": [thing(5, "Tree", attributes=["", " ", "tall"])]},
        {"image_id": 2, "attributes": []},
    ]
    objects = [{"image_id": 1, "objects": []}, {"image_id": 2, "objects": [{**thing(7, ""), "names": []}]}]
    path, problems = folder(tmp_path, attributes=attributes, objects=objects), Problems()
    (first,) = read_graphs(path, "visual-genome", problems)
    assert [(each.object, each.value) for each in first.attributes] == [("5", "tall")]
    assert problems.first == [f"{path}: image 2: object 7 has no name"]


def test_without_attributes(tmp_path: Path) -> None:
    assert [len(graph.attributes) for graph in read_graphs(folder(tmp_path, attributes=None), "visual-genome")] == [
        0,
        0,
    ]


def test_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"row 1 is of the images .*; the files do not fit together"):
        list(read_graphs(folder(tmp_path, attributes=[{"image_id": 1, "attributes": []}]), "visual-genome"))
    problems = Problems()
    broken = [{"image_id": 1, "objects": [{"object_id": 5}]}, {"image_id": 2, "objects": []}]
    (tmp_path / "attributes.json").unlink()
    assert len(list(read_graphs(folder(tmp_path, objects=broken, attributes=None), "visual-genome", problems))) == 1
    assert "image 1: there is no 'name'" in problems.first[0]
    (tmp_path / "relationships.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no relationships.json"):
        list(read_graphs(tmp_path, "visual-genome"))
