"""An Arrow table of a shard back to SceneGraphs; the inverse of usg/corpus/encode.py."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from usg.corpus.schema import SCHEMA
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track, TrackPoint
from usg.graph.scene_graph import SceneGraph


def decode(table: pa.Table) -> list[SceneGraph]:
    """The graphs of some rows.

    Args:
        table: rows in `usg.corpus.schema.SCHEMA`.

    Raises:
        GraphError: a row is not a valid graph: its file was not written by `CorpusWriter`.
    """
    columns = {name: one_array(table.column(name)) for name in SCHEMA.names}
    n = table.num_rows
    starts = {name: offsets_of(columns[name]) for name in ("sources", "objects", "attributes", "relations")}
    sources = [Source(*row) for row in zip(*_lists(columns["sources"].flatten()), strict=True)]
    source_ids = [source.id for source in sources]

    def groundings(name: str) -> list[tuple[Grounding, ...]]:
        elements = columns[name].flatten()
        graph = np.repeat(np.arange(n), np.diff(starts[name]))
        return _groundings(elements.field("groundings"), starts["sources"][graph], source_ids)

    objects = _objects(columns["objects"].flatten(), groundings("objects"))
    object_ids = [obj.id for obj in objects]

    def ids(name: str, role: str) -> list[str]:
        graph = np.repeat(np.arange(n), np.diff(starts[name]))
        local = columns[name].flatten().field(role).to_numpy(zero_copy_only=False)
        return [object_ids[i] for i in (starts["objects"][graph] + local).tolist()]

    attributes = _attributes(columns["attributes"].flatten(), ids("attributes", "object"), groundings("attributes"))
    relations = _relations(
        columns["relations"].flatten(), ids("relations", "subject"), ids("relations", "object"), groundings("relations")
    )
    metadata = columns["metadata"].to_pylist()
    s, o, a, r = (starts[name].tolist() for name in ("sources", "objects", "attributes", "relations"))
    return [
        SceneGraph(
            tuple(sources[s[i] : s[i + 1]]),
            tuple(objects[o[i] : o[i + 1]]),
            tuple(attributes[a[i] : a[i + 1]]),
            tuple(relations[r[i] : r[i + 1]]),
            json.loads(metadata[i]),
        )
        for i in range(n)
    ]


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as a single array."""
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else combined.chunk(0)


def offsets_of(lists: pa.ListArray) -> NDArray[np.int64]:
    """`(n + 1,)` positions in `lists.flatten()` at which each of the n lists starts."""
    offsets = np.zeros(len(lists) + 1, np.int64)
    np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False), out=offsets[1:])
    return offsets


def present(structs: pa.StructArray) -> NDArray[np.int64]:
    """Positions of the structs that are not null."""
    return np.flatnonzero(structs.is_valid().to_numpy(zero_copy_only=False))


def _lists(structs: pa.StructArray) -> list[list[Any]]:
    """The fields of flat structs as Python lists."""
    return [field.to_pylist() for field in structs.flatten()]


def _objects(elements: pa.StructArray, groundings: list[tuple[Grounding, ...]]) -> list[SceneObject]:
    names = ("id", "label", "negated", "score")
    columns = [elements.field(name).to_pylist() for name in names]
    return [SceneObject(*row) for row in zip(*columns, groundings, strict=True)]


def _attributes(elements: pa.StructArray, owner: list[str], groundings: list[tuple[Grounding, ...]]) -> list[Attribute]:
    names = ("value", "kind", "number", "negated", "score")
    columns = [elements.field(name).to_pylist() for name in names]
    id, times = elements.field("id").to_pylist(), _times(elements.field("time"))
    return [Attribute(*row) for row in zip(id, owner, *columns, times, groundings, strict=True)]


def _relations(
    elements: pa.StructArray, subject: list[str], target: list[str], groundings: list[tuple[Grounding, ...]]
) -> list[Relation]:
    id, predicate, negated, score = (
        elements.field(name).to_pylist() for name in ("id", "predicate", "negated", "score")
    )
    times = _times(elements.field("time"))
    rows = zip(id, subject, predicate, target, negated, score, times, groundings, strict=True)
    return [Relation(*row) for row in rows]


def _groundings(
    lists: pa.ListArray, first_source: NDArray[np.int64], source_ids: list[str]
) -> list[tuple[Grounding, ...]]:
    """The groundings of each element; `first_source` (elements,) is where the sources of its graph start."""
    offsets, flat = offsets_of(lists), lists.flatten()
    source = np.repeat(first_source, np.diff(offsets)) + flat.field("source").to_numpy(zero_copy_only=False)
    regions: list[Region | None] = [None] * len(flat)
    _fill(regions, *_spans(flat.field("span")))
    _fill(regions, *_boxes(flat.field("box")))
    _fill(regions, *_masks(flat.field("mask")))
    _fill(regions, *_tracks(flat.field("track")))
    for i, time in enumerate(_times(flat.field("time"))):
        if time is not None:
            regions[i] = time
    ids = [source_ids[i] for i in source.tolist()]
    label, score = flat.field("label").to_pylist(), flat.field("score").to_pylist()
    made = [Grounding(*row) for row in zip(ids, regions, label, score, strict=True)]
    bounds = offsets.tolist()
    return [tuple(made[start:end]) for start, end in pairwise(bounds)]


def _fill(into: list[Region | None], at: NDArray[np.int64], regions: list[Any]) -> None:
    for i, region in zip(at.tolist(), regions, strict=True):
        into[i] = region


def _spans(lists: pa.ListArray) -> tuple[NDArray[np.int64], list[TextSpan]]:
    offsets, pairs = offsets_of(lists), list(zip(*_lists(lists.flatten()), strict=True))
    at = np.flatnonzero(np.diff(offsets))
    return at, [TextSpan(tuple(pairs[offsets[i] : offsets[i + 1]])) for i in at]


def _boxes(structs: pa.StructArray) -> tuple[NDArray[np.int64], list[Box]]:
    at = present(structs)
    return at, [Box(*row) for row in zip(*_lists(structs.take(pa.array(at))), strict=True)]


def _masks(structs: pa.StructArray) -> tuple[NDArray[np.int64], list[Mask]]:
    at = present(structs)
    return at, [Mask(*row) for row in zip(*_lists(structs.take(pa.array(at))), strict=True)]


def _tracks(lists: pa.ListArray) -> tuple[NDArray[np.int64], list[Track]]:
    offsets, flat = offsets_of(lists), lists.flatten()
    at = np.flatnonzero(np.diff(offsets))
    regions: list[Any] = [None] * len(flat)
    _fill(regions, *_boxes(flat.field("box")))
    _fill(regions, *_masks(flat.field("mask")))
    rows = zip(flat.field("frame").to_pylist(), flat.field("seconds").to_pylist(), regions, strict=True)
    points = [TrackPoint(*row) for row in rows]
    return at, [Track(tuple(points[offsets[i] : offsets[i + 1]])) for i in at]


def _times(structs: pa.StructArray) -> list[TimeSpan | None]:
    times: list[TimeSpan | None] = [None] * len(structs)
    at = present(structs)
    for i, row in zip(at.tolist(), zip(*_lists(structs.take(pa.array(at))), strict=True), strict=True):
        times[i] = TimeSpan(*row)
    return times
