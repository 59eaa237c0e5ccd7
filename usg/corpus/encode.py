"""SceneGraphs to an Arrow table, through flat lists.

Handing nested dicts to Arrow costs about ten times as much as the graphs themselves; here every field is gathered into
one flat list over all graphs, and the lists of structs are put together from offsets. Fields that are rarely there
(scores, labels of groundings, regions) are gathered with their positions and spread over nulls at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from usg.corpus import schema
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject
from usg.graph.region import Box, Mask, TextSpan, TimeSpan, Track, TrackPoint
from usg.graph.scene_graph import SceneGraph


def encode(graphs: Sequence[SceneGraph]) -> pa.Table:
    """The rows of some graphs, in `usg.corpus.schema.SCHEMA`.

    Raises:
        ValueError: a graph holds what the schema cannot (a lone surrogate in a string, metadata that is not JSON).

    Example:
        >>> encode([SceneGraph(objects=[SceneObject("o", "cat")])]).column("objects").to_pylist()[0][0]["label"]
        'cat'
    """
    objects = [graph.objects for graph in graphs]
    attributes = [graph.attributes for graph in graphs]
    relations = [graph.relations for graph in graphs]
    position = [{obj.id: i for i, obj in enumerate(graph.objects)} for graph in graphs]
    source = [{source.id: i for i, source in enumerate(graph.sources)} for graph in graphs]
    # For each element in flat order: the table that gives the position of a source's id.
    of_objects = [table for table, row in zip(source, objects, strict=True) for _ in row]
    of_attributes = [table for table, row in zip(source, attributes, strict=True) for _ in row]
    of_relations = [table for table, row in zip(source, relations, strict=True) for _ in row]
    owner = [at[each.object] for at, row in zip(position, attributes, strict=True) for each in row]
    subject = [at[each.subject] for at, row in zip(position, relations, strict=True) for each in row]
    target = [at[each.object] for at, row in zip(position, relations, strict=True) for each in row]
    all_attributes, all_relations = list(chain(*attributes)), list(chain(*relations))
    columns = [
        _lists(map(len, (graph.sources for graph in graphs)), _sources(graphs)),
        _lists(map(len, objects), _objects(list(chain(*objects)), of_objects)),
        _lists(map(len, attributes), _attributes(all_attributes, owner, of_attributes)),
        _lists(map(len, relations), _relations(all_relations, subject, target, of_relations)),
        pa.array([_metadata(graph) for graph in graphs], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=schema.SCHEMA)


def _metadata(graph: SceneGraph) -> str:
    if not graph.metadata:
        return "{}"
    return json.dumps(dict(graph.metadata), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _sources(graphs: Sequence[SceneGraph]) -> pa.StructArray:
    sources = list(chain.from_iterable(graph.sources for graph in graphs))
    columns = [_column(sources, field.name, field.type) for field in schema.SOURCE]
    return _struct(schema.SOURCE, columns)


def _objects(objects: list[SceneObject], sources: list[dict[str, int]]) -> pa.StructArray:
    columns = [
        _column(objects, "id", pa.string()),
        _column(objects, "label", pa.string()),
        _column(objects, "negated", pa.bool_()),
        _column(objects, "score", pa.float64()),
        _groundings([each.groundings for each in objects], sources),
    ]
    return _struct(schema.OBJECT, columns)


def _attributes(attributes: list[Attribute], owner: list[int], sources: list[dict[str, int]]) -> pa.StructArray:
    columns = [
        _column(attributes, "id", pa.string()),
        pa.array(owner, pa.int32()),
        _column(attributes, "value", pa.string()),
        _column(attributes, "kind", pa.string()),
        _column(attributes, "number", pa.float64()),
        _column(attributes, "negated", pa.bool_()),
        _column(attributes, "score", pa.float64()),
        _times([each.time for each in attributes]),
        _groundings([each.groundings for each in attributes], sources),
    ]
    return _struct(schema.ATTRIBUTE, columns)


def _relations(
    relations: list[Relation], subject: list[int], target: list[int], sources: list[dict[str, int]]
) -> pa.StructArray:
    columns = [
        _column(relations, "id", pa.string()),
        pa.array(subject, pa.int32()),
        _column(relations, "predicate", pa.string()),
        pa.array(target, pa.int32()),
        _column(relations, "negated", pa.bool_()),
        _column(relations, "score", pa.float64()),
        _times([each.time for each in relations]),
        _groundings([each.groundings for each in relations], sources),
    ]
    return _struct(schema.RELATION, columns)


def _groundings(rows: list[tuple[Grounding, ...]], sources: list[dict[str, int]]) -> pa.ListArray:
    """The groundings of each element; `sources` gives each element the positions of its graph's sources."""
    flat = list(chain.from_iterable(rows))
    source = [at[each.source] for at, row in zip(sources, rows, strict=True) for each in row]
    regions = list(map(attrgetter("region"), flat))
    of_type: dict[type, list[int]] = {TextSpan: [], Box: [], Mask: [], Track: [], TimeSpan: [], type(None): []}
    for i, region in enumerate(regions):
        of_type[type(region)].append(i)
    n = len(flat)

    def of(kind: type) -> list[Any]:
        return [regions[i] for i in of_type[kind]]

    columns = [
        pa.array(source, pa.int32()),
        _column(flat, "label", pa.string()),
        _column(flat, "score", pa.float64()),
        _spans(of(TextSpan), of_type[TextSpan], n),
        _boxes(of(Box), of_type[Box], n),
        _masks(of(Mask), of_type[Mask], n),
        _tracks(of(Track), of_type[Track], n),
        _time_spans(of(TimeSpan), of_type[TimeSpan], n),
    ]
    return _lists(map(len, rows), _struct(schema.GROUNDING, columns))


def _spans(regions: list[TextSpan], at: list[int], n: int) -> pa.ListArray:
    pairs = _numbers(chain.from_iterable(region.spans for region in regions), np.int32, 2)
    values = _struct(schema.GROUNDING.field("span").type.value_type, [pa.array(pairs[:, 0]), pa.array(pairs[:, 1])])
    return _lists(_spread(np.array([len(region.spans) for region in regions], np.int32), at, n), values)


def _boxes(regions: list[Box], at: list[int], n: int) -> pa.StructArray:
    if not at:
        return pa.nulls(n, schema.BOX)
    table = _spread(_numbers(map(attrgetter("x0", "y0", "x1", "y1"), regions), np.float64, 4), at, n)
    return _sparse_struct(schema.BOX, [pa.array(table[:, k]) for k in range(4)], at, n)


def _masks(regions: list[Mask], at: list[int], n: int) -> pa.StructArray:
    if not at:
        return pa.nulls(n, schema.MASK)
    size = _spread(_numbers(map(attrgetter("height", "width"), regions), np.int32, 2), at, n)
    counts: list[str | None] = [None] * n
    for i, region in zip(at, regions, strict=True):
        counts[i] = region.counts
    return _sparse_struct(
        schema.MASK, [pa.array(size[:, 0]), pa.array(size[:, 1]), pa.array(counts, pa.string())], at, n
    )


def _tracks(regions: list[Track], at: list[int], n: int) -> pa.ListArray:
    points: list[TrackPoint] = [point for region in regions for point in region.points]
    boxes = [i for i, point in enumerate(points) if isinstance(point.region, Box)]
    masks = [i for i, point in enumerate(points) if isinstance(point.region, Mask)]
    columns = [
        pa.array([point.frame for point in points], pa.int64()),
        pa.array([point.seconds for point in points], pa.float64()),
        _boxes([points[i].region for i in boxes], boxes, len(points)),  # type: ignore[misc]
        _masks([points[i].region for i in masks], masks, len(points)),  # type: ignore[misc]
    ]
    lengths = _spread(np.array([len(region.points) for region in regions], np.int32), at, n)
    return _lists(lengths, _struct(schema.TRACK_POINT, columns))


def _times(times: list[TimeSpan | None]) -> pa.StructArray:
    at = [i for i, time in enumerate(times) if time is not None]
    return _time_spans([times[i] for i in at], at, len(times))  # type: ignore[misc]


def _time_spans(regions: list[TimeSpan], at: list[int], n: int) -> pa.StructArray:
    if not at:
        return pa.nulls(n, schema.TIME)
    table = _spread(_numbers(map(attrgetter("start", "end"), regions), np.float64, 2), at, n)
    return _sparse_struct(schema.TIME, [pa.array(table[:, 0]), pa.array(table[:, 1])], at, n)


def _column(items: Iterable[object], name: str, kind: pa.DataType) -> pa.Array:
    """One field of some items."""
    return pa.array(list(map(attrgetter(name), items)), kind)


def _numbers(rows: Iterable[tuple[float, ...]], dtype: type, width: int) -> np.ndarray:
    """Tuples of `width` numbers as an array; several times faster than `np.array`."""
    return np.fromiter(chain.from_iterable(rows), dtype).reshape(-1, width)


def _spread(values: np.ndarray, at: list[int], n: int) -> np.ndarray:
    """`values` at the positions `at` of n, zero elsewhere."""
    result = np.zeros((n, *values.shape[1:]), values.dtype)
    if at:
        result[at] = values
    return result


def _struct(kind: pa.StructType, columns: list[pa.Array]) -> pa.StructArray:
    return pa.StructArray.from_arrays(columns, fields=list(kind))


def _sparse_struct(kind: pa.StructType, columns: list[pa.Array], at: list[int], n: int) -> pa.StructArray:
    null = np.ones(n, bool)
    null[at] = False
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=pa.array(null))


def _lists(lengths: Any, values: pa.Array) -> pa.ListArray:
    counts = lengths if isinstance(lengths, np.ndarray) else np.fromiter(lengths, np.int32)
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)
