"""Reading a corpus: by index, by shard, or as columns.

Opening reads only the footers. Rows come from memory-mapped row groups (1,000 graphs by default) that are decoded as a
whole; the last ones used are kept, up to `cache_mb`. Access in any order is therefore cheap while it stays within a few
row groups and costs a decode (tens of milliseconds) per graph when it does not: shuffle row groups, and graphs within a
handful of them (`row_group_starts`), rather than all graphs of a large corpus.
"""

from __future__ import annotations

import json
import operator
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from usg.corpus.columns import GraphColumns, columns_of, gather
from usg.corpus.decode import decode
from usg.corpus.schema import SCHEMA, CorpusError, read_manifest
from usg.corpus.shards import broken, open_shards, starts_of
from usg.corpus.statistics import Statistics
from usg.graph.scene_graph import SceneGraph

_ELEMENTS = ("objects", "attributes", "relations")
_STRUCTURE = ("sources", *_ELEMENTS)


class Corpus(Sequence[SceneGraph]):
    """The graphs of a corpus folder.

    Args:
        path: the folder that `CorpusWriter` wrote.
        cache_mb: megabytes of decoded row groups kept in memory.
        skip_broken: leave out shards that cannot be read, and list them in `broken`; else they are an error.

    Attributes:
        path: the folder.
        manifest: schema name and version, when it was made, `provenance`.
        broken: a line for each shard left out.
        row_group_starts: `(row groups + 1,)` the number of the first graph of each row group, then the length.

    Raises:
        FileNotFoundError: there is no such folder.
        CorpusError: it is not a corpus, has another schema version, or a shard is broken.

    Example:
        >>> import tempfile
        >>> from usg.corpus import CorpusWriter
        >>> from usg.graph import SceneObject
        >>> folder = tempfile.mkdtemp()
        >>> with CorpusWriter(folder) as writer:
        ...     writer.write_all(SceneGraph(objects=[SceneObject("o", name)]) for name in ["cat", "dog", "cat"])
        >>> corpus = Corpus(folder)
        >>> len(corpus), corpus[-1].objects[0].label, corpus.statistics.object_labels["cat"]
        (3, 'cat', 2)
        >>> columns = corpus.columns([1, 2])
        >>> [columns.labels[code] for code in columns.object_label]
        ['dog', 'cat']
    """

    def __init__(self, path: str | os.PathLike[str], *, cache_mb: int = 256, skip_broken: bool = False) -> None:
        self.path = Path(path)
        self._cache_mb, self._skip_broken = cache_mb, skip_broken
        self.manifest = read_manifest(self.path)
        self._shards, problems = open_shards(self.path)
        if problems and not skip_broken:
            more = f" (and {len(problems) - 1} more; see `usg check {self.path}`)" if len(problems) > 1 else ""
            raise CorpusError(problems[0] + more)
        self.broken = tuple(problems)
        self._groups = [(shard, i) for shard in self._shards for i in range(len(shard.row_group_sizes))]
        self.row_group_starts = starts_of([shard.row_group_sizes[i] for shard, i in self._groups])
        self._cache = _Cache(cache_mb * 2**20)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (self.path, self._cache_mb, self._skip_broken))

    def __repr__(self) -> str:
        return f"Corpus({str(self.path)!r}, {len(self):,} graphs in {len(self._shards)} shards)"

    def __len__(self) -> int:
        return int(self.row_group_starts[-1])

    @overload
    def __getitem__(self, index: int) -> SceneGraph: ...

    @overload
    def __getitem__(self, index: slice) -> list[SceneGraph]: ...

    def __getitem__(self, index: int | slice) -> SceneGraph | list[SceneGraph]:
        """A graph, or the list of graphs of a slice."""
        if isinstance(index, slice):
            numbers = range(*index.indices(len(self)))
            return self._run(numbers.start, numbers.stop) if numbers.step == 1 else [self[i] for i in numbers]
        group, row = self._locate(index)
        return self._graphs(group, row, 1)[0]

    def __iter__(self) -> Iterator[SceneGraph]:
        """All graphs in order; one row group is in memory at a time, and the cache is left alone."""
        for group, (shard, number) in enumerate(self._groups):
            table = shard.read(number)
            for start in range(0, table.num_rows, 100):
                yield from self._decoded(group, table.slice(start, 100))

    def row_group(self, number: int) -> list[SceneGraph]:
        """The graphs of a row group; graph `row_group_starts[number]` is the first.

        Raises:
            IndexError: there is no such row group.
            CorpusError: it is damaged.
        """
        if not 0 <= number < len(self._groups):
            raise IndexError(f"row group {number} is outside the corpus {self.path} of {len(self._groups)} row groups")
        return self._decoded(number, self._read(number, None))

    @cached_property
    def statistics(self) -> Statistics:
        """Counts of elements, labels and words over the whole corpus, from the footers."""
        return Statistics.total(shard.statistics for shard in self._shards)

    @cached_property
    def num_elements(self) -> NDArray[np.int64]:
        """`(graphs,)` objects, attributes and relations of every graph; of the rows only the ids are read."""
        counts = [np.zeros(0, np.int64)]
        for group in range(len(self._groups)):
            table = self._read(group, [f"{name}.list.element.id" for name in _ELEMENTS])
            counts.append(sum(pc.list_value_length(table[name]).to_numpy().astype(np.int64) for name in _ELEMENTS))
        return np.concatenate(counts)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All object labels, attribute values and predicates, sorted; codes of `columns` are positions in it."""
        statistics = self.statistics
        return tuple(sorted({*statistics.object_labels, *statistics.attribute_values, *statistics.predicates}))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of attributes, sorted."""
        return tuple(sorted(self.statistics.attribute_kinds))

    @cached_property
    def _label_code(self) -> dict[str, int]:
        return {label: code for code, label in enumerate(self.labels)}

    def metadata(self, index: int) -> dict[str, Any]:
        """The metadata of a graph, without reading the rest of it."""
        group, row = self._locate(index)
        column = self._cache.get((group, "metadata"), lambda: self._read(group, ["metadata"]).column(0), _nbytes)
        return dict(json.loads(column[row].as_py()))

    def columns(self, indices: slice | ArrayLike) -> GraphColumns:
        """Some graphs as flat arrays.

        Args:
            indices: numbers of graphs in any order, or a slice.

        Returns:
            The arrays; `labels` and `kinds` are the corpus's own tuples.

        Raises:
            IndexError: a number is outside the corpus.
        """
        if isinstance(indices, slice):
            wanted = np.arange(*indices.indices(len(self)))
        else:
            wanted = np.asarray(indices, np.int64).reshape(-1)
        outside = wanted[(wanted < -len(self)) | (wanted >= len(self))]
        if len(outside):
            raise IndexError(self._outside(int(outside[0])))
        wanted = np.where(wanted < 0, wanted + len(self), wanted)
        if not len(wanted):
            return columns_of(SCHEMA.empty_table(), self.labels, self._label_code, self.kinds)
        groups = np.searchsorted(self.row_group_starts, wanted, side="right") - 1
        used, part = np.unique(groups, return_inverse=True)
        parts = [self._columns_of_group(group) for group in used.tolist()]
        return gather(parts, part, wanted - self.row_group_starts[groups])

    def _columns_of_group(self, group: int) -> GraphColumns:
        def make() -> GraphColumns:
            table = self._read(group, list(_STRUCTURE))
            try:
                return columns_of(table, self.labels, self._label_code, self.kinds)
            except KeyError as error:
                reason = f"the label {error} is not in the statistics of its footer"
                raise CorpusError(broken(self._groups[group][0].path, reason)) from None

        return self._cache.get((group, "columns"), make, lambda columns: columns.nbytes)

    def _run(self, start: int, stop: int) -> list[SceneGraph]:
        """The graphs `start` to `stop`, a row group at a time: one by one costs several times as much."""
        graphs: list[SceneGraph] = []
        while start < stop:
            group, row = self._locate(start)
            graphs += self._graphs(group, row, min(stop, int(self.row_group_starts[group + 1])) - start)
            start = int(self.row_group_starts[group + 1])
        return graphs

    def _graphs(self, group: int, row: int, count: int) -> list[SceneGraph]:
        table = self._cache.get((group, "rows"), lambda: self._read(group, None), _nbytes)
        return self._decoded(group, table.slice(row, count))

    def _decoded(self, group: int, rows: pa.Table) -> list[SceneGraph]:
        try:
            return decode(rows)
        except ValueError as error:
            raise CorpusError(broken(self._groups[group][0].path, f"a row is not a graph: {error}")) from None

    def _read(self, group: int, columns: list[str] | None) -> pa.Table:
        shard, number = self._groups[group]
        return shard.read(number, columns)

    def _locate(self, index: int) -> tuple[int, int]:
        """The row group of a graph and its row there."""
        number = operator.index(index)
        position = number + len(self) if number < 0 else number
        if not 0 <= position < len(self):
            raise IndexError(self._outside(number))
        group = int(np.searchsorted(self.row_group_starts, position, side="right")) - 1
        return group, position - int(self.row_group_starts[group])

    def _outside(self, index: int) -> str:
        if not len(self):
            return f"corpus {self.path} is empty; there is no graph {index}"
        return f"graph {index} is outside the corpus {self.path} of {len(self):,} graphs"


class _Cache:
    """The values used last, up to a number of bytes; the last one is always kept."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._values: OrderedDict[tuple[int, str], tuple[Any, int]] = OrderedDict()

    def get(self, key: tuple[int, str], make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """The value of a key, made when it is not there."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key][0]
        value = make()
        self._values[key] = (value, size(value))
        self._held += self._values[key][1]
        while self._held > self._capacity and len(self._values) > 1:
            self._held -= self._values.popitem(last=False)[1][1]
        return value


def _nbytes(table: pa.Table) -> int:
    return int(table.nbytes)


def _reopen(path: Path, cache_mb: int, skip_broken: bool) -> Corpus:
    return Corpus(path, cache_mb=cache_mb, skip_broken=skip_broken)
