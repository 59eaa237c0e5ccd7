"""PSG: an item made here, with its panoptic picture and without, and the real one."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usg.formats import Problems, read_graphs, write_graphs
from usg.graph import Box, Mask
from usg.graph.rle import decode_mask

ITEM = {
    "image_id": "107", "file_name": "train2017/1.jpg", "width": 3, "height": 2, "pan_seg_file_name": "pan/1.png",
    "segments_info": [{"id": 7, "category_id": 1}, {"id": 65536 + 2, "category_id": 0}],
    "annotations": [{"bbox": [0, 0, 3, 1], "bbox_mode": 0, "category_id": 1}, {"bbox": [0, 1, 2, 2], "category_id": 0}],
    "relations": [[1, 0, 1]],
}  # fmt: skip
CLASSES = {"thing_classes": ["cat"], "stuff_classes": ["sky"], "predicate_classes": ["over", "under"]}


def saved(folder: Path, *items: object) -> Path:
    (folder / "psg.json").write_text(json.dumps({"data": items, **CLASSES, "test_image_ids": ["107"]}))
    return folder / "psg.json"


def test_boxes_alone_and_masks_where_they_are(tmp_path: Path) -> None:
    path = saved(tmp_path, ITEM, {**ITEM, "image_id": "108"})
    graph, other = read_graphs(path, "psg")
    assert graph.triples == [("cat", "under", "sky")]
    assert [[g.region for g in obj.groundings] for obj in graph.objects] == [[Box(0, 0, 3, 1)], [Box(0, 1, 2, 2)]]
    assert (graph.metadata["split"], other.metadata["split"]) == ("test", "train")
    (tmp_path / "pan").mkdir()
    colours = np.array([[[7, 0, 0]] * 3, [[2, 0, 1], [2, 0, 1], [0, 0, 0]]], dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "pan/1.png")
    masks = [obj.groundings[1].region for obj in next(read_graphs(path, "psg")).objects]
    assert all(isinstance(mask, Mask) for mask in masks)
    found = [decode_mask(mask).astype(int).tolist() for mask in masks]  # type: ignore[arg-type]
    assert found == [[[1, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0]]]


def test_bad_items_are_told(tmp_path: Path) -> None:
    problems = Problems()
    bad = [
        {**ITEM, "relations": [[0, 1, 2]]},
        {"image_id": 1},
        {**ITEM, "annotations": [{"bbox": [0, 0], "category_id": 0}]},
    ]
    path = saved(tmp_path, *bad, ITEM)
    assert len(list(read_graphs(path, "psg", problems))) == 1
    assert [line.removeprefix(f"{path}: ")[:8] for line in problems.first] == ["item 0: ", "item 1: ", "item 2: "]
    with pytest.raises(ValueError, match="psg is read and not written"):
        write_graphs([], tmp_path / "out.json", "psg")


def test_the_real_item(shared_data: Path) -> None:
    path = shared_data / "vision" / "psg" / "psg_sample_107902.json"
    if not path.is_file():
        pytest.skip("the PSG item is not among the shared data")
    (graph,) = read_graphs(path, "psg")
    assert (len(graph.objects), len(graph.relations)) == (7, 6)
    assert graph.triples[2] == ("person", "holding", "umbrella")
    assert graph.sources[0].uri == "train2017/000000417720.jpg" and graph.metadata["image_id"] == "107902"
