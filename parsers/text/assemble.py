"""From what the network read to a scene graph with places in the text.

A span is an object when something is said of it or with it, or nothing at all; else it is the attribute it is linked
as. Objects keep the places of their words, so that two dogs of one name stay two. Across sentences a thing named again
with a definite word ("the dog") is the thing named before, as long as their numbers do not differ. "a picture of" is
no object at the beginning of a sentence. Predicates are placed on the words that say them, the nearest between subject
and object first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from usg.graph import Attribute, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.graph.region import TextSpan
from usg.parsers.text.align import ATTRIBUTE, Span
from usg.parsers.text.coreference import in_phrase
from usg.parsers.text.decode import Link, Reading
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.meta import meta_nouns
from usg.parsers.text.negation import negated
from usg.parsers.text.pieces import Piece
from usg.parsers.text.quantities import quantity
from usg.parsers.text.words import POSSESSIVE, PREPOSITIONS, QUANTITIES, attribute_kind, number_of

DESCRIPTION = 3  # sentences
_DEFINITE = frozenset("the this that these those his her its their both".split())
_INDEFINITE = PREPOSITIONS | frozenset(("a", "an", "another", "and", "or", ","))
_Place = tuple[int, int]


@dataclass(frozen=True)
class Conventions:
    """What a graph holds of what was read.

    Args:
        quantities: add "several", "a lot of" and the like, which FACTUAL's graphs leave out.
        possessions: add who has what by "his" and the like, where nothing else relates the two; FACTUAL's graphs have
            that for a third of them.
        least: probability from which on a span names a thing.
        least_in_descriptions: the same in texts of `DESCRIPTION` sentences or more. They name much that is not to be
            seen ("tranquility", "a moment"), which captions do not; the network is less sure of it.
    """

    quantities: bool = True
    possessions: bool = True
    least: float = 0.5
    least_in_descriptions: float = 0.9


CONVENTIONS = Conventions()
FACTUAL = Conventions(quantities=False, possessions=False)
"""Those of FACTUAL's annotators, for scores that are compared with published ones."""


@dataclass
class _Thing:
    label: str
    score: float
    places: list[tuple[_Place, ...]]
    negated: bool = False
    numbers: set[float] = field(default_factory=set)
    attributes: dict[tuple[str, bool], tuple[float, tuple[_Place, ...]]] = field(default_factory=dict)


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
    conventions: Conventions = CONVENTIONS,
) -> SceneGraph:
    """The graph of a text.

    Args:
        source: the text.
        pieces: of the text, in order, as they were read.
        readings: of the pieces.
        inventory: which words say which predicate.
        conventions: what the graph holds.
    """
    description = len(pieces) >= DESCRIPTION
    least = conventions.least_in_descriptions if description else conventions.least
    things: list[_Thing] = []
    relations: dict[tuple[int, str, int, bool], _Relation] = {}
    at: dict[_Place, int] = {}  # where a thing is named -> its number
    for piece, reading in zip(pieces, readings, strict=True):
        left_out = meta_nouns(piece, reading) | _unsure(reading, least)
        _add(piece, reading, inventory, things, relations, at, left_out, conventions)
    return _graph(source, things, list(relations.values()))


def _add(
    piece: Piece,
    reading: Reading,
    inventory: Inventory,
    things: list[_Thing],
    relations: dict[tuple[int, str, int, bool], _Relation],
    at: dict[_Place, int],
    left_out: set[int],
    conventions: Conventions,
) -> None:
    absent, denied = negated(piece, reading)
    links = [
        (k, link)
        for k, link in enumerate(reading.links)
        if link.subject not in left_out
        and (link.is_attribute or link.object not in left_out)
        # A thing is no attribute of itself: only an implied value links a span with itself.
        and not (link.subject == link.object and link.predicate == ATTRIBUTE)
        # "his daughter feeds them" is read as "man 's daughter feeds dogs": the man has her and does nothing.
        and (link.is_attribute or link.predicate == "have" or not _is_possessor(piece, reading.spans[link.subject]))
    ]
    properties = {link.object for _, link in links if link.is_attribute and link.implied is None}
    taking_part = {link.subject for _, link in links} | {link.object for _, link in links if not link.is_attribute}
    number: dict[int, int] = {}
    earlier = len(things)
    covered = {k for first, last in reading.spans for k in range(first, last)}
    for i in range(len(reading.spans)):
        if i not in left_out and (i in taking_part or i not in properties):
            number[i] = _thing(i, piece, reading, links, things, earlier, at, i in absent)
    for i, thing in number.items():
        said = quantity(piece, reading, i) if conventions.quantities else None
        if said is not None:
            value, first, last = said
            counted = {
                link.implied or reading.labels[link.object]
                for _, link in links
                if link.is_attribute and link.subject == i
            }
            counted |= {value for value, _ in things[thing].attributes}
            if not any(attribute_kind(each) == "count" for each in counted):
                things[thing].attributes[value, False] = (things[thing].score, _places(piece, first, last))
                number_said = number_of(value)
                things[thing].numbers |= set() if number_said is None else {float(number_said)}
    for k, link in links:
        if link.is_attribute:
            value = link.implied or reading.labels[link.object]
            places = (
                _quantity_places(piece, reading, link, value)
                if link.implied
                else _places(piece, *reading.spans[link.object])
            )
            denies = k in denied and link.subject not in absent
            things[number[link.subject]].attributes.setdefault((value, denies), (link.score, places))
        else:
            a, b = number[link.subject], number[link.object]
            if a == b and link.implied is None and piece.words[reading.spans[link.object][0]].mention is None:
                continue  # "a branch that they are eating": only "each other" and "himself" say this
            predicate = link.implied or link.predicate
            denies = k in denied
            places = _predicate_places(piece, reading, link, predicate, inventory, covered)
            known = relations.get((a, predicate, b, denies))
            if known is None or known.score < link.score:
                relations[a, predicate, b, denies] = _Relation(a, predicate, b, link.score, places, denies)
    if conventions.possessions:
        _possessions(piece, reading, number, relations, at)


def _is_possessor(piece: Piece, span: Span) -> bool:
    """Whether a span was put in for a possessive pronoun."""
    following = piece.words[span[1] : span[1] + 1]
    return piece.words[span[0]].mention is not None and [word.text for word in following] == ["'s"]


def _possessions(
    piece: Piece,
    reading: Reading,
    number: Mapping[int, int],
    relations: dict[tuple[int, str, int, bool], _Relation],
    at: Mapping[_Place, int],
) -> None:
    """Adds who has what by a possessive pronoun, where nothing relates the two."""
    related = {frozenset((subject, other)) for subject, _, other, _ in relations}
    for k, word in enumerate(piece.words):
        if word.text not in POSSESSIVE or word.mention is None or word.mention not in at:
            continue
        owner = at[word.mention]
        span = next((i for i, (first, _) in enumerate(reading.spans) if first > k and i in reading.things), None)
        if span is None or span not in number or not in_phrase(piece, k, reading.spans[span][0]):
            continue
        owned = number[span]
        if owned != owner and frozenset((owner, owned)) not in related:
            key = (owner, "have", owned, False)
            relations[key] = _Relation(owner, "have", owned, 1.0, ((word.start, word.end),), False)


def _unsure(reading: Reading, least: float) -> set[int]:
    """Spans that name a thing with less than this probability."""
    return {i for i in reading.things if reading.scores[i] < least}


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
    if mention in at and all(word.mention == mention for word in piece.words[first:last]):
        things[at[mention]].places.append(places)
        return at[mention]
    values = [
        link.implied or reading.labels[link.object] for _, link in links if link.subject == i and link.is_attribute
    ]
    numbers = {float(n) for n in map(number_of, values) if n is not None}
    label = reading.labels[i]
    if earlier and not absent and _is_definite(i, piece, reading, links):
        for k in range(earlier - 1, -1, -1):
            known = things[k]
            if (
                known.label == label
                and not known.negated
                and (not numbers or not known.numbers or numbers == known.numbers)
            ):
                known.places.append(places)
                known.numbers |= numbers
                at[places[0][0], places[-1][1]] = k
                return k
    things.append(_Thing(label, reading.scores[i], [places], absent, numbers))
    at[places[0][0], places[-1][1]] = len(things) - 1
    return len(things) - 1


def _is_definite(i: int, piece: Piece, reading: Reading, links: Sequence[tuple[int, Link]]) -> bool:
    """Whether span i is introduced as known: the nearest word that says so, before another thing's, is definite."""
    first = reading.spans[i][0]
    own = {link.object for _, link in links if link.is_attribute and link.subject == i}
    others = {k for n, span in enumerate(reading.spans) if n != i and n not in own for k in range(*span)}
    for k in range(first - 1, max(-1, first - 4), -1):
        word = piece.words[k].text
        if word in _DEFINITE:
            return True
        if word in _INDEFINITE or (k in others and piece.words[k + 1].text != "'s"):
            return False
    return False


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
            if k not in covered
            and k not in found
            and (each.text == word or (wanted and inventory.says(each.text) == wanted))
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

    attributes: list[Attribute] = []
    for k in order:
        for (value, denied), (score, places) in things[k].attributes.items():
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
