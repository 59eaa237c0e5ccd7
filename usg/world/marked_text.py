"""Words of a text as it is written, with the spans of the elements that they mention."""

from __future__ import annotations

from dataclasses import dataclass, field

from usg.graph.region import TextSpan


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

    def join(self, other: MarkedText) -> None:
        """Appends another text, after a space, with its mentions."""
        shift = len(self.words) + bool(self.words)
        self.say(other.words)
        self.mentions += [
            (element, TextSpan(tuple((start + shift, end + shift) for start, end in span.spans)))
            for element, span in other.mentions
        ]
