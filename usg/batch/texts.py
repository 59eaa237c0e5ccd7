"""The words that stand beside the graphs of a batch, and what graph and text have to do with one another.

A text is one of a graph's own text sources, chosen by its number among them (a caption), or any string (a question).
For a caption, the `TextSpan` groundings of the graph say which words realise which node; where several do, the one with
the shortest phrase is meant, so that in "red ball" the word "red" stands for the attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np

from usg.batch.elements import Elements
from usg.batch.ranges import Ints, pointer, ranges
from usg.batch.words import tokenize
from usg.graph import MODALITIES

Text: TypeAlias = int | str
"""A caption by its number among the text sources of the graph, or the words themselves."""
Texts: TypeAlias = Text | Sequence[Text] | None
"""What stands beside one graph."""

MAX_WORDS = 512
"""Words of a text attend to one another in pairs; a longer text should be several."""

_TEXT = MODALITIES.index("text")


@dataclass(frozen=True)
class PackedTexts:
    """Texts and their words; t texts, w words, text after text.

    Attributes:
        graph: `(t,)` graph of each text, not descending.
        source: `(t,)` the source each text is, counted over all graphs; -1 for a free string.
        ptr: `(t + 1,)` the words of text i are `ptr[i]:ptr[i + 1]`.
        words: w words.
        place: `(w, 2)` start and end in the text, code points.
    """

    graph: Ints
    source: Ints
    ptr: Ints
    words: Sequence[str]
    place: Ints


def read_texts(elements: Elements, texts: Sequence[Texts] | None) -> PackedTexts:
    """Cuts the chosen texts of every graph into words.

    Raises:
        ValueError: not one entry per graph, or a text of more than `MAX_WORDS` words.
        LookupError: a graph has no text source of that number.
        TypeError: a text is neither a number nor a string.
    """
    graphs = len(elements.objects)
    if texts is None:
        texts = [None] * graphs
    if len(texts) != graphs:
        raise ValueError(f"texts for {len(texts)} graphs, but there are {graphs}; give one entry (or None) for each")
    first_source = pointer(elements.sources)
    graph_of: list[int] = []
    source_of: list[int] = []
    strings: list[str] = []
    for graph, chosen in enumerate(texts):
        for text in [chosen] if isinstance(chosen, int | str) else chosen or ():
            if isinstance(text, str):
                source, string = -1, text
            elif isinstance(text, int) and not isinstance(text, bool):
                source = _caption(elements, graph, text, range(first_source[graph], first_source[graph + 1]))
                string = elements.source_text[source] or ""
            else:
                raise TypeError(
                    f"text {text!r} of graph {graph} is {type(text).__name__}; expected a number or a string"
                )
            graph_of.append(graph)
            source_of.append(source)
            strings.append(string)
    cut = [tokenize(string) for string in strings]
    for graph, words in zip(graph_of, cut, strict=True):
        if len(words) > MAX_WORDS:
            raise ValueError(
                f"a text of graph {graph} has {len(words)} words; at most {MAX_WORDS}, give it as several texts"
            )
    return _packed(np.array(graph_of, dtype=np.int64), np.array(source_of, dtype=np.int64), cut)


def read_sources(elements: Elements, sources: Ints) -> PackedTexts:
    """Cuts the texts of some sources into words; sources without text have none."""
    cut = [tokenize(elements.source_text[source] or "") for source in sources.tolist()]
    return _packed(np.full(len(sources), -1, dtype=np.int64), sources, cut)


def words_of_pieces(texts: PackedTexts, text: Ints, piece: Ints) -> tuple[Ints, Ints]:
    """The words that stretches of texts overlap.

    Args:
        texts: the texts.
        text: `(p,)` the text each stretch lies in.
        piece: `(p, 2)` start and end, code points.

    Returns:
        `(p,)` number of the first word, counted over all texts, and `(p,)` how many.
    """
    # Words of all texts on one line: text i occupies [i * length, (i + 1) * length).
    length = 1 + max(int(texts.place.max(initial=0)), int(piece.max(initial=0)))
    line = np.repeat(np.arange(len(texts.ptr) - 1) * length, np.diff(texts.ptr))
    first = np.searchsorted(line + texts.place[:, 1], text * length + piece[:, 0], side="right")
    end = np.searchsorted(line + texts.place[:, 0], text * length + piece[:, 1], side="left")
    return first, np.maximum(end - first, 0)


def mentions(elements: Elements, texts: PackedTexts, node: Ints) -> Ints:
    """`(w,)` the node that each word realises, or -1.

    Args:
        elements: the graphs.
        texts: the texts.
        node: `(m,)` node number of each element.
    """
    mention = np.full(len(texts.words), -1, dtype=np.int64)
    source = elements.grounding_source[elements.piece_grounding]
    by_source = np.argsort(texts.source, kind="stable")
    # Every piece once for every text that is its source: one source may be chosen twice.
    low = np.searchsorted(texts.source[by_source], source, side="left")
    copies = np.searchsorted(texts.source[by_source], source, side="right") - low
    text = by_source[ranges(low, copies)]
    piece = np.repeat(np.arange(len(source)), copies)
    if not len(piece):
        return mention
    first, count = words_of_pieces(texts, text, elements.piece[piece])
    word = ranges(first, count)
    piece = np.repeat(piece, count)
    grounding = elements.piece_grounding[piece]
    length = np.bincount(elements.piece_grounding, elements.piece[:, 1] - elements.piece[:, 0])[grounding]
    owner = node[elements.grounding_element[grounding]]
    best = np.lexsort((owner, length, word))
    word = word[best]
    mine = np.flatnonzero(np.diff(word, prepend=-1))
    mention[word[mine]] = owner[best[mine]]
    return mention


def _caption(elements: Elements, graph: int, number: int, sources: range) -> int:
    captions = [s for s in sources if elements.source_modality[s] == _TEXT and elements.source_text[s] is not None]
    if not 0 <= number < len(captions):
        raise LookupError(f"graph {graph} has no text source number {number}; it has {len(captions)}, counted from 0")
    return captions[number]


def _packed(graph: Ints, source: Ints, cut: Sequence[list[tuple[str, int, int]]]) -> PackedTexts:
    flat = list(chain.from_iterable(cut))
    place = np.array([(start, end) for _, start, end in flat], dtype=np.int64).reshape(-1, 2)
    ptr = pointer(np.array([len(words) for words in cut], dtype=np.int64))
    return PackedTexts(graph, source, ptr, [word for word, _, _ in flat], place)
