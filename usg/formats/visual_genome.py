"""Visual Genome: a folder of its JSON files (Krishna et al., IJCV 123, 2017). Read, not written.

    image_data.json     [{"image_id": 1, "url": ".../VG_100K_2/1.jpg", "width": 800, "height": 600}, ...]
    objects.json        [{"image_id": 1, "objects": [OBJECT, ...]}, ...]
    attributes.json     [{"image_id": 1, "attributes": [{..., "attributes": ["green"]}, ...]}, ...]
    relationships.json  [{"image_id": 1, "relationships": [{"predicate": "ON", "subject": OBJECT, "object": OBJECT}]}]

where an OBJECT is {"object_id": 5, "x": 1, "y": 2, "w": 3, "h": 4, "names": ["tree"]}. attributes.json may be absent.
The images stand in one order in all files, as they are published, and are read side by side. An object is named by its
first name; one that only a relationship or an attribute knows is taken from there. Words are lower-cased. Boxes become
xyxy; a uri is the folder and name of the picture, VG_100K_2/1.jpg.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from usg.formats.coco_relations import xywh_box
from usg.formats.json_items import items
from usg.formats.problems import Problems
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.scene_graph import SceneGraph

SOURCE = "image"
_FILES = ("image_data", "objects", "relationships")


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a folder, one an image.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is no JSON array, or the files are not of the same images.
    """
    names = [*_FILES, *(["attributes"] if (Path(path) / "attributes.json").is_file() else [])]
    for name in names:
        if not (Path(path) / f"{name}.json").is_file():
            raise FileNotFoundError(f"{path} has no {name}.json; a folder of Visual Genome has {', '.join(_FILES)}")
    rows = [items((Path(path) / f"{name}.json").read_text(encoding="utf-8-sig"), name) for name in names]
    for number, row in enumerate(zip_longest(*rows)):
        ids = {each.get("image_id", each.get("id")) if isinstance(each, dict) else None for each in row}
        if len(ids) != 1:
            raise ValueError(f"{path}: row {number} is of the images {ids}; the files do not fit together")
        try:
            graph = _graph(*row)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            problems.add(f"{path}: image {ids.pop()}", reason)
        else:
            yield graph


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Raises `ValueError`: what stands in Visual Genome's four files was never meant to be made anew."""
    raise ValueError("visual-genome is read and not written; write coco-relations, jsonl or a corpus")


def _graph(image: Any, objects: Any, relationships: Any, attributes: Any = None) -> SceneGraph:
    found: dict[str, SceneObject] = {}
    values: list[Attribute] = []
    relations: list[Relation] = []
    for row in objects["objects"]:
        _add(found, row)
    for row in () if attributes is None else attributes["attributes"]:
        for word in filter(_word, row.get("attributes") or ()):  # some are empty
            values.append(Attribute(f"a{len(values)}", _add(found, row), _word(word)))
    for row in relationships["relationships"]:
        if _word(row["predicate"]):
            ends = _add(found, row["subject"]), _add(found, row["object"])
            relations.append(Relation(f"r{len(relations)}", ends[0], _word(row["predicate"]), ends[1]))
    uri = "/".join(image["url"].split("/")[-2:])
    return SceneGraph(
        (Source(SOURCE, "image", uri=uri, width=image["width"], height=image["height"]),),
        tuple(found.values()),
        tuple(values),
        tuple(relations),
        metadata={"image_id": image.get("image_id", image.get("id"))},
    )


def _add(found: dict[str, SceneObject], row: Any) -> str:
    """The id of an object, which is added where it is not there yet."""
    name = str(row["object_id"])
    if name not in found:
        label = next(iter(row["names"]), "") if "names" in row else row["name"]
        if not _word(label):
            raise ValueError(f"object {name} has no name")
        box = xywh_box([row["x"], row["y"], row["w"], row["h"]], f"object {name}")
        found[name] = SceneObject(name, _word(label), groundings=(Grounding(SOURCE, box),))
    return name


def _word(text: str) -> str:
    return " ".join(text.lower().split())
