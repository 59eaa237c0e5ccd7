"""The JSON form of a scene graph: `to_dict`, `from_dict`, and a line of JSONL.

Every graph carries the schema's name and version (usg/graph/schema/scene_graph-1.0.json). Optional fields that are
absent are left out, so that a line is short. Reading is strict: an unknown key, a value of the wrong type, NaN or a
schema this program cannot read is a `GraphError` that names its place, such as `objects[3].groundings[0].region`.

Regions are written as usg/graph/serialize_region.py says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from importlib.resources import files
from typing import Any

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.located import Misfit, T, build, each, mapping, numbers, plain, unknown_key
from usg.graph.region import TimeSpan
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize_region import read_region, region_to_dict
from usg.graph.validate import GraphError

SCHEMA = "usg.scene_graph"
VERSION = "1.0"

_NAMES = {
    cls: tuple(field.name for field in fields(cls))[1:] for cls in (Source, Grounding, SceneObject, Attribute, Relation)
}
_TOP = ("schema", "version", "sources", "objects", "attributes", "relations", "metadata")


def to_dict(graph: SceneGraph) -> dict[str, Any]:
    """The graph as plain dicts, lists, strings and numbers; what one line of JSONL holds.

    Raises:
        GraphError: the metadata holds something that JSON cannot (its place is named).

    >>> to_dict(SceneGraph(objects=[SceneObject("o0", "dog")]))
    {'schema': 'usg.scene_graph', 'version': '1.0', 'objects': [{'id': 'o0', 'label': 'dog'}]}
    """
    data: dict[str, Any] = {"schema": SCHEMA, "version": VERSION}
    if graph.sources:
        data["sources"] = [_write(source, {"id": source.id}) for source in graph.sources]
    data["objects"] = [_write(element, {"id": element.id}) for element in graph.objects]
    if graph.attributes:
        data["attributes"] = [_write(element, {"id": element.id}) for element in graph.attributes]
    if graph.relations:
        data["relations"] = [_write(element, {"id": element.id}) for element in graph.relations]
    if graph.metadata:
        try:
            data["metadata"] = plain(graph.metadata)
        except Misfit as misfit:
            raise GraphError([str(misfit.within("metadata"))]) from None
    return data


def from_dict(data: Mapping[str, Any]) -> SceneGraph:
    """The scene graph that `to_dict` wrote.

    Raises:
        GraphError: another schema or version, an unknown key, a value of the wrong type or range, or a graph that is
            not valid; the line names the place and what would be right.

    >>> from_dict({"schema": "usg.scene_graph", "version": "1.0", "objects": [{"id": "o0", "label": "dog"}]})
    SceneGraph(1 objects, 0 attributes, 0 relations, 0 sources)
    >>> from_dict({"schema": "usg.scene_graph", "version": "1.0", "objects": [{"id": "o0", "lable": "dog"}]})
    Traceback (most recent call last):
    ...
    usg.graph.validate.GraphError: objects[0]: unknown key 'lable', did you mean 'label'? (keys: id, label, negated, ...
    """
    _check_header(data)
    try:
        sources = each(data, "sources", _source)
        objects = each(data, "objects", _object)
        attributes = each(data, "attributes", _attribute)
        relations = each(data, "relations", _relation)
    except Misfit as misfit:
        raise GraphError([str(misfit)]) from None
    try:
        metadata = plain(data.get("metadata", {}))
    except Misfit as misfit:
        raise GraphError([str(misfit.within("metadata"))]) from None
    return SceneGraph(sources, objects, attributes, relations, metadata)


def to_json(graph: SceneGraph) -> str:
    """The graph as one line of JSON, UTF-8 kept as it is, without a line break.

    >>> from_json(to_json(SceneGraph(objects=[SceneObject("o0", "chien")])))["o0"].label
    'chien'
    """
    return json.dumps(to_dict(graph), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_json(text: str | bytes) -> SceneGraph:
    """The scene graph in a JSON text, as `to_json` writes it.

    Raises:
        GraphError: the text is empty or not JSON, or as in `from_dict`.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        if not text.strip():
            raise GraphError(["empty text, expected a scene graph as JSON"]) from None
        where = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise GraphError([f"not JSON: {where}"]) from None
    return from_dict(data)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the form written here; it is shipped with the package.

    >>> json_schema()["properties"]["version"]
    {'const': '1.0'}
    """
    schema: dict[str, Any] = json.loads((files("usg.graph") / f"schema/scene_graph-{VERSION}.json").read_text("utf-8"))
    return schema


def element_to_dict(element: SceneObject | Attribute | Relation) -> dict[str, Any]:
    """One object, attribute or relation, as it stands in the lists of `to_dict`."""
    return _write(element, {"id": element.id})


def element_from_dict(kind: type[T], data: Mapping[str, Any]) -> T:
    """The element of class `kind` that `element_to_dict` wrote.

    Raises:
        GraphError: an unknown key, or a value of the wrong type.
    """
    readers: dict[Any, Callable[[Any], Any]] = {SceneObject: _object, Attribute: _attribute, Relation: _relation}
    try:
        element: T = readers[kind](data)
        return element
    except Misfit as misfit:
        raise GraphError([str(misfit)]) from None


def _write(part: Any, out: dict[str, Any]) -> dict[str, Any]:
    for name in _NAMES[type(part)]:
        value = getattr(part, name)
        if value is None or value is False or value == ():
            continue
        if name == "groundings":
            value = [_write(grounding, {"source": grounding.source}) for grounding in value]
        elif name == "region":
            value = region_to_dict(value)
        elif name == "time":
            value = [value.start, value.end]
        out[name] = value
    return out


def _check_header(data: object) -> None:
    expected = f'expected {{"schema": "{SCHEMA}", "version": "{VERSION}", "objects": [...], ...}}'
    if not isinstance(data, Mapping):
        raise GraphError([f"a scene graph is {type(data).__name__}; {expected}"])
    if data.get("schema") != SCHEMA:
        seen = f"schema is {data['schema']!r}" if "schema" in data else f"no 'schema' among the keys {list(data)[:6]}"
        raise GraphError([f"{seen}; {expected}; another format is named with `usg convert --from`"])
    if data.get("version") != VERSION:
        raise GraphError([_version_problem(data.get("version"))])
    if "objects" not in data:
        raise GraphError([f"no 'objects' among the keys {list(data)}; {expected}"])
    for key in data:
        if key not in _TOP:
            raise GraphError([unknown_key(key, _TOP)])


def _version_problem(version: object) -> str:
    wrong = f"version is {version!r}, and this program reads {VERSION!r}"
    try:
        newer = tuple(map(int, str(version).split("."))) > tuple(map(int, VERSION.split(".")))
    except ValueError:
        return f"{wrong}; write the graph again with a current usg"
    if newer:
        return f"{wrong}: the graph was written by a newer usg; install that one to read it (pip install -U)"
    return f"{wrong}; convert the graph with the usg that wrote it"


def _make(cls: type[T], values: Mapping[str, Any]) -> T:
    """Call a dataclass with the values; explain the keys only when they do not fit."""
    try:
        return cls(**values)
    except TypeError as error:
        wrong = str(error)
    parts = fields(cls)  # type: ignore[arg-type]
    names = [part.name for part in parts]
    for key in values:
        if key not in names:
            raise Misfit(unknown_key(key, names))
    missing = [part.name for part in parts if part.default is MISSING and part.name not in values]
    if not missing:
        raise Misfit(wrong)
    raise Misfit(f"{missing[0]!r} is missing (keys seen: {', '.join(map(repr, values)) or 'none'})")


def _source(item: Any) -> Source:
    return _make(Source, mapping(item))


def _object(item: Any) -> SceneObject:
    return _make(SceneObject, _with_groundings(item))


def _attribute(item: Any) -> Attribute:
    return _make(Attribute, _with_time(_with_groundings(item)))


def _relation(item: Any) -> Relation:
    return _make(Relation, _with_time(_with_groundings(item)))


def _with_groundings(item: Any) -> dict[str, Any]:
    values = mapping(item)
    if "groundings" in values:
        values["groundings"] = each(values, "groundings", _grounding)
    return values


def _with_time(values: dict[str, Any]) -> dict[str, Any]:
    time = values.get("time")
    if time is not None:
        values["time"] = build(TimeSpan, "time", *numbers(time, 2, "time"))
    return values


def _grounding(item: Any) -> Grounding:
    values = mapping(item)
    region = values.get("region")
    if region is not None:
        try:
            values["region"] = read_region(region)
        except Misfit as misfit:
            raise misfit.within("region") from None
    return _make(Grounding, values)
