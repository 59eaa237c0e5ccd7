"""PSG: psg.json, panoptic segments of COCO with relations between them (Yang et al., ECCV 2022). Read, not written.

    {"thing_classes": [...], "stuff_classes": [...], "predicate_classes": [...], "test_image_ids": [...],
     "data": [{"image_id": "107902", "file_name": "train2017/000000417720.jpg", "width": 480, "height": 640,
               "pan_seg_file_name": "panoptic_train2017/000000417720.png",
               "segments_info": [{"id": 3648962, ...}, ...],
               "annotations": [{"bbox": [x0, y0, x1, y1], "category_id": 0}, ...],
               "relations": [[subject, object, predicate], ...]}, ...]}

A category is a number among the things, then the stuff. Segments and annotations stand in one order; boxes are xyxy
already. The masks are in the panoptic picture, whose colours are the ids of segments, R + 256 G + 65536 B: they are
read where that lies under the folder of the file, which needs Pillow; without it graphs have boxes alone. The metadata
say the `split`, test or train, and the `image_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from usg.formats.coco_relations import load_object
from usg.formats.problems import Problems
from usg.graph.elements import Grounding, Relation, SceneObject, Source
from usg.graph.region import Box, Mask
from usg.graph.rle import encode_mask
from usg.graph.scene_graph import SceneGraph

SOURCE = "image"
_KEYS = ("data", "thing_classes", "stuff_classes", "predicate_classes")


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a file, one a picture.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of the layout.
    """
    data = load_object(path, _KEYS)
    labels = [*data["thing_classes"], *data["stuff_classes"]]
    test = set(data.get("test_image_ids", ()))
    for number, item in enumerate(data["data"]):
        try:
            graph = _graph(item, labels, data["predicate_classes"], test, Path(path).parent)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            problems.add(f"{path}: item {number}", reason)
        else:
            yield graph


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Raises `ValueError`: PSG has no place for other labels than its own."""
    raise ValueError("psg is read and not written; write coco-relations, jsonl or a corpus")


def _graph(item: Any, labels: list[str], predicates: list[str], test: set[Any], folder: Path) -> SceneGraph:
    rows = item["annotations"]
    masks: list[Mask] | list[None] = _masks(item, folder) or [None] * len(rows)
    if len(masks) != len(rows):
        raise ValueError(f"{len(masks)} segments and {len(rows)} annotations; PSG has one for each")
    objects = []
    for number, (row, mask) in enumerate(zip(rows, masks, strict=True)):
        groundings = [Grounding(SOURCE, Box(*row["bbox"]))]
        if mask is not None:
            groundings.append(Grounding(SOURCE, mask))
        objects.append(SceneObject(str(number), labels[row["category_id"]], groundings=tuple(groundings)))
    return SceneGraph(
        (Source(SOURCE, "image", uri=item["file_name"], width=int(item["width"]), height=int(item["height"])),),
        tuple(objects),
        relations=tuple(
            Relation(f"r{n}", str(s), predicates[p], str(o)) for n, (s, o, p) in enumerate(item["relations"])
        ),
        metadata={"image_id": item["image_id"], "split": "test" if item["image_id"] in test else "train"},
    )


def _masks(item: Any, folder: Path) -> list[Mask] | None:
    """The masks of the segments; None where the panoptic picture is not there."""
    file = item.get("pan_seg_file_name")
    if not file or not (folder / file).is_file():
        return None
    from PIL import Image  # of the extra `image`; boxes do without it

    with Image.open(folder / file) as picture:
        colours = np.asarray(picture.convert("RGB"), dtype=np.int64)
    ids = colours[..., 0] + 256 * colours[..., 1] + 65536 * colours[..., 2]
    if ids.shape != (int(item["height"]), int(item["width"])):
        told = f"{ids.shape[1]} x {ids.shape[0]} pixels, the picture of {item['width']} x {item['height']}"
        raise ValueError(f"{file} is of {told}")
    return [encode_mask(ids == segment["id"]) for segment in item["segments_info"]]
