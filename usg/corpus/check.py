"""What is in a corpus, and what is wrong with it: `usg check`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.corpus.columns import GraphColumns
from usg.corpus.corpus import Corpus
from usg.corpus.fingerprint import Hash, graph_hashes, hash_strings, medium_hashes, text_hashes
from usg.corpus.schema import CorpusError
from usg.corpus.statistics import Statistics
from usg.progress import progress


@dataclass(frozen=True)
class Overlap:
    """How many graphs of a corpus are also, in part or whole, in another one.

    Attributes:
        against: the other corpus.
        media: graphs with a source whose uri, up to its `#`, is that of a source there.
        texts: graphs with a text that is there too; case and spacing do not count.
        graphs: graphs that are there too, texts included.
    """

    against: str
    media: int
    texts: int
    graphs: int


@dataclass(frozen=True)
class Report:
    """The result of `check_corpus`.

    Attributes:
        path: the corpus.
        provenance: from its manifest.
        statistics: counts of the shards that can be read.
        broken: a line for each shard or row group that cannot be read.
        without_relations: objects in no relation.
        attributes_without_kind: attributes whose kind is unknown.
        duplicates: graphs equal to an earlier one in labels, structure and texts.
        overlap: with another corpus, when one was given.
    """

    path: str
    provenance: dict[str, Any]
    statistics: Statistics
    broken: tuple[str, ...]
    without_relations: int
    attributes_without_kind: int
    duplicates: int
    overlap: Overlap | None

    @property
    def passed(self) -> bool:
        """Whether every shard can be read and there is a graph at all."""
        return not self.broken and self.statistics.graphs > 0


@dataclass(frozen=True)
class _Scan:
    """What one pass over a corpus gathers: numbers of graphs, texts and media, each with its graph."""

    graphs: Hash
    texts: tuple[NDArray[np.int64], Hash]
    media: tuple[NDArray[np.int64], Hash]
    without_relations: int
    broken: list[str]


def check_corpus(path: str | os.PathLike[str], against: str | os.PathLike[str] | None = None) -> Report:
    """Read a corpus through and report on it.

    Args:
        path: a corpus folder.
        against: another corpus, a training split for instance, that should share nothing with it.

    Raises:
        FileNotFoundError: there is no such folder.
        CorpusError: a folder is not a corpus or one of another version; broken shards are in the report instead.

    Example:
        >>> import tempfile
        >>> from usg.corpus import CorpusWriter
        >>> from usg.graph import SceneGraph, SceneObject
        >>> folder = tempfile.mkdtemp()
        >>> with CorpusWriter(folder) as writer:
        ...     writer.write_all(SceneGraph(objects=[SceneObject(id, "cat")]) for id in ["a", "b"])
        >>> report = check_corpus(folder)
        >>> report.passed, report.duplicates, report.without_relations
        (True, 1, 2)
    """
    corpus = Corpus(path, skip_broken=True)
    other = None if against is None else Corpus(against, skip_broken=True)
    scan = _scan(corpus, f"reading {path}")
    statistics = corpus.statistics
    return Report(
        path=str(path),
        provenance=corpus.manifest.get("provenance", {}),
        statistics=statistics,
        broken=(*corpus.broken, *scan.broken),
        without_relations=scan.without_relations,
        attributes_without_kind=statistics.attributes - sum(statistics.attribute_kinds.values()),
        duplicates=len(scan.graphs) - len(np.unique(scan.graphs)),
        overlap=None if other is None else _overlap(scan, _scan(other, f"reading {against}"), str(against)),
    )


def _overlap(scan: _Scan, other: _Scan, against: str) -> Overlap:
    def shared(mine: tuple[NDArray[np.int64], Hash], theirs: tuple[NDArray[np.int64], Hash]) -> int:
        return len(np.unique(mine[0][np.isin(mine[1], theirs[1])]))

    return Overlap(
        against=against,
        media=shared(scan.media, other.media),
        texts=shared(scan.texts, other.texts),
        graphs=int(np.isin(scan.graphs, other.graphs).sum()),
    )


def _scan(corpus: Corpus, label: str) -> _Scan:
    label_hash, kind_hash = hash_strings(corpus.labels), hash_strings(corpus.kinds)
    graphs: list[Hash] = []
    texts: list[tuple[NDArray[np.int64], Hash]] = []
    media: list[tuple[NDArray[np.int64], Hash]] = []
    without_relations, seen = 0, 0
    broken: list[str] = []
    groups = range(len(corpus.row_group_starts) - 1)
    for columns in progress(_row_groups(corpus, broken), total=len(groups), label=label):
        graphs.append(graph_hashes(columns, label_hash, kind_hash))
        for into, (graph, number) in ((texts, text_hashes(columns)), (media, medium_hashes(columns))):
            into.append((graph + seen, number))
        without_relations += _objects_without_relations(columns)
        seen += len(columns)
    return _Scan(_joined(graphs), _joined_pairs(texts), _joined_pairs(media), without_relations, broken)


def _row_groups(corpus: Corpus, broken: list[str]) -> Iterator[GraphColumns]:
    starts = corpus.row_group_starts.tolist()
    for start, end in pairwise(starts):
        try:
            yield corpus.columns(slice(start, end))
        except CorpusError as error:
            broken.append(str(error))


def _objects_without_relations(columns: GraphColumns) -> int:
    first = np.repeat(np.cumsum(columns.num_objects) - columns.num_objects, columns.num_relations)
    ends = np.concatenate([columns.relation_subject + first, columns.relation_object + first])
    return len(columns.object_label) - len(np.unique(ends))


def _joined(parts: list[Hash]) -> Hash:
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def _joined_pairs(parts: list[tuple[NDArray[np.int64], Hash]]) -> tuple[NDArray[np.int64], Hash]:
    graphs = np.concatenate([np.zeros(0, np.int64), *(graph for graph, _ in parts)])
    return graphs, _joined([number for _, number in parts])


def label_table(counter: Counter[str], top: int) -> dict[str, Any]:
    """How a kind of label is spread.

    Args:
        counter: label -> how often.
        top: how many of the most frequent to list.

    Returns:
        `distinct` labels, `hapaxes` (labels that occur once) and the `top` ones with their counts.

    Example:
        >>> label_table(Counter(["cat", "cat", "dog"]), top=1)
        {'distinct': 2, 'hapaxes': 1, 'top': {'cat': 2}}
    """
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return {
        "distinct": len(counter),
        "hapaxes": sum(count == 1 for count in counter.values()),
        "top": dict(ordered[:top]),
    }
