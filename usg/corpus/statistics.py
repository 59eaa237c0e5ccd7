"""Counts of a corpus, kept in the footers of its shards and added up when they are asked for."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from usg.graph.scene_graph import SceneGraph

_MASK = "<mask>"  # stands for a word that is asked for, and is none
_WORD = re.compile(rf"{_MASK}|[^\W_]+")
_COUNTS = ("graphs", "empty_graphs", "sources", "objects", "attributes", "relations")
_COUNTERS = ("object_labels", "attribute_values", "attribute_kinds", "predicates", "words")


@dataclass(frozen=True)
class Statistics:
    """How much there is of what in a corpus or shard.

    Attributes:
        graphs, empty_graphs: graphs, and those among them without an object.
        sources, objects, attributes, relations: elements over all graphs.
        object_labels, attribute_values, predicates: how often each label of that kind occurs.
        attribute_kinds: how often each kind of attribute occurs; attributes without a kind are not in it.
        words: how often each lower-case word occurs in the texts of text sources.

    Example:
        >>> from usg.graph import SceneObject
        >>> total = Statistics.of([SceneGraph(objects=[SceneObject("o", "cat")]), SceneGraph()])
        >>> total.graphs, total.empty_graphs, total.object_labels
        (2, 1, Counter({'cat': 1}))
    """

    graphs: int = 0
    empty_graphs: int = 0
    sources: int = 0
    objects: int = 0
    attributes: int = 0
    relations: int = 0
    object_labels: Counter[str] = field(default_factory=Counter)
    attribute_values: Counter[str] = field(default_factory=Counter)
    attribute_kinds: Counter[str] = field(default_factory=Counter)
    predicates: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, graphs: Sequence[SceneGraph]) -> Statistics:
        """The statistics of graphs in memory."""
        attributes = [attribute for graph in graphs for attribute in graph.attributes]
        labels = [obj.label for graph in graphs for obj in graph.objects]
        predicates = [relation.predicate for graph in graphs for relation in graph.relations]
        texts = [source.text for graph in graphs for source in graph.sources if source.text]
        return cls(
            graphs=len(graphs),
            empty_graphs=sum(not graph.objects for graph in graphs),
            sources=sum(len(graph.sources) for graph in graphs),
            objects=len(labels),
            attributes=len(attributes),
            relations=len(predicates),
            object_labels=Counter(labels),
            attribute_values=Counter([attribute.value for attribute in attributes]),
            attribute_kinds=Counter([attribute.kind for attribute in attributes if attribute.kind is not None]),
            predicates=Counter(predicates),
            words=count_words(texts),
        )

    @classmethod
    def total(cls, parts: Iterable[Statistics]) -> Statistics:
        """The sum over several shards."""
        table: dict[str, Any] = {**dict.fromkeys(_COUNTS, 0), **{name: Counter() for name in _COUNTERS}}
        for part in parts:
            for name in _COUNTS:
                table[name] += getattr(part, name)
            for name in _COUNTERS:
                table[name].update(getattr(part, name))
        return cls(**table)

    def to_json(self) -> bytes:
        """The form kept in a footer."""
        table = {name: getattr(self, name) for name in (*_COUNTS, *_COUNTERS)}
        return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Statistics:
        """The inverse of `to_json`."""
        table = json.loads(data)
        values: dict[str, Any] = {name: int(table[name]) for name in _COUNTS}
        values |= {name: Counter(table[name]) for name in _COUNTERS}
        return cls(**values)


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs: runs of letters or digits, in lower case, as `usg.batch.words` cuts them.

    Example:
        >>> count_words(["Two dogs; the boy's two balls."])["two"]
        2
    """
    counts: Counter[str] = Counter()
    for word, count in Counter(_WORD.findall("\n".join(texts))).items():
        counts[word.lower()] += count
    del counts[_MASK]
    return counts
