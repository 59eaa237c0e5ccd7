"""What a negating word negates.

"no X" and "without X" say that X is not there: the thing and every relation it takes part in are negated, and so is the
thing behind "or" ("without cars or people"). "not" denies what it stands in the middle of: relations and attributes of
which one end comes before it and the other after it in the same clause, whichever is the subject ("the ball is not held
by the man"). A clause ends at "and", "but", "while" or a comma (the scope of the nearest verb phrase, as in Morante and
Daelemans, *SEM 2012, without its rarer cases).
"""

from __future__ import annotations

from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece

_CLAUSE_ENDS = frozenset(("and", "but", "while", "as", "because", ",", ";", "."))
_OR = frozenset(("or", "nor"))
_REACH = 4  # words between "no" and its noun: "no big red balloons"


def negated(piece: Piece, reading: Reading) -> tuple[set[int], set[int]]:
    """Numbers of the negated spans (things that are not there) and of the negated links."""
    spans: set[int] = set()
    links: set[int] = set()
    for cue in piece.cues:
        if cue.kind == "noun":
            place, reached = cue.at, False
            for i, (start, last) in enumerate(reading.spans):
                if i not in reading.things or start < place:
                    continue
                between = {word.text for word in piece.words[place:start]}
                if start > place + _REACH or (reached and not between & _OR):
                    break
                spans.add(i)
                place, reached = last, True
            continue
        end = next(
            (k for k in range(cue.at + 1, len(piece.words)) if piece.words[k].text in _CLAUSE_ENDS), len(piece.words)
        )
        for k, link in enumerate(reading.links):
            first, second = sorted((reading.spans[link.subject][0], reading.spans[link.object][0]))
            if first < cue.at <= second < end:
                links.add(k)
    for k, link in enumerate(reading.links):
        if link.subject in spans or link.object in spans:
            links.add(k)
    return spans, links
