"""The vocabulary: one table of strings for labels, attribute values, predicates and words.

One table, because the word "red" in a caption and the value "red" of an attribute should be one entry, so that what is
learnt of one holds for the other. How often each entry was seen as each kind of node is kept beside it: predictions of
an object are restricted to the labels seen as objects. Strings that were never seen get entry 0, `<unk>`, and the
character n-grams of usg/batch/subwords.py.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.batch.subwords import LONGEST, SHORTEST, subword_bags, subwords
from usg.batch.words import MASK, count_words
from usg.files import atomic_path
from usg.graph import NodeKind, SceneGraph
from usg.graph.levi import GRAPH_LABEL

UNKNOWN = "<unk>"
SPECIALS = (UNKNOWN, MASK, GRAPH_LABEL)
UNKNOWN_INDEX, MASK_INDEX, GRAPH_INDEX = range(3)
BUCKETS = 4096
"""Default number of n-gram buckets."""

_KEPT = 8  # tuples that are looked up once: labels and kinds of attributes of the few corpora that training reads
_SCHEMA, _VERSION = "usg.vocabulary", 1


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """V strings, their counts per kind of node, and their n-gram buckets.

    Args:
        labels: the strings; the first three are `<unk>`, `<mask>` and `<graph>`.
        counts: `(V, 5)` int64, how often each was seen as each `NodeKind`.
        buckets: number of n-gram buckets.

    Raises:
        ValueError: a label occurs twice, the specials are missing, or the shapes do not fit.

    >>> vocabulary = Vocabulary.build(objects={"dog": 2}, attributes={"red": 1}, words={"red": 3})
    >>> vocabulary.labels
    ('<unk>', '<mask>', '<graph>', 'red', 'dog')
    >>> vocabulary.index("red"), vocabulary.index("dragon"), vocabulary.label(4)
    (3, 0, 'dog')
    >>> vocabulary.of_kind(NodeKind.OBJECT).nonzero()[0].tolist()
    [4]
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    buckets: int = BUCKETS

    def __post_init__(self) -> None:
        if self.labels[: len(SPECIALS)] != SPECIALS:
            raise ValueError(f"a vocabulary starts with {', '.join(SPECIALS)}, not with {list(self.labels[:3])}")
        if len(set(self.labels)) != len(self.labels):
            twice = Counter(self.labels).most_common(1)[0][0]
            raise ValueError(f"vocabulary label {twice!r} occurs twice; each string is one entry")
        if self.counts.shape != (len(self.labels), len(NodeKind)):
            raise ValueError(
                f"vocabulary counts have shape {self.counts.shape}, expected {(len(self.labels), len(NodeKind))}"
            )
        if self.buckets < 1:
            raise ValueError(f"vocabulary with {self.buckets} n-gram buckets; at least one is needed")

    @classmethod
    def build(
        cls,
        objects: Mapping[str, int] | None = None,
        attributes: Mapping[str, int] | None = None,
        relations: Mapping[str, int] | None = None,
        words: Mapping[str, int] | None = None,
        *,
        min_count: int = 1,
        buckets: int = BUCKETS,
    ) -> Vocabulary:
        """Builds from counts, the most frequent first, equal ones in alphabetical order.

        Args:
            objects: how often each object label occurs (a corpus's statistics have it).
            attributes: how often each attribute value occurs.
            relations: how often each predicate occurs.
            words: how often each word occurs in captions and questions (`usg.batch.words.count_words`), and each kind
                of attributes, which is carried as a word ("colour").
            min_count: strings seen fewer times than this, over all kinds, are left out.
            buckets: number of n-gram buckets.
        """
        kinds = {
            NodeKind.OBJECT: objects,
            NodeKind.ATTRIBUTE: attributes,
            NodeKind.RELATION: relations,
            NodeKind.WORD: words,
        }
        total: Counter[str] = Counter()
        for counter in kinds.values():
            total.update(counter or {})
        for special in SPECIALS:
            del total[special]
        kept = sorted((label for label, n in total.items() if n >= min_count), key=lambda label: (-total[label], label))
        labels = (*SPECIALS, *kept)
        counts = np.zeros((len(labels), len(NodeKind)), dtype=np.int64)
        for kind, counter in kinds.items():
            counter = counter or {}
            counts[len(SPECIALS) :, kind] = [counter.get(label, 0) for label in kept]
        return cls(labels, counts, buckets)

    @classmethod
    def from_graphs(
        cls,
        graphs: Iterable[SceneGraph],
        texts: Iterable[str] = (),
        *,
        min_count: int = 1,
        buckets: int = BUCKETS,
    ) -> Vocabulary:
        """Counts the graphs' labels, values and predicates, kinds of attributes and words of text sources, then builds.

        Args:
            graphs: read once.
            texts: further texts, such as questions.
            min_count: as in `build`.
            buckets: as in `build`.
        """
        objects, attributes, relations = Counter[str](), Counter[str](), Counter[str]()
        words = count_words(texts)
        for graph in graphs:
            objects.update(obj.label for obj in graph.objects)
            attributes.update(attribute.value for attribute in graph.attributes)
            words.update(attribute.kind for attribute in graph.attributes if attribute.kind is not None)
            relations.update(relation.predicate for relation in graph.relations)
            words.update(count_words(source.text for source in graph.sources if source.text is not None))
        return cls.build(objects, attributes, relations, words, min_count=min_count, buckets=buckets)

    @cached_property
    def indices(self) -> dict[str, int]:
        """The index of every string."""
        return {label: i for i, label in enumerate(self.labels)}

    def __len__(self) -> int:
        """V, the number of strings."""
        return len(self.labels)

    def __contains__(self, label: object) -> bool:
        return label in self.indices

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Vocabulary)
            and self.labels == other.labels
            and self.buckets == other.buckets
            and np.array_equal(self.counts, other.counts)
        )

    def __hash__(self) -> int:
        return hash((self.labels, self.buckets))

    def __repr__(self) -> str:
        seen = ", ".join(f"{int(self.of_kind(kind).sum())} {kind.name.lower()}s" for kind in list(NodeKind)[1:])
        return f"Vocabulary({len(self)} strings: {seen}; {self.buckets} buckets)"

    def index(self, label: str) -> int:
        """The entry of a string; 0, `<unk>`, for one that is not in the table."""
        return self.indices.get(label, UNKNOWN_INDEX)

    def entries(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """`(len(labels),)` the entry of each string, -1 for those that are not in the table.

        The answer for a tuple is kept: a corpus hands over the same tuple of all its labels with every batch.
        """
        for known, entries in self._kept:
            if known is labels:
                return entries
        get = self.indices.get
        entries = np.fromiter((get(label, -1) for label in labels), dtype=np.int64, count=len(labels))
        if isinstance(labels, tuple):
            self._kept[_KEPT - 1 :] = []
            self._kept.insert(0, (labels, entries))
        return entries

    @cached_property
    def _kept(self) -> list[tuple[tuple[str, ...], NDArray[np.int64]]]:
        return []

    def label(self, index: int) -> str:
        """The string of an entry."""
        return self.labels[index]

    def of_kind(self, kind: NodeKind) -> NDArray[np.bool_]:
        """`(V,)` which strings were seen as that kind of node."""
        return self.counts[:, kind] > 0

    def subwords(self, label: str) -> NDArray[np.int64]:
        """The n-gram buckets of any string, seen or not; none for the specials."""
        return np.array(() if label in SPECIALS else subwords(label, self.buckets), dtype=np.int64)

    def subword_table(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The n-gram buckets of the whole table: `(m,)` buckets and `(V + 1,)` offsets; the specials have none."""
        flat, offsets = subword_bags(self.labels[len(SPECIALS) :], self.buckets)
        return flat, np.concatenate([np.zeros(len(SPECIALS), dtype=np.int64), offsets])

    def digest(self) -> str:
        """Sixteen hexadecimal digits that two vocabularies share if weights of one mean the same under the other."""
        kinds = np.packbits(self.counts > 0).tobytes().hex()
        content = json.dumps([self.labels, self.buckets, SHORTEST, LONGEST, kinds])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def to_state(self) -> dict[str, Any]:
        """As plain values, which `torch.load(weights_only=True)` reads back from a checkpoint.

        >>> vocabulary = Vocabulary.build(objects={"dog": 2})
        >>> Vocabulary.from_state(vocabulary.to_state()) == vocabulary
        True
        """
        return {"labels": list(self.labels), "counts": self.counts.tolist(), "buckets": self.buckets}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Vocabulary:
        """Reads what `to_state` gave.

        Raises:
            ValueError: a part is missing or does not fit the others.
        """
        try:
            counts = np.array(state["counts"], dtype=np.int64)
            return cls(tuple(state["labels"]), counts, int(state["buckets"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"the state of a vocabulary is not whole: {error!r}") from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes vocab.json, whole or not at all."""
        content = {
            "schema": _SCHEMA,
            "version": _VERSION,
            "buckets": self.buckets,
            "labels": list(self.labels),
            "counts": {kind.name.lower(): self.counts[:, kind].tolist() for kind in NodeKind},
        }
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not a vocabulary, or of a version this code does not read.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"no vocabulary at {path}; it is written beside a model by save_pretrained")
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not JSON ({error}); expected a vocabulary") from None
        if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
            raise ValueError(f"{path} is not a vocabulary: it lacks schema {_SCHEMA!r}")
        if content.get("version") != _VERSION:
            raise ValueError(f"{path} has vocabulary version {content.get('version')!r}; this code reads {_VERSION}")
        try:
            counts = np.array([content["counts"][kind.name.lower()] for kind in NodeKind], dtype=np.int64).T
            return cls(tuple(content["labels"]), counts, int(content["buckets"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a whole vocabulary: {error!r}") from None
