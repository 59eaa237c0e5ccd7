"""Several corpora read as one: their graphs stand one behind the other, and their labels share one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.corpus.columns import GraphColumns, gather
from usg.corpus.corpus import Corpus
from usg.corpus.statistics import Statistics
from usg.graph.scene_graph import SceneGraph


class JoinedCorpus(Sequence[SceneGraph]):
    """The graphs of several corpora, read as those of one `Corpus` are.

    Args:
        corpora: at least one.

    Attributes:
        row_group_starts: `(row groups + 1,)` the number of the first graph of each row group, then the length.

    Raises:
        ValueError: there is none.

    Example:
        >>> import tempfile
        >>> from usg.corpus import CorpusWriter
        >>> from usg.graph import SceneObject
        >>> folders = [tempfile.mkdtemp(), tempfile.mkdtemp()]
        >>> for folder, names in zip(folders, [["cat", "dog"], ["ant", "dog"]]):
        ...     with CorpusWriter(folder) as writer:
        ...         writer.write_all(SceneGraph(objects=[SceneObject("o", name)]) for name in names)
        >>> joined = JoinedCorpus([Corpus(folder) for folder in folders])
        >>> columns = joined.columns([3, 0, 2])
        >>> [columns.labels[code] for code in columns.object_label], joined.statistics.object_labels["dog"]
        (['dog', 'cat', 'ant'], 2)
    """

    def __init__(self, corpora: Sequence[Corpus]) -> None:
        if not corpora:
            raise ValueError("there is no corpus to join")
        self.corpora = tuple(corpora)
        self._starts = np.cumsum([0, *map(len, self.corpora)])
        parts = [start + each.row_group_starts for start, each in zip(self._starts, self.corpora, strict=False)]
        self.row_group_starts: NDArray[np.int64] = np.unique(np.concatenate([*parts, self._starts]))

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> SceneGraph: ...

    @overload
    def __getitem__(self, index: slice) -> list[SceneGraph]: ...

    def __getitem__(self, index: int | slice) -> SceneGraph | list[SceneGraph]:
        """A graph, or the list of graphs of a slice."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        part, row = self._locate(index)
        return self.corpora[part][row]

    @cached_property
    def statistics(self) -> Statistics:
        """Counts of elements, labels and words over all of them."""
        return Statistics.total(each.statistics for each in self.corpora)

    @cached_property
    def num_elements(self) -> NDArray[np.int64]:
        """`(graphs,)` objects, attributes and relations of every graph."""
        return np.concatenate([each.num_elements for each in self.corpora])

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """All object labels, attribute values and predicates, sorted."""
        return tuple(sorted({label for each in self.corpora for label in each.labels}))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of attributes, sorted."""
        return tuple(sorted({kind for each in self.corpora for kind in each.kinds}))

    def metadata(self, index: int) -> dict[str, Any]:
        """The metadata of a graph, without reading the rest of it."""
        part, row = self._locate(index)
        return self.corpora[part].metadata(row)

    def columns(self, indices: ArrayLike) -> GraphColumns:
        """Some graphs as flat arrays; `labels` and `kinds` are this object's own.

        Args:
            indices: `(g,)` numbers of graphs in any order.

        Raises:
            IndexError: a number is outside the corpora.
        """
        wanted = np.asarray(indices, np.int64).reshape(-1)
        for outside in wanted[(wanted < 0) | (wanted >= len(self))][:1].tolist():
            raise IndexError(f"graph {outside} is outside the corpora, which have {len(self):,}")
        part = np.searchsorted(self._starts, wanted, side="right") - 1
        columns, row = [], np.empty(len(wanted), np.int64)
        used = np.unique(part).tolist() or [0]
        for number in used:
            at = np.flatnonzero(part == number)
            found = self.corpora[number].columns(wanted[at] - self._starts[number])
            columns.append(self._in_one_table(found, number))
            row[at] = np.arange(len(at))
        return gather(columns, np.searchsorted(used, part), row)

    def _in_one_table(self, columns: GraphColumns, number: int) -> GraphColumns:
        labels, kinds = self._codes[number]
        return replace(
            columns,
            labels=self.labels,
            kinds=self.kinds,
            object_label=labels[columns.object_label],
            attribute_value=labels[columns.attribute_value],
            relation_predicate=labels[columns.relation_predicate],
            attribute_kind=kinds[columns.attribute_kind],
        )

    @cached_property
    def _codes(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Of each corpus the codes of its labels and kinds here; -1, no kind, is the last of the latter."""
        label = {name: code for code, name in enumerate(self.labels)}
        kind = {name: code for code, name in enumerate(self.kinds)}
        return [
            (
                np.array([label[name] for name in each.labels], np.int64),
                np.array([*(kind[name] for name in each.kinds), -1], np.int64),
            )
            for each in self.corpora
        ]

    def _locate(self, index: int) -> tuple[int, int]:
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"graph {index} is outside the corpora, which have {len(self):,}")
        part = int(np.searchsorted(self._starts, number, side="right")) - 1
        return part, number - int(self._starts[part])
