"""Texts as they are written, with the spans of the elements that they mention, and as sources of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from usg.graph.elements import Grounding, Source
from usg.graph.region import TextSpan
from usg.graph.scene_graph import SceneGraph


@dataclass
class MarkedText:
    """Words so far, and the spans of each element's mentions in reading order.

    >>> text = MarkedText()
    >>> text.say("there is a")
    >>> text.say("cup", "o1")
    >>> text.words, text.mentions[0][1].quote(text.words)
    ('there is a cup', 'cup')
    """

    words: str = ""
    mentions: list[tuple[str, TextSpan]] = field(default_factory=list)

    def say(self, words: str, element: str | None = None) -> None:
        """Appends words, after a space, and marks them as a mention of an element."""
        if not words:
            return
        start = len(self.words) + bool(self.words)
        self.words = f"{self.words} {words}" if self.words else words
        if element is not None:
            self.mentions.append((element, TextSpan(((start, len(self.words)),))))


def with_texts(graph: SceneGraph, name: str, texts: Sequence[MarkedText]) -> SceneGraph:
    """Returns the graph with texts as the sources name0, name1, ..., its elements grounded in their mentions.

    Args:
        graph: what the texts speak of.
        name: of the sources.
        texts: their words and mentions.
    """
    mentions = dict[str, list[Grounding]]()
    for index, text in enumerate(texts):
        for element, span in text.mentions:
            mentions.setdefault(element, []).append(Grounding(f"{name}{index}", span))
    sources = (Source(f"{name}{index}", "text", text=text.words) for index, text in enumerate(texts))
    return replace(
        graph,
        sources=(*graph.sources, *sources),
        objects=tuple(replace(e, groundings=(*e.groundings, *mentions.get(e.id, ()))) for e in graph.objects),
        attributes=tuple(replace(e, groundings=(*e.groundings, *mentions.get(e.id, ()))) for e in graph.attributes),
        relations=tuple(replace(e, groundings=(*e.groundings, *mentions.get(e.id, ()))) for e in graph.relations),
    )
