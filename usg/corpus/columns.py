"""Graphs as flat arrays: what batches are packed from without building SceneGraphs.

Letters: g graphs, s sources, o objects, a attributes, r relations, m groundings of one kind of element, L labels.
Everything is graph-major: the elements of graph 0 first, then those of graph 1, in the order of the scene graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from usg.corpus.decode import offsets_of, one_array, present
from usg.graph.elements import MODALITIES

Int = NDArray[np.int64]
Float = NDArray[np.float64]
_ELEMENTS = ("source", "object", "attribute", "relation")


@dataclass(frozen=True)
class GroundingColumns:
    """The groundings of all objects, of all attributes or of all relations; e elements, m groundings, p stretches.

    Attributes:
        count: `(e,)` groundings of each element; theirs follow one another in the arrays below.
        source: `(m,)` position of the source among the sources of its graph.
        box: `(m, 4)` xyxy in pixels: the box, or the box at the first point of a track; NaN where there is none.
        time: `(m, 2)` start and end in seconds: the time span, or the first and last second of a track; NaN where none.
        span_count: `(m,)` stretches of text of each grounding; 0 where it is no text span.
        span: `(p, 2)` start and end of each stretch, code points, end exclusive.
    """

    count: Int
    source: Int
    box: Float
    time: Float
    span_count: Int
    span: Int

    # Kept, because batch after batch is gathered from the same columns.
    @cached_property
    def _starts(self) -> Int:
        return np.cumsum(self.count) - self.count

    @cached_property
    def _span_starts(self) -> Int:
        return np.cumsum(self.span_count) - self.span_count


@dataclass(frozen=True)
class GraphColumns:
    """Some graphs of a corpus as flat arrays.

    Attributes:
        labels: all labels, values and predicates of the corpus; the codes below are positions in it. It is the same
            object for every call on one `Corpus`, so a table from code to vocabulary entry is made once.
        kinds: all kinds of attributes of the corpus.
        num_sources, num_objects, num_attributes, num_relations: `(g,)` per graph.
        source_id, source_uri, source_text: `(s,)` Python strings; uri and text are None where a source has none.
        source_modality: `(s,)` place in `usg.graph.MODALITIES`.
        source_size: `(s, 2)` width and height in pixels; NaN where unknown.
        source_duration: `(s,)` seconds; NaN where unknown.
        object_label, attribute_value, relation_predicate: `(o,)`, `(a,)`, `(r,)` codes into `labels`.
        attribute_object: `(a,)` position of its object among the objects of its graph.
        relation_subject, relation_object: `(r,)` likewise.
        attribute_kind: `(a,)` code into `kinds`, -1 where it has none.
        object_negated, attribute_negated, relation_negated: bool.
        attribute_time, relation_time: `(a, 2)`, `(r, 2)` when it holds, seconds; NaN where always.
        object_groundings, attribute_groundings, relation_groundings: where they were seen.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    num_sources: Int
    num_objects: Int
    num_attributes: Int
    num_relations: Int
    source_id: NDArray[np.object_]
    source_uri: NDArray[np.object_]
    source_text: NDArray[np.object_]
    source_modality: Int
    source_size: Float
    source_duration: Float
    object_label: Int
    object_negated: NDArray[np.bool_]
    attribute_object: Int
    attribute_value: Int
    attribute_kind: Int
    attribute_negated: NDArray[np.bool_]
    attribute_time: Float
    relation_subject: Int
    relation_predicate: Int
    relation_object: Int
    relation_negated: NDArray[np.bool_]
    relation_time: Float
    object_groundings: GroundingColumns
    attribute_groundings: GroundingColumns
    relation_groundings: GroundingColumns

    def __len__(self) -> int:
        """The number of graphs."""
        return len(self.num_objects)

    @cached_property
    def _starts(self) -> dict[str, Int]:
        counts = {name: getattr(self, f"num_{name}s") for name in _ELEMENTS}
        return {name: np.cumsum(count) - count for name, count in counts.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays and of the texts."""
        total = 64 * len(self.source_id) + sum(64 + len(text) for text in self.source_text if text is not None)
        for value in (getattr(self, field.name) for field in fields(self)):
            if isinstance(value, GroundingColumns):
                total += sum(getattr(value, field.name).nbytes for field in fields(value))
            elif isinstance(value, np.ndarray):
                total += value.nbytes
        return total


def gather(parts: Sequence[GraphColumns], part: Int, row: Int) -> GraphColumns:
    """Chosen graphs of several columns of one corpus, in any order.

    Args:
        parts: where to take them from.
        part: `(g,)` which of `parts` each graph is in.
        row: `(g,)` its position there.
    """
    first = parts[0]
    if len(parts) == 1 and len(row) == len(first) and bool((row == np.arange(len(row))).all()):
        return first
    graphs = _Chosen(part, row, len(parts))
    elements = {
        name: graphs.expand([getattr(each, f"num_{name}s") for each in parts], [each._starts[name] for each in parts])
        for name in _ELEMENTS
    }
    values: dict[str, object] = {"labels": first.labels, "kinds": first.kinds}
    for field in fields(GraphColumns)[2:]:
        several = [getattr(each, field.name) for each in parts]
        chosen = elements.get(field.name.partition("_")[0], graphs)  # num_... is per graph
        if isinstance(several[0], GroundingColumns):
            values[field.name] = _gather_groundings(several, chosen)
        else:
            values[field.name] = chosen.of(several)
    return GraphColumns(**values)  # type: ignore[arg-type]


def _gather_groundings(parts: Sequence[GroundingColumns], elements: _Chosen) -> GroundingColumns:
    groundings = elements.expand([each.count for each in parts], [each._starts for each in parts])
    stretches = groundings.expand([each.span_count for each in parts], [each._span_starts for each in parts])
    return GroundingColumns(
        count=elements.of([each.count for each in parts]),
        source=groundings.of([each.source for each in parts]),
        box=groundings.of([each.box for each in parts]),
        time=groundings.of([each.time for each in parts]),
        span_count=groundings.of([each.span_count for each in parts]),
        span=stretches.of([each.span for each in parts]),
    )


class _Chosen:
    """Things chosen from several lists: which list, and which position in it."""

    def __init__(self, part: Int, row: Int, parts: int) -> None:
        self._part, self._row = part, row
        self._at = [np.flatnonzero(part == k) for k in range(parts)] if parts > 1 else []

    def of(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Their values, when the lists hold those."""
        if not self._at:
            return np.take(parts[0], self._row, axis=0)
        result = np.empty((len(self._row), *parts[0].shape[1:]), parts[0].dtype)
        for values, at in zip(parts, self._at, strict=True):
            result[at] = np.take(values, self._row[at], axis=0)
        return result

    def expand(self, counts: Sequence[Int], starts: Sequence[Int]) -> _Chosen:
        """What belongs to them: thing i of list k has the `counts[k][i]` from `starts[k][i]` on of a longer list."""
        many, start = self.of(counts), self.of(starts)
        end = np.cumsum(many)
        row = np.arange(int(many.sum())) + np.repeat(start - (end - many), many)
        return _Chosen(np.repeat(self._part, many) if self._at else row, row, max(1, len(self._at)))


def columns_of(
    table: pa.Table, labels: tuple[str, ...], label_code: dict[str, int], kinds: tuple[str, ...]
) -> GraphColumns:
    """The rows of a table as flat arrays.

    Args:
        table: rows in `usg.corpus.schema.SCHEMA`; `metadata` may be absent.
        labels: all labels of the corpus.
        label_code: the position of each in `labels`.
        kinds: all kinds of attributes of the corpus.

    Raises:
        KeyError: a label that is not in `label_code`.
    """
    lists = {name: one_array(table.column(name)) for name in ("sources", "objects", "attributes", "relations")}
    starts = {name: offsets_of(column) for name, column in lists.items()}
    flat = {name: column.flatten() for name, column in lists.items()}
    sources = flat["sources"]
    objects, attributes, relations = flat["objects"], flat["attributes"], flat["relations"]
    return GraphColumns(
        labels=labels,
        kinds=kinds,
        num_sources=np.diff(starts["sources"]),
        num_objects=np.diff(starts["objects"]),
        num_attributes=np.diff(starts["attributes"]),
        num_relations=np.diff(starts["relations"]),
        source_id=_strings(sources.field("id")),
        source_uri=_strings(sources.field("uri")),
        source_text=_strings(sources.field("text")),
        source_modality=_codes(sources.field("modality"), {name: i for i, name in enumerate(MODALITIES)}),
        source_size=np.stack([_floats(sources.field(name)) for name in ("width", "height")], axis=1),
        source_duration=_floats(sources.field("duration")),
        object_label=_codes(objects.field("label"), label_code),
        object_negated=objects.field("negated").to_numpy(zero_copy_only=False).astype(bool),
        attribute_object=_ints(attributes.field("object")),
        attribute_value=_codes(attributes.field("value"), label_code),
        attribute_kind=_codes(attributes.field("kind"), {kind: i for i, kind in enumerate(kinds)}),
        attribute_negated=attributes.field("negated").to_numpy(zero_copy_only=False).astype(bool),
        attribute_time=_times(attributes.field("time")),
        relation_subject=_ints(relations.field("subject")),
        relation_predicate=_codes(relations.field("predicate"), label_code),
        relation_object=_ints(relations.field("object")),
        relation_negated=relations.field("negated").to_numpy(zero_copy_only=False).astype(bool),
        relation_time=_times(relations.field("time")),
        object_groundings=_groundings(objects.field("groundings")),
        attribute_groundings=_groundings(attributes.field("groundings")),
        relation_groundings=_groundings(relations.field("groundings")),
    )


def _groundings(lists: pa.ListArray) -> GroundingColumns:
    flat = lists.flatten()
    box, time = _boxes(flat.field("box")), _times(flat.field("time"))
    tracks, points = offsets_of(flat.field("track")), flat.field("track").flatten()
    tracked = np.flatnonzero(np.diff(tracks))
    if len(tracked):
        first, last = tracks[tracked], tracks[tracked + 1] - 1
        seconds = _floats(points.field("seconds"))
        box[tracked] = _boxes(points.field("box"))[first]
        time[tracked] = np.stack([seconds[first], seconds[last]], axis=1)
    spans = flat.field("span").flatten()
    return GroundingColumns(
        count=np.diff(offsets_of(lists)),
        source=_ints(flat.field("source")),
        box=box,
        time=time,
        span_count=np.diff(offsets_of(flat.field("span"))),
        span=np.stack([_ints(spans.field(name)) for name in ("start", "end")], axis=1),
    )


def _boxes(structs: pa.StructArray) -> Float:
    return _struct_floats(structs, ("x0", "y0", "x1", "y1"))


def _times(structs: pa.StructArray) -> Float:
    return _struct_floats(structs, ("start", "end"))


def _struct_floats(structs: pa.StructArray, names: tuple[str, ...]) -> Float:
    result = np.full((len(structs), len(names)), np.nan)
    at = present(structs)
    if len(at):
        for column, name in enumerate(names):
            result[at, column] = _floats(structs.field(name))[at]
    return result


def _floats(array: pa.Array) -> Float:
    return array.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _ints(array: pa.Array) -> Int:
    return array.to_numpy(zero_copy_only=False).astype(np.int64)


def _strings(array: pa.Array) -> NDArray[np.object_]:
    return array.to_numpy(zero_copy_only=False).astype(object)


def _codes(strings: pa.Array, code: dict[str, int]) -> Int:
    """The code of each string, -1 for null."""
    encoded = strings.dictionary_encode()
    table = np.array([code[label] for label in encoded.dictionary.to_pylist()] + [-1], np.int64)
    return table[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
