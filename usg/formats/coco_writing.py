"""Graphs of pictures as one COCO-style document; usg/formats/coco_relations.py tells the layout.

Every object needs a box or a mask in the one picture of its graph; scores of objects are kept, negated elements, times
and what is grounded in other media are not. A graph that cannot be held is a problem and the rest is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usg.formats.problems import Problems
from usg.graph.elements import SceneObject, Source
from usg.graph.region import Box, Mask
from usg.graph.rle import decode_mask, mask_box
from usg.graph.scene_graph import SceneGraph


def document(graphs: Iterable[SceneGraph], problems: Problems) -> dict[str, list[Any]]:
    """The document of all graphs.

    >>> from usg.graph import Box, Grounding
    >>> graph = SceneGraph(
    ...     [Source("i", "image", uri="9.jpg", width=8, height=4)],
    ...     [SceneObject("a", "cat", groundings=(Grounding("i", Box(1, 0, 3, 2)),))],
    ... )
    >>> document([graph], Problems())["annotations"]
    [{'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 0, 2, 2], 'area': 4.0, 'iscrowd': 0}]
    """
    names: dict[str, int] = {}
    predicates: dict[str, int] = {}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    relations: list[dict[str, Any]] = []
    for number, graph in enumerate(graphs):
        try:
            source = _picture(graph)
            rows = {each.id: _annotation(each, graph, source) for each in graph.objects if not each.negated}
        except ValueError as error:
            problems.add(f"graph {number}", str(error))
            continue
        image = len(images) + 1
        images.append({"id": image, "file_name": source.uri, "width": source.width, "height": source.height})
        place: dict[str, int] = {}
        for name, (label, row) in rows.items():
            place[name] = len(annotations) + 1
            category = names.setdefault(label, len(names) + 1)
            annotations.append({"id": place[name], "image_id": image, "category_id": category, **row})
        for each in graph.relations:
            if not each.negated and each.subject in place and each.object in place:
                ends = {"subject_id": place[each.subject], "object_id": place[each.object]}
                predicate = predicates.setdefault(each.predicate, len(predicates) + 1)
                relations.append({"id": len(relations) + 1, "image_id": image, **ends, "predicate_id": predicate})
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": i, "name": name} for name, i in names.items()],
        "rel_annotations": relations,
        "rel_categories": [{"id": i, "name": name} for name, i in predicates.items()],
    }


def _picture(graph: SceneGraph) -> Source:
    found = [source for source in graph.sources if source.modality == "image"]
    if len(found) != 1:
        raise ValueError(f"expected one picture, found {len(found)}")
    if not found[0].uri or not found[0].width or not found[0].height:
        raise ValueError("its picture has no uri, width or height, which COCO wants")
    return found[0]


def _annotation(thing: SceneObject, graph: SceneGraph, source: Source) -> tuple[str, dict[str, Any]]:
    """The label of an object, and its row without ids."""
    regions = [grounding.region for grounding in thing.groundings if grounding.source == source.id]
    mask = next((region for region in regions if isinstance(region, Mask)), None)
    box = next((region for region in regions if isinstance(region, Box)), None)
    if box is None and mask is not None:
        box = mask_box(decode_mask(mask))
    if box is None:
        raise ValueError(f"object {thing.id!r} has no box in the picture")
    row: dict[str, Any] = {"bbox": [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0], "area": box.area, "iscrowd": 0}
    if mask is not None:
        row["segmentation"] = {"size": [mask.height, mask.width], "counts": mask.counts}
        row["area"] = float(decode_mask(mask).sum())
    values: dict[str, list[str]] = {}
    for each in graph.attributes_of(thing.id):
        if not each.negated:
            values.setdefault(each.kind or "", []).append(each.value)
    if values:
        row["attributes"] = values
    if thing.score is not None:
        row["score"] = thing.score
    return thing.label, row
