"""Graphs as flat arrays: what batches are packed from without building SceneGraphs.

Letters: g graphs, s sources, o objects, a attributes, r relations, m groundings of one kind of element, L labels.
Everything is graph-major: the elements of graph 0 first, then those of graph 1, in the order of the scene graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from usg.corpus.decode import offsets_of, one_array, present
from usg.graph.elements import MODALITIES

Int = NDArray[np.int64]
Float = NDArray[np.float64]


@dataclass(frozen=True)
class GroundingColumns:
    """The groundings of all objects, of all attributes or of all relations; e elements, m groundings.

    Attributes:
        count: `(e,)` groundings of each element; theirs follow one another in the arrays below.
        source: `(m,)` position of the source among the sources of its graph.
        modality: `(m,)` int8, 1 text, 2 image, 3 video, 4 audio, 5 points: 1 + the position in `MODALITIES`.
        size: `(m, 2)` width and height of the source, pixels; NaN where unknown.
        duration: `(m,)` of the source, seconds; NaN where unknown.
        box: `(m, 4)` xyxy in pixels: the box, or the box at the first point of a track; NaN where there is none.
        time: `(m, 2)` start and end in seconds: the time span, or the first and last second of a track; NaN where none.
        span: `(m, 2)` int64 start of the first and end of the last stretch of text, code points; -1 where none.
    """

    count: Int
    source: Int
    modality: NDArray[np.int8]
    size: Float
    duration: Float
    box: Float
    time: Float
    span: Int


@dataclass(frozen=True)
class GraphColumns:
    """Some graphs of a corpus as flat arrays.

    Attributes:
        labels: all labels, values and predicates of the corpus; the codes below are positions in it. It is the same
            object for every call on one `Corpus`, so a table from code to vocabulary entry is made once.
        kinds: all kinds of attributes of the corpus.
        num_sources, num_objects, num_attributes, num_relations: `(g,)` per graph.
        source_id, source_text: `(s,)` Python strings; a text is None where a source has none.
        source_modality: `(s,)` int8, 1 + the position in `MODALITIES`.
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
    source_text: NDArray[np.object_]
    source_modality: NDArray[np.int8]
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

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, strings counted at 100 each."""
        total = 100 * (len(self.source_id) + len(self.source_text))
        for value in (getattr(self, field.name) for field in fields(self)):
            if isinstance(value, GroundingColumns):
                total += sum(getattr(value, field.name).nbytes for field in fields(value))
            elif isinstance(value, np.ndarray) and value.dtype != object:
                total += value.nbytes
        return total

    def take(self, rows: NDArray[np.int64]) -> GraphColumns:
        """The graphs at some positions, in that order, repeated where a position is."""
        flat = {
            prefix: _positions(getattr(self, f"num_{prefix}s"), rows)
            for prefix in ("source", "object", "attribute", "relation")
        }
        values: dict[str, object] = {"labels": self.labels, "kinds": self.kinds}
        for field in fields(self)[2:]:
            value, prefix = getattr(self, field.name), field.name.partition("_")[0]
            if prefix == "num":
                values[field.name] = value[rows]
            elif isinstance(value, GroundingColumns):
                values[field.name] = _take_groundings(value, flat[prefix])
            else:
                values[field.name] = value[flat[prefix]]
        return GraphColumns(**values)  # type: ignore[arg-type]

    @classmethod
    def concatenate(cls, parts: Sequence[GraphColumns]) -> GraphColumns:
        """Join columns of one corpus, graph after graph."""
        if len(parts) == 1:
            return parts[0]
        values: dict[str, object] = {"labels": parts[0].labels, "kinds": parts[0].kinds}
        for field in fields(cls)[2:]:
            several = [getattr(part, field.name) for part in parts]
            if isinstance(several[0], GroundingColumns):
                names = [each.name for each in fields(GroundingColumns)]
                joined = [np.concatenate([getattr(each, name) for each in several]) for name in names]
                values[field.name] = GroundingColumns(*joined)
            else:
                values[field.name] = np.concatenate(several)
        return cls(**values)  # type: ignore[arg-type]


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
    modality = _codes(sources.field("modality"), {name: i + 1 for i, name in enumerate(MODALITIES)}).astype(np.int8)
    size = np.stack([_floats(sources.field(name)) for name in ("width", "height")], axis=1)
    duration = _floats(sources.field("duration"))

    def groundings(name: str) -> GroundingColumns:
        graph = np.repeat(np.arange(table.num_rows), np.diff(starts[name]))
        first_source = starts["sources"][graph]
        return _grounding_columns(flat[name].field("groundings"), first_source, modality, size, duration)

    objects, attributes, relations = flat["objects"], flat["attributes"], flat["relations"]
    return GraphColumns(
        labels=labels,
        kinds=kinds,
        num_sources=np.diff(starts["sources"]),
        num_objects=np.diff(starts["objects"]),
        num_attributes=np.diff(starts["attributes"]),
        num_relations=np.diff(starts["relations"]),
        source_id=sources.field("id").to_numpy(zero_copy_only=False).astype(object),
        source_text=sources.field("text").to_numpy(zero_copy_only=False).astype(object),
        source_modality=modality,
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
        object_groundings=groundings("objects"),
        attribute_groundings=groundings("attributes"),
        relation_groundings=groundings("relations"),
    )


def _grounding_columns(
    lists: pa.ListArray, first_source: Int, modality: NDArray[np.int8], size: Float, duration: Float
) -> GroundingColumns:
    starts, flat = offsets_of(lists), lists.flatten()
    source = _ints(flat.field("source"))
    of_corpus = np.repeat(first_source, np.diff(starts)) + source
    box, time = _boxes(flat.field("box")), _times(flat.field("time"))
    tracks, points = offsets_of(flat.field("track")), flat.field("track").flatten()
    tracked = np.flatnonzero(np.diff(tracks))
    if len(tracked):
        box[tracked] = _boxes(points.field("box"))[tracks[tracked]]
        seconds = _floats(points.field("seconds"))
        time[tracked] = np.stack([seconds[tracks[tracked]], seconds[tracks[tracked + 1] - 1]], axis=1)
    spans, pairs = offsets_of(flat.field("span")), flat.field("span").flatten()
    span = np.full((len(flat), 2), -1, np.int64)
    spanned = np.flatnonzero(np.diff(spans))
    span[spanned, 0] = _ints(pairs.field("start"))[spans[spanned]]
    span[spanned, 1] = _ints(pairs.field("end"))[spans[spanned + 1] - 1]
    return GroundingColumns(
        np.diff(starts), source, modality[of_corpus], size[of_corpus], duration[of_corpus], box, time, span
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


def _codes(strings: pa.Array, code: dict[str, int]) -> Int:
    """The code of each string, -1 for null."""
    encoded = strings.dictionary_encode()
    table = np.array([code[label] for label in encoded.dictionary.to_pylist()] + [-1], np.int64)
    return table[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _positions(counts: Int, rows: Int) -> Int:
    """Positions of the elements of graphs `rows`, when graph i has `counts[i]` of them, graph-major."""
    starts = np.cumsum(counts) - counts
    chosen = counts[rows]
    ends = np.cumsum(chosen)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts[rows] - (ends - chosen), chosen)


def _take_groundings(columns: GroundingColumns, elements: Int) -> GroundingColumns:
    flat = _positions(columns.count, elements)
    rest = [getattr(columns, field.name)[flat] for field in fields(columns)[1:]]
    return GroundingColumns(columns.count[elements], *rest)
