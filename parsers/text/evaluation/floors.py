"""Floors: what a score must be above before it means anything.

nearest train graph    the graph of the training caption of the greatest cosine of tf-idf vectors (raw counts, idf
                       log((1 + N) / (1 + df)) + 1, vectors of length 1; the first of equals)
bag of content words   every word that is no function word is a thing; no attributes, no relations
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from usg.graph.scene_graph import SceneGraph
from usg.metrics import Facts, facts_of
from usg.parsers.text.evaluation.captions import caption_of, words_of

NEAREST = "nearest train graph"
BAG = "bag of content words"

_FUNCTION_WORDS = frozenset(
    """
    a about above across after against all along also am an and another any are around as at away back be been behind
    being below beneath beside between both but by can could did do does down during each either every few for from
    front had has have having he her here hers herself him himself his how i if in inside into is it its itself just
    like lot lots many may me more most my near next no nor not of off on one onto or other others our out outside over
    own s same several she so some such t than that the their them themselves then there these they this those through
    to together top toward towards two three four five six seven eight nine ten under underneath until up upon us very
    was we were what when where which while who whose will with within without you your
    """.split()
)


class NearestTrainGraph:
    """Answers with the graph of the most similar training caption.

    Args:
        train: graphs with captions; those without are left out.

    Raises:
        ValueError: no graph has a caption.

    >>> from usg.graph import SceneObject, Source
    >>> train = [
    ...     SceneGraph([Source("t", "text", text=text)], [SceneObject("o", text.split()[1])])
    ...     for text in ("a dog on grass", "a cat on a mat")
    ... ]
    >>> sorted(NearestTrainGraph(train)("cat near the mat").objects)
    [('cat',)]
    """

    def __init__(self, train: Iterable[SceneGraph]) -> None:
        self._graphs = [graph for graph in train if caption_of(graph)]
        if not self._graphs:
            raise ValueError("no training graph has a caption; the nearest one cannot be looked for")

    def __call__(self, caption: str) -> Facts:
        """The facts of the nearest training graph."""
        similarity = np.zeros(len(self._graphs))
        for word, count in Counter(words_of(caption)).items():
            if word in self._postings:
                captions, weights = self._postings[word]
                similarity[captions] += count * self._idf(len(captions)) * weights
        return facts_of(self._graphs[int(similarity.argmax())])

    def _idf(self, documents: int) -> float:
        return float(np.log((1 + len(self._graphs)) / (1 + documents)) + 1)

    @cached_property
    def _postings(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Word -> the captions that have it, ascending, and its weight in each."""
        counts: dict[str, dict[int, int]] = defaultdict(dict)
        for i, graph in enumerate(self._graphs):
            for word, count in Counter(words_of(caption_of(graph) or "")).items():
                counts[word][i] = count
        squares = np.zeros(len(self._graphs))
        postings = {}
        for word, found in counts.items():
            captions = np.fromiter(found, dtype=np.int64)
            weights = np.fromiter(found.values(), dtype=np.float64) * self._idf(len(captions))
            squares[captions] += weights**2
            postings[word] = captions, weights
        lengths = np.sqrt(np.maximum(squares, 1e-12))
        return {word: (captions, weights / lengths[captions]) for word, (captions, weights) in postings.items()}


def bag_of_content_words(caption: str) -> Facts:
    """Every content word of a caption as a thing.

    >>> sorted(bag_of_content_words("A man is riding the brown horse").objects)
    [('brown',), ('horse',), ('man',), ('riding',)]
    """
    return Facts.from_tuples((word,) for word in words_of(caption) if word not in _FUNCTION_WORDS)


def floor_facts(captions: Sequence[str], train: Sequence[SceneGraph] | None) -> dict[str, list[Facts]]:
    """What the floors answer to captions; the nearest training graph only where there are training graphs."""
    floors = {}
    if train is not None:
        nearest = NearestTrainGraph(train)
        floors[NEAREST] = [nearest(caption) for caption in captions]
    floors[BAG] = [bag_of_content_words(caption) for caption in captions]
    return floors
