"""From what the network read to a scene graph with places in the text.

A span is an object when something is said of it or with it, or nothing at all; else it is the attribute it is linked as.
Objects keep the places of their words, so that two dogs of one name stay two. Across sentences a thing named again with
a definite word ("the dog") is the thing named before, as long as their numbers do not differ. "a picture of" is no
object at the beginning of a text. Predicates are placed on the words that say them, the nearest between subject and
object first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from usg.graph import Attribute, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.graph.region import TextSpan
from usg.parsers.text.decode import Link, Reading
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.negation import negated
from usg.parsers.text.pieces import Piece
from usg.parsers.text.quantities import quantity
from usg.parsers.text.words import META, META_STARTS, QUANTITIES, attribute_kind, number_of

_DEFINITE = frozenset("the this that these those his her its their both".split())
_Place = tuple[int, int]


@dataclass
class _Thing:
    label: str
    score: float
    places: list[tuple[_Place, ...]]
    negated: bool = False
    numbers: set[float] = field(default_factory=set)
    attributes: dict[str, tuple[float, tuple[_Place, ...], bool]] = field(default_factory=dict)


@dataclass
class _Relation:
    subject: int
    predicate: str
    object: int
    score: float
    places: tuple[_Place, ...]
    negated: bool


def assemble(
    source: Source,
    pieces: Sequence[Piece],
    readings: Sequence[Reading],
    inventory: Inventory,
    quantities: bool = True,
) -> SceneGraph:
    """The graph of a text.

    Args:
        source: the text.
        pieces: of the text, in order, as they were read.
        readings: of the pieces.
        inventory: which words say which predicate.
        quantities: add those of usg/parsers/text/quantities.py.
    """
    things: list[_Thing] = []
    relations: dict[tuple[int, str, int, bool], _Relation] = {}
    at: dict[_Place, int] = {}  # where a thing is named -> its number
    for piece, reading in zip(pieces, readings, strict=True):
        _add(piece, reading, inventory, things, relations, at, quantities)
    return _graph(source, things, list(relations.values()))


def _add(
    piece: Piece,
    reading: Reading,
    inventory: Inventory,
    things: list[_Thing],
    relations: dict[tuple[int, str, int, bool], _Relation],
    at: dict[_Place, int],
    quantities: bool,
) -> None:
    absent, denied = negated(piece, reading)
    meta = _meta(piece, reading)
    links = [
        (k, link)
        for k, link in enumerate(reading.links)
        if link.subject not in meta and (link.is_attribute or link.object not in meta)
    ]
    properties = {link.object for _, link in links if link.is_attribute and link.implied is None}
    taking_part = {link.subject for _, link in links} | {link.object for _, link in links if not link.is_attribute}
    number: dict[int, int] = {}
    earlier = len(things)
    covered = {k for first, last in reading.spans for k in range(first, last)}
    for i in range(len(reading.spans)):
        if i not in meta and (i in taking_part or i not in properties):
            number[i] = _thing(i, piece, reading, links, things, earlier, at, i in absent)
    for i, thing in number.items():
        said = quantity(piece, reading, i) if quantities else None
        if said is not None:
            value, first, last = said
            counted = {reading.labels[link.object] for _, link in links if link.is_attribute and link.subject == i}
            if not any(attribute_kind(each) == "count" for each in counted | set(things[thing].attributes)):
                things[thing].attributes[value] = (things[thing].score, _places(piece, first, last), False)
    for k, link in links:
        if link.is_attribute:
            value = link.implied or reading.labels[link.object]
            places = (
                _quantity_places(piece, reading, link, value) if link.implied else _places(piece, *reading.spans[link.object])
            )
            denies = k in denied and link.subject not in absent
            things[number[link.subject]].attributes.setdefault(value, (link.score, places, denies))
        else:
            a, b = number[link.subject], number[link.object]
            predicate = link.implied or link.predicate
            denies = k in denied
            places = _predicate_places(piece, reading, link, predicate, inventory, covered)
            known = relations.get((a, predicate, b, denies))
            if known is None or known.score < link.score:
                relations[a, predicate, b, denies] = _Relation(a, predicate, b, link.score, places, denies)


def _thing(
    i: int,
    piece: Piece,
    reading: Reading,
    links: Sequence[tuple[int, Link]],
    things: list[_Thing],
    earlier: int,
    at: dict[_Place, int],
    absent: bool,
) -> int:
    """The number of the thing that span i names, new or known."""
    first, last = reading.spans[i]
    places = _places(piece, first, last)
    mention = piece.words[first].mention
    if mention is not None and mention in at:
        things[at[mention]].places.append(places)
        return at[mention]
    values = [
        link.implied or reading.labels[link.object] for _, link in links if link.subject == i and link.is_attribute
    ]
    numbers = {float(n) for n in map(number_of, values) if n is not None}
    label = reading.labels[i]
    definite = any(word.text in _DEFINITE for word in piece.words[max(0, first - 3) : first])
    if definite and not absent:
        for k in range(earlier - 1, -1, -1):
            known = things[k]
            if known.label == label and not known.negated and (not numbers or not known.numbers or numbers == known.numbers):
                known.places.append(places)
                at[places[0][0], places[-1][1]] = k
                return k
    things.append(_Thing(label, reading.scores[i], [places], absent, numbers))
    at[places[0][0], places[-1][1]] = len(things) - 1
    return len(things) - 1


def _meta(piece: Piece, reading: Reading) -> set[int]:
    """Spans such as "picture" in "a picture of ...", at the beginning of a piece."""
    for i, (first, last) in enumerate(reading.spans):
        begins = all(word.text in META_STARTS or word.text in META for word in piece.words[:first])
        follows = [word.text for word in piece.words[last : last + 2]]
        if begins and piece.words[last - 1].text in META and follows[:1] == ["of"]:
            return {i} | {
                link.object for link in reading.links if link.is_attribute and link.implied is None and link.subject == i
            }
    return set()


def _places(piece: Piece, first: int, last: int) -> tuple[_Place, ...]:
    """Where words stand in the text, neighbours joined; a word that was put in for another counts once."""
    joined: list[_Place] = []
    for word in piece.words[first:last]:
        if joined and word.start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], word.end))
        else:
            joined.append((word.start, word.end))
    return tuple(joined)


def _predicate_places(
    piece: Piece, reading: Reading, link: Link, predicate: str, inventory: Inventory, covered: set[int]
) -> tuple[_Place, ...]:
    """Where a predicate is said, by words that are not `covered` by spans."""
    a, b = reading.spans[link.subject][0], reading.spans[link.object][0]
    low, high = min(a, b), max(a, b)
    found: set[int] = set()
    for word in predicate.split(" "):
        wanted = inventory.says(word)
        saying = [
            k
            for k, each in enumerate(piece.words)
            if k not in covered and k not in found and (each.text == word or (wanted and inventory.says(each.text) == wanted))
        ]
        if saying:
            found.add(min(saying, key=lambda k: (not low < k < high, abs(k - high))))
    spans: list[_Place] = []
    for k in sorted(found):
        start, end = piece.words[k].start, piece.words[k].end
        if spans and k - 1 in found and start >= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        elif not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return tuple(spans)


def _quantity_places(piece: Piece, reading: Reading, link: Link, value: str) -> tuple[_Place, ...]:
    """Where a value without a span of its own is said: "pair" for 2, "group of"."""
    first = reading.spans[link.subject][0]
    wanted = value.split(" ")
    for k in range(first - 1, -1, -1):
        said = [word.text for word in piece.words[k : k + len(wanted)]]
        if said == wanted or str(QUANTITIES.get(piece.words[k].text, "")) == value:
            return _places(piece, k, k + (len(wanted) if said == wanted else 1))
    return ()


def _graph(source: Source, things: Sequence[_Thing], relations: Sequence[_Relation]) -> SceneGraph:
    order = sorted(range(len(things)), key=lambda k: (things[k].places[0][0], k))
    new = {k: f"o{i}" for i, k in enumerate(order)}

    nowhere = (Grounding(source.id),)

    def groundings(*places: tuple[_Place, ...]) -> tuple[Grounding, ...]:
        return tuple([Grounding(source.id, TextSpan(each)) for each in places if each]) or nowhere

    attributes = []
    for k in order:
        for value, (score, places, denied) in things[k].attributes.items():
            number = number_of(value)
            attributes.append(
                Attribute(
                    f"a{len(attributes)}",
                    new[k],
                    value,
                    kind=attribute_kind(value),
                    number=number,
                    negated=denied,
                    score=round(score, 4),
                    groundings=groundings(places),
                )
            )
    return SceneGraph(
        sources=(source,),
        objects=tuple(
            SceneObject(
                new[k],
                things[k].label,
                negated=things[k].negated,
                score=round(things[k].score, 4),
                groundings=groundings(*things[k].places),
            )
            for k in order
        ),
        attributes=tuple(attributes),
        relations=tuple(
            Relation(
                f"r{i}",
                new[each.subject],
                each.predicate,
                new[each.object],
                negated=each.negated,
                score=round(each.score, 4),
                groundings=groundings(each.places),
            )
            for i, each in enumerate(relations)
        ),
    )


