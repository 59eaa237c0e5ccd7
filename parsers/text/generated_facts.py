"""From what a sequence-to-sequence model writes, `( pigs , is , 2 ) , ( pigs , fly on , sky )`, to a grounded graph.

A model's output may be cut short or malformed anywhere: every whole fact is kept, the rest is said in a note. The model
gives no places, so words are looked for in the text: equal but for case, number and the endings of verbs ("rides",
"riding" for ride), digits also as words. Of several places the one nearest to the object is taken, and two objects
never stand at one place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from usg.formats.factual_facts import Fact, parse_facts
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import TextSpan
from usg.graph.scene_graph import SceneGraph
from usg.numerals import NUMERALS
from usg.parsers.text.number import singular
from usg.parsers.text.words import attribute_kind, number_of

_PARENTHESES = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_QUOTED = 60  # characters of an output in a note

Span = tuple[int, int]


def whole_facts(output: str) -> tuple[list[Fact], list[str]]:
    """The facts of an output that are whole, each once, and a note for what is not.

    >>> facts, notes = whole_facts("( pig , is , 2 ) , ( pig , , sky ) , ( pig , fly on , sk")
    >>> [str(fact) for fact in facts], notes
    (['( pig , is , 2 )'], ["not a whole fact: '( pig , , sky )'", "not a whole fact: '( pig , fly on , sk'"])
    """
    facts: dict[Fact, None] = {}
    wrong = []
    end = 0
    for match in _PARENTHESES.finditer(output):
        wrong.append(output[end : match.start()])
        end = match.end()
        try:
            facts |= dict.fromkeys(parse_facts(match[0]))
        except ValueError:
            wrong.append(match[0])
    wrong.append(output[end:])
    wrong = [part.strip(" ,") for part in wrong]
    return list(facts), [f"not a whole fact: {part[:_QUOTED]!r}" for part in wrong if part]


def graph_of(text: str, facts: Sequence[Fact], source: Source, notes: Sequence[str] = ()) -> SceneGraph:
    """The graph of the facts of a text.

    Args:
        text: what the facts were read from.
        facts: as a model gives them; those with one name and instance are about one object.
        source: of the text.
        notes: kept as `metadata["notes"]`, if there are any.

    Returns:
        A graph with the objects in the order of mention, those that are not in the words behind the others.

    >>> facts = whole_facts("( dog , is , 2 ) , ( dog , ride , skateboard )")[0]
    >>> text = "Two dogs riding a skateboard"
    >>> graph = graph_of(text, facts, Source("text", "text", text=text))
    >>> [element.groundings[0].region.quote(text) for element in graph.elements()]
    ['dogs', 'skateboard', 'Two', 'riding']
    """
    words = _Words(text)
    names = dict.fromkeys(fact.subject for fact in facts)
    names |= dict.fromkeys(fact.other for fact in facts if fact.predicate is not None and not fact.is_attribute)
    place = {name: words.take(name[0]) for name in sorted(names, key=lambda name: name[1])}
    ordered = sorted(names, key=lambda name: place[name] or (len(text), len(text)))
    id_of = {name: f"o{i}" for i, name in enumerate(ordered)}
    objects = [SceneObject(id_of[name], name[0], groundings=_at(source, place[name])) for name in ordered]
    attributes: list[Attribute] = []
    relations: list[Relation] = []
    for fact in facts:
        if fact.is_attribute:
            value = fact.other[0]
            attributes.append(
                Attribute(
                    f"a{len(attributes)}",
                    id_of[fact.subject],
                    value,
                    kind=attribute_kind(value),
                    number=number_of(value),
                    groundings=_at(source, words.nearest(value, place[fact.subject])),
                )
            )
        elif fact.predicate is not None:
            near = words.nearest(fact.predicate, place[fact.subject])
            ends = id_of[fact.subject], id_of[fact.other]
            relation = Relation(f"r{len(relations)}", ends[0], fact.predicate, ends[1], groundings=_at(source, near))
            relations.append(relation)
    metadata = {"notes": list(notes)} if notes else {}
    return SceneGraph((source,), tuple(objects), tuple(attributes), tuple(relations), metadata)


def _at(source: Source, span: Span | None) -> tuple[Grounding, ...]:
    return (Grounding(source.id, None if span is None else TextSpan((span,))),)


class _Words:
    """The words of a text by their forms, and where they stand."""

    def __init__(self, text: str) -> None:
        found = list(_WORD.finditer(text))
        self._forms = [_forms(match[0]) for match in found]
        self._places = [match.span() for match in found]
        self._taken: set[Span] = set()

    def take(self, label: str) -> Span | None:
        """The first place of a label that no other object has."""
        free = [place for place in self._find(label) if place not in self._taken]
        self._taken.update(free[:1])
        return free[0] if free else None

    def nearest(self, label: str, to: Span | None) -> Span | None:
        """The place of a label that is nearest to another place."""
        places = self._find(label)
        if to is None:
            return places[0] if len(places) == 1 else None
        return min(places, key=lambda place: max(place[0] - to[1], to[0] - place[1]), default=None)

    def _find(self, label: str) -> list[Span]:
        wanted = [_forms(match[0]) for match in _WORD.finditer(label)]
        n = len(wanted)
        if not n:
            return []
        starts = range(len(self._forms) - n + 1)
        hits = [i for i in starts if all(map(_meet, wanted, self._forms[i : i + n]))]
        return [(self._places[i][0], self._places[i + n - 1][1]) for i in hits]


def _meet(a: set[str], b: set[str]) -> bool:
    return bool(a & b)


def _forms(word: str) -> set[str]:
    """What a word may be a form of."""
    word = word.lower()
    forms = {word, singular(word)}
    number = number_of(word) if word.isdecimal() else None
    if number is not None and number < len(NUMERALS):
        forms.add(NUMERALS[number])
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            forms |= {stem, f"{stem}e"}
            if stem[-1] == stem[-2]:  # sitting
                forms.add(stem[:-1])
            if ending == "ed" and stem[-1] == "i":  # carried
                forms.add(f"{stem[:-1]}y")
    return forms
