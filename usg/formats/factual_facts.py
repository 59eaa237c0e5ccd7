"""The facts of a FACTUAL row: `( man , ride , horse )`, `( horse , is , brown )`, `( sky )`, and their marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from usg.graph.scene_graph import SceneGraph

_FACT = re.compile(r"\(([^()]*)\)")
_INSTANCE = re.compile(r"(.*\S):(\d{1,4})", re.DOTALL)
_MARK = re.compile(r"(pv|v):(.*)", re.DOTALL)


class Fact(NamedTuple):
    """One fact.

    Attributes:
        subject: label and instance number of an object.
        predicate: "is" for an attribute, None for a lone object.
        other: label and instance of the object, or the value of the attribute and 0.
        mark: "v", "pv" or nothing, of the predicate.
    """

    subject: tuple[str, int]
    predicate: str | None = None
    other: tuple[str, int] = ("", 0)
    mark: str = ""

    @property
    def is_attribute(self) -> bool:
        """Whether the fact states an attribute."""
        return self.predicate == "is" and not self.mark

    def __str__(self) -> str:
        names = [f"{label}:{instance}" if instance else label for label, instance in (self.subject, self.other)]
        if self.predicate is None:
            return f"( {names[0]} )"
        mark = f"{self.mark}:" if self.mark else ""
        return f"( {names[0]} , {mark}{self.predicate} , {names[1]} )"


def parse_facts(text: str) -> list[Fact]:
    """The facts of a row, repeated ones once, in order.

    Raises:
        ValueError: the text is not a list of facts; the message quotes the place.

    Example:
        >>> parse_facts("( tower , pv:make of , tower:1 )")
        [Fact(subject=('tower', 0), predicate='make of', other=('tower', 1), mark='pv')]
    """
    facts: dict[Fact, None] = {}
    end = 0
    for match in _FACT.finditer(text):
        between = text[end : match.start()].strip()
        if between != ("," if end else ""):
            raise ValueError(f"{between[:40]!r} stands between facts at character {end}; expected ( a , b , c ) , ...")
        end = match.end()
        facts[_parse_fact(match[1])] = None
    if text[end:].strip() or not facts:
        raise ValueError(f"{text[end:][:40]!r} is not a fact, at character {end}; expected ( a , b , c ) , ...")
    return list(facts)


def _parse_fact(text: str) -> Fact:
    names = [name.strip() for name in re.split(r"\s,\s", f" {text.strip()} ")]
    if len(names) not in (1, 3):
        raise ValueError(f"the fact ({text[:60]}) has {len(names)} parts; expected ( subject , predicate , object )")
    if not all(names):
        raise ValueError(f"the fact ({text[:60]}) has an empty part")
    subject = _instance(names[0])
    if len(names) == 1:
        return Fact(subject)
    if names[1] == "is":
        return Fact(subject, "is", (names[2], 0))
    marked = _MARK.fullmatch(names[1])
    mark, predicate = (marked[1], marked[2].strip()) if marked else ("", names[1])
    if not predicate:
        raise ValueError(f"the fact ({text[:60]}) has an empty part")
    return Fact(subject, predicate, _instance(names[2]), mark)


def _instance(name: str) -> tuple[str, int]:
    match = _INSTANCE.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 0)


def ranks_of(labels: Sequence[str]) -> list[int]:
    """For each label, how often it occurs before.

    Example:
        >>> ranks_of(["dog", "cat", "dog"])
        [0, 0, 1]
    """
    seen: Counter[str] = Counter()
    ranks = []
    for label in labels:
        ranks.append(seen[label])
        seen[label] += 1
    return ranks


def facts_of(graph: SceneGraph) -> list[Fact]:
    """The facts of a graph, in the order of usg/formats/factual_csv.py; objects of one label are numbered 0, 1, ...

    Raises:
        ValueError: something is negated, or a label would not be read back as itself.
    """
    marks, instances = (_table(graph.metadata.get(key)) for key in ("marks", "instances"))
    ranks = ranks_of([obj.label for obj in graph.objects])
    if not all(isinstance(value, int) for value in instances.values()):
        raise ValueError(f"the metadata instances={dict(instances)} are not numbers of objects")
    name = {obj.id: (obj.label, instances.get(obj.id, rank)) for obj, rank in zip(graph.objects, ranks, strict=True)}
    if len(set(name.values())) < len(name):
        raise ValueError(f"two objects have one label and instance, by the metadata instances={instances}")
    negated = [element.id for element in graph.elements() if element.negated]
    if negated:
        raise ValueError(f"{negated[0]!r} is negated, which a FACTUAL row cannot say")
    position = {obj.id: i for i, obj in enumerate(graph.objects)}
    keyed = []
    for relation in graph.relations:
        fact = Fact(name[relation.subject], relation.predicate, name[relation.object], str(marks.get(relation.id, "")))
        if fact.is_attribute:
            raise ValueError(f"{relation.id!r} has the predicate 'is', which would be read back as an attribute")
        keyed.append((max(position[relation.subject], position[relation.object]), fact))
    keyed += [(position[each.object], Fact(name[each.object], "is", (each.value, 0))) for each in graph.attributes]
    stated = {attribute.object for attribute in graph.attributes}
    for relation in graph.relations:
        stated |= {relation.subject, relation.object}
    keyed += [(position[id], Fact(name[id])) for id in position if id not in stated]
    facts = [fact for _, fact in sorted(keyed, key=lambda pair: pair[0])]
    for fact in facts:
        try:
            back = parse_facts(str(fact))
        except ValueError:
            back = []
        if back != [fact]:
            raise ValueError(f"{fact} would not be read back as it is: a label holds what the format uses itself")
    return facts


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
