"""A text cut into pieces that the network reads: sentences of lower-case words, each word with its place in the text.

Captions say what is not there ("a street with no cars"), which the training graphs leave out. Words that negate are
therefore taken out before the network reads ("a street with cars"), and what they negate is marked afterwards
(usg/parsers/text/negation.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LONGEST = 60
_ENDS = frozenset(".!?;")
# As the training captions write them: all sentences end with a full stop.
_WRITTEN = {"!": ".", "?": ".", "…": ".", "...": ".", "’s": "'s", "“": '"', "”": '"', "–": "-", "—": "-"}
_QUOTES = frozenset("\"'”’)]")
_MARKS = frozenset(('"', "'", "`", "``", "''", "‘", "’", "”"))
_SAYING = frozenset("saying says said reading reads read".split())
_QUOTED = 12  # words between quotation marks
_NOT = frozenset(("not", "n't", "nt", "never"))
_ABBREVIATIONS = frozenset("mr mrs ms dr st ave blvd no vs etc e.g i.e u.s".split())
_SIGNS = frozenset("sign signs zone zones".split())


@dataclass(frozen=True)
class Word:
    """A word as the network reads it.

    Attributes:
        text: in lower case.
        start, end: its place in the text, in code points.
        mention: where it stands for something said before: the place of that in the text.
    """

    text: str
    start: int
    end: int
    mention: tuple[int, int] | None = None


@dataclass(frozen=True)
class Cue:
    """A negating word that was taken out before word `at`.

    Attributes:
        at: number of the word that followed it.
        kind: "noun" for "no cars", "verb" for "is not watching".
    """

    at: int
    kind: str


@dataclass(frozen=True)
class Piece:
    """One sentence, or as much of it as the network reads at a time."""

    words: tuple[Word, ...]
    cues: tuple[Cue, ...] = ()

    @property
    def texts(self) -> list[str]:
        """The words alone."""
        return [word.text for word in self.words]


def cut(tokens: Iterable[tuple[str, int]]) -> list[Piece]:
    """The pieces of a text.

    Args:
        tokens: word and where it starts, in code points; white space may be among them.

    Example:
        >>> text = "A dog with no tail . It runs"
        >>> pieces = cut([(word, text.index(word)) for word in text.split()])
        >>> [(piece.texts, piece.cues) for piece in pieces]
        [(['a', 'dog', 'with', 'tail', '.'], (Cue(at=3, kind='noun'),)), (['it', 'runs'], ())]
    """
    pieces: list[Piece] = []
    words: list[Word] = []
    for text, start in tokens:
        if text.isspace() or not text:
            if text.count("\n") > 1 and words:
                pieces.append(_piece(words))
                words = []
            continue
        ended = _ended(words)
        if words and ((ended and text not in _QUOTES and text not in _ENDS) or len(words) >= LONGEST):
            pieces.append(_piece(words))
            words = []
        lower = text.lower()
        words.append(Word(_WRITTEN.get(lower, lower), start, start + len(text)))
    if words:
        pieces.append(_piece(words))
    return pieces


def _ended(words: Sequence[Word]) -> bool:
    """Whether words are a whole sentence; a mark that closes a quotation or bracket may stand behind its end."""
    k = len(words) - 1
    while k > 0 and words[k].text in _QUOTES:
        k -= 1
    if k < 0 or words[k].text not in _ENDS:
        return False
    return not (k > 0 and words[k].text == "." and words[k - 1].text in _ABBREVIATIONS)


def _piece(words: Sequence[Word]) -> Piece:
    kept: list[Word] = []
    cues: list[Cue] = []
    words = _without_quoted(words)
    for i, word in enumerate(words):
        following = [each.text for each in words[i + 1 : i + 4]]
        if word.text == "no" and following and following[0].isalpha() and not _SIGNS.intersection(following):
            cues.append(Cue(len(kept), "noun"))
        elif word.text == "without" and following:
            # "a man without a hat" is read as "a man with a hat".
            kept.append(Word("with", word.start, word.end))
            cues.append(Cue(len(kept), "noun"))
        elif word.text in _NOT and following:
            cues.append(Cue(len(kept), "verb"))
        else:
            kept.append(word)
    return Piece(tuple(kept), tuple(cues))


def _without_quoted(words: Sequence[Word]) -> Sequence[Word]:
    """A sentence without what a sign or shirt says: words between quotation marks after "saying", and that verb."""
    for i, word in enumerate(words):
        if word.text not in _SAYING:
            continue
        marks = [k for k in range(i + 1, len(words)) if words[k].text in _MARKS]
        if len(marks) > 1 and marks[0] <= i + 2 and marks[1] - marks[0] <= _QUOTED:
            return _without_quoted([*words[:i], *words[marks[1] + 1 :]])
    return words
