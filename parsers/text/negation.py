"""What a negating word negates.

"no X" and "without X" say that X is not there: the thing and every relation it takes part in are negated. "not" denies
what is said after it in the same clause: relations whose object comes after it and whose subject before, attributes
likewise. A clause ends at "and", "but", "while" or a comma (the scope of the nearest verb phrase, as in Morante and
Daelemans, *SEM 2012, without its rarer cases).
"""

from __future__ import annotations

from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece

_CLAUSE_ENDS = frozenset(("and", "but", "while", "as", "because", ",", ";", "."))
_REACH = 4  # words between "no" and its noun: "no big red balloons"


def negated(piece: Piece, reading: Reading) -> tuple[set[int], set[int]]:
    """Numbers of the negated spans (things that are not there) and of the negated links."""
    spans: set[int] = set()
    links: set[int] = set()
    objects = {link.subject for link in reading.links}
    objects |= {link.object for link in reading.links if not link.is_attribute}
    for cue in piece.cues:
        if cue.kind == "noun":
            after = [i for i, (start, _) in enumerate(reading.spans) if cue.at <= start <= cue.at + _REACH]
            named = [i for i in after if i in objects or not reading.links]
            spans.update(named[:1])
            continue
        end = next(
            (k for k in range(cue.at + 1, len(piece.words)) if piece.words[k].text in _CLAUSE_ENDS), len(piece.words)
        )
        for k, link in enumerate(reading.links):
            subject, other = reading.spans[link.subject][0], reading.spans[link.object][0]
            if subject < cue.at <= other < end:
                links.add(k)
    for k, link in enumerate(reading.links):
        if link.subject in spans or link.object in spans:
            links.add(k)
    return spans, links
