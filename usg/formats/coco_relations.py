"""COCO-style instances with attributes and relations between them: the layout in which detectors' data sets come.

    {"images":          [{"id": 9, "file_name": "9.jpg", "width": 640, "height": 480}, ...],
     "categories":      [{"id": 3, "name": "cat"}, ...],
     "annotations":     [{"id": 5, "image_id": 9, "category_id": 3, "bbox": [x, y, width, height],
                          "segmentation": polygons or run lengths, "attributes": ...}, ...],
     "rel_categories":  [{"id": 1, "name": "on"}, ...],
     "rel_annotations": [{"image_id": 9, "subject_id": 5, "object_id": 6, "predicate_id": 1}, ...]}

as SGG-Benchmark has it. Where a file has no rel_annotations and a `rel.json` lies beside it, that is read, as RelTR and
EGTR have it: {"train": {"9": [[subject, object, predicate], ...]}, "rel_categories": ["on", ...]}, objects by their
places among the annotations of the image, the split by the name of the file (train.json).

Attributes are words, `["red", "wet"]`, or words by kind, `{"colour": "red", "state": ["wet"]}`; of a true value the
kind is the word (`{"occluded": true}`). Boxes become xyxy. A crowd (iscrowd) is no object and is left out, with its
relations. Images are relative to the folder of the file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.formats.coco_writing import document
from usg.formats.polygons import mask_of
from usg.formats.problems import Problems
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box
from usg.graph.scene_graph import SceneGraph

SOURCE = "image"
_KEYS = ("images", "annotations", "categories")
Links = list[tuple[str, str, str]]  # subject, predicate, object; the objects by id


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a file, one an image, in the order of its images.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file, or rel.json beside it, is not of the layout.
    """
    data = load_object(path, _KEYS)
    for name in ("images", "annotations", *(["rel_annotations"] if "rel_annotations" in data else [])):
        if not isinstance(data[name], list):
            raise ValueError(f"{path}: {name} is {data[name]!r:.60}, expected a list")
    labels = _names(data["categories"], f"{path}: categories")
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in data["annotations"]:
        if isinstance(row, dict) and isinstance(row.get("image_id"), int | str):
            rows[row["image_id"]].append(row)
        else:
            problems.add(f"{path}: annotations", f"{row!r:.60} is no object with an image_id")
    relations = _relations(Path(path), data)
    for image in data["images"]:
        key = image.get("id") if isinstance(image, dict) else None
        try:
            graph = _graph(image, rows[key], labels, relations, Path(path))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            problems.add(f"{path}: image {key}", reason)
        else:
            yield graph


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Write graphs of pictures as one file; what it cannot hold is told in usg/formats/coco_writing.py.

    Returns:
        How many were written.
    """
    data = document(graphs, problems)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(data["images"])


def load_object(path: str | Path, keys: Iterable[str]) -> dict[str, Any]:
    """The JSON object of a file that has these keys.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, or lacks a key.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    missing = [key for key in keys if not isinstance(data, dict) or key not in data]
    if missing:
        seen = ", ".join(map(str, data))[:80] if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{path} has no {', '.join(missing)} (it has: {seen}); is it of another format (--from)?")
    return dict(data)


def _names(rows: Any, where: str) -> dict[int, str]:
    """Id -> name, of rows with both, or of bare names by their places."""
    try:
        return {i: row if isinstance(row, str) else row["name"] for i, row in _numbered(rows)}
    except (TypeError, KeyError) as error:
        raise ValueError(f"{where}: expected [{{'id': 1, 'name': 'cat'}}, ...] or names; {error}") from None


def _numbered(rows: Any) -> Iterator[tuple[int, Any]]:
    return ((row["id"] if isinstance(row, dict) else place, row) for place, row in enumerate(rows))


def _relations(path: Path, data: dict[str, Any]) -> Mapping[str, list[Any]]:
    """Image id, as text -> rows (subject, object, predicate), the objects by id or, in a tuple, by place."""
    found: dict[str, list[Any]] = defaultdict(list)
    beside = path.with_name("rel.json")
    if "rel_annotations" in data:
        names = _names(data.get("rel_categories", []), f"{path}: rel_categories")
        for number, row in enumerate(data["rel_annotations"]):
            try:
                found[str(row["image_id"])].append((row["subject_id"], row["object_id"], names[row["predicate_id"]]))
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path}: rel_annotations {number} is {row!r:.80}; there is no {error}") from None
    elif beside.is_file() and beside != path:
        rel = load_object(beside, (path.stem, "rel_categories"))
        names = _names(rel["rel_categories"], f"{beside}: rel_categories")
        for image, rows in rel[path.stem].items():
            try:
                found[image] = [((s,), (o,), names[p]) for s, o, p in rows]
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{beside}: image {image}: rows are not [subject, object, predicate]: {error}"
                ) from None
    return found


def _graph(
    image: Any, rows: list[dict[str, Any]], labels: dict[int, str], relations: Mapping[str, list[Any]], path: Path
) -> SceneGraph:
    if not isinstance(image, dict):
        raise ValueError(f"{image!r:.60} is no object with id and file_name")
    width, height = int(image["width"]), int(image["height"])
    objects: dict[str, SceneObject] = {}
    attributes: list[Attribute] = []
    for row in rows:
        if row.get("iscrowd"):
            continue
        name = str(row["id"])
        if row["category_id"] not in labels:
            raise ValueError(f"annotation {name} is of category {row['category_id']}, which the file has not")
        if name in objects:
            raise ValueError(f"annotation {name} stands there twice")
        groundings = [Grounding(SOURCE, xywh_box(row["bbox"], f"annotation {name}"))]
        if row.get("segmentation"):
            mask = mask_of(row["segmentation"], height, width)
            groundings += [] if mask is None else [Grounding(SOURCE, mask)]
        objects[name] = SceneObject(
            name, labels[row["category_id"]], score=row.get("score"), groundings=tuple(groundings)
        )
        for kind, value in _values(row.get("attributes") or []):
            attributes.append(Attribute(f"a{len(attributes)}", name, value, kind=kind))
    links = [
        (_object(subject, rows), predicate, _object(object, rows))
        for subject, object, predicate in relations.get(str(image["id"]), ())
    ]
    crowds = {str(row["id"]) for row in rows if row.get("iscrowd")}
    kept = [link for link in links if not crowds & {link[0], link[2]}]
    return SceneGraph(
        (Source(SOURCE, "image", uri=str(image["file_name"]), width=width, height=height),),
        tuple(objects.values()),
        tuple(attributes),
        tuple(Relation(f"r{i}", s, p, o) for i, (s, p, o) in enumerate(kept)),
        metadata={"image_id": image["id"]},
    )


def xywh_box(bbox: Any, where: str) -> Box:
    """A box of COCO, `[x, y, width, height]`, as xyxy.

    Raises:
        ValueError: it is not four numbers, or a side is negative.

    >>> xywh_box([1, 2, 3, 4], "annotation 1")
    Box(x0=1, y0=2, x1=4, y1=6)
    """
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(type(each) in (int, float) for each in bbox):
        raise ValueError(f"{where} has the bbox {bbox!r:.60}, expected [x, y, width, height] in pixels")
    x, y, width, height = bbox
    if width < 0 or height < 0:
        raise ValueError(f"{where} has the bbox {bbox}, of a negative width or height")
    return Box(x, y, x + width, y + height)


def _values(attributes: Any) -> Iterator[tuple[str | None, str]]:
    """Kind and value of each attribute of an annotation."""
    kinds: Iterable[tuple[str, Any]] = attributes.items() if isinstance(attributes, dict) else [("", attributes)]
    for kind, value in kinds:
        if value is True and kind:
            yield None, kind
        elif value is not False and value is not None:
            for word in value if isinstance(value, list) else [value]:
                if not isinstance(word, str):
                    raise ValueError(f"the attribute {word!r:.60} is no word; expected ['red'] or {{'colour': 'red'}}")
                yield kind or None, word


def _object(which: Any, rows: list[dict[str, Any]]) -> str:
    """The id of an object that a relation names, by the annotation's id or its place."""
    if not isinstance(which, tuple):
        return str(which)
    if not 0 <= which[0] < len(rows):
        raise ValueError(f"a relation names the object at place {which[0]}; the image has {len(rows)}, from 0")
    return str(rows[which[0]]["id"])
