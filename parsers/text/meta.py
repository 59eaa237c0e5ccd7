"""Meta nouns: "picture" in "a picture of a dog" names the medium, not a thing in the scene.

Only at the beginning of a sentence and before "of": "a picture on a wall" is a thing.
"""

from __future__ import annotations

from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece
from usg.parsers.text.words import META, META_STARTS


def meta_nouns(piece: Piece, reading: Reading) -> set[int]:
    """Numbers of the spans that name the medium, with their attributes ("an old photo of").

    Example:
        >>> from usg.parsers.text.pieces import cut
        >>> [piece] = cut([("a", 0), ("photo", 2), ("of", 8), ("trees", 11)])
        >>> meta_nouns(piece, Reading(((1, 2), (3, 4)), ("photo", "trees"), (1.0, 1.0)))
        {0}
    """
    for i, (first, last) in enumerate(reading.spans):
        if piece.words[last - 1].text not in META or [word.text for word in piece.words[last : last + 1]] != ["of"]:
            continue
        attributes = {
            link.object for link in reading.links if link.is_attribute and link.implied is None and link.subject == i
        }
        said = {k for each in attributes for k in range(*reading.spans[each])}
        before = (word.text for k, word in enumerate(piece.words[:first]) if k not in said)
        if all(word in META_STARTS or word in META for word in before):
            return {i} | attributes
    return set()
