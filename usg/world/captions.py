"""Captions of a scene graph, written from its facts, with the words of every fact marked.

Three degrees of detail take turns: short (one fact), medium (about half of the relations, with an attribute here and
there), full (every object with all its attributes, every relation). An object is introduced with "a", or "another"
where its words were used before, and taken up with "the" and the shortest description that singles it out. Each caption
is a text source; each mention of an object, attribute or relation grounds it by the code points of its words.
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.graph.elements import Attribute, Relation
from usg.graph.scene_graph import SceneGraph
from usg.world.draw import Uniform, shuffled
from usg.world.marked_text import MarkedText, with_texts
from usg.world.phrases import ADJECTIVE_ORDER, article, descriptions
from usg.world.program import LABEL, View

DETAILS = ("short", "medium", "full")
_OPENINGS = ("there is", "this is", "you can see", "the picture shows", "here is")


class _Writer:
    """Writes one caption; remembers which objects were introduced, and in which words."""

    def __init__(self, graph: SceneGraph, view: View, uniform: Uniform) -> None:
        self.graph, self.view, self.uniform = graph, view, uniform
        self.text, self.introduced = MarkedText(), set[str]()
        self.used: set[str] = set()

    def choose(self, options: Sequence[str]) -> str:
        return options[int(self.uniform() * len(options))]

    def shortest(self, name: str) -> list[Attribute]:
        """The attributes of the shortest description of an object that has its label; all of them if none is unique."""
        i = self.view.bit[name]
        of_kind = {a.kind: a for a in self.graph.attributes_of(name) if not a.negated}
        mates = self.view.having(LABEL, self.graph.object(name).label)
        found = descriptions(self.view, i, mates, exclude=(LABEL,))
        if not found:
            return list(of_kind.values())
        return [of_kind[kind] for kind, _ in found[int(self.uniform() * len(found))]]

    def mention(self, name: str, attributes: Sequence[Attribute]) -> None:
        """Says an object with these attributes before the noun."""
        order = {kind: i for i, kind in enumerate(ADJECTIVE_ORDER)}
        before = sorted(attributes, key=lambda a: order.get(a.kind or "", len(order)))
        label = self.graph.object(name).label
        phrase = " ".join([*(a.value for a in before), label])
        if name in self.introduced:
            self.text.say("the")
        else:
            self.text.say("another" if phrase in self.used else article(phrase))
        self.introduced.add(name)
        self.used.add(phrase)
        for attribute in before:
            self.text.say(attribute.value, attribute.id)
        self.text.say(label, name)

    def some(self, name: str) -> list[Attribute]:
        """The shortest description, with one attribute more half of the time."""
        chosen = self.shortest(name)
        rest = [a for a in self.graph.attributes_of(name) if a not in chosen and not a.negated]
        if rest and self.uniform() < 0.5:
            chosen = [*chosen, rest[int(self.uniform() * len(rest))]]
        return chosen

    def relate(self, relation: Relation, joined: bool) -> None:
        """Says a relation as a clause: "a cup is on the table", "there is a cup on a table"."""
        known = relation.subject in self.introduced
        described = self.shortest(relation.subject) if known else self.some(relation.subject)
        opening = not known and self.uniform() < 0.5
        if opening:
            self.text.say("there is" if joined else self.choose(_OPENINGS))
        self.mention(relation.subject, described)
        if not opening:
            self.text.say("is")
        self.text.say(relation.predicate, relation.id)
        known = relation.object in self.introduced
        self.mention(relation.object, self.shortest(relation.object) if known else self.some(relation.object))

    def list_objects(self, names: Sequence[str]) -> None:
        """Introduces objects with all their attributes, some of them after the noun: "a small cup that is red"."""
        self.text.say(self.choose(_OPENINGS))
        for position, name in enumerate(names):
            if position:
                self.text.say("and")
            said = [a for a in self.graph.attributes_of(name) if not a.negated]
            after = said.pop(int(self.uniform() * len(said))) if len(said) > 1 and self.uniform() < 0.4 else None
            self.mention(name, said)
            if after is not None:
                self.text.say("that is")
                self.text.say(after.value, after.id)


def write(graph: SceneGraph, detail: str, uniform: Uniform) -> MarkedText:
    """Writes one caption.

    Args:
        graph: any scene graph with an object; negated elements are not mentioned.
        detail: short, medium or full.
        uniform: the randomness.
    """
    view = View(graph)
    writer = _Writer(graph, view, uniform)
    relations = [r for r in graph.relations if not r.negated and r.subject in view.bit and r.object in view.bit]
    relations = [relations[k] for k in shuffled(len(relations), uniform)]
    names = [view.ids[k] for k in shuffled(len(view.ids), uniform)]
    if detail == "full":
        writer.list_objects(names)
    elif not relations or (detail == "short" and uniform() < 0.25):
        writer.text.say(writer.choose(_OPENINGS))
        writer.mention(names[0], writer.some(names[0]))
        return writer.text
    elif detail == "short":
        relations = relations[:1]
    else:
        relations = relations[: max(2, (len(relations) + 1) // 2)]
    for number, relation in enumerate(relations):
        if writer.text.words:
            writer.text.say("and" if number % 2 else "while")
        writer.relate(relation, bool(number) or detail == "full")
    return writer.text


def add_captions(graph: SceneGraph, number: int, uniform: Uniform) -> SceneGraph:
    """Returns the graph with captions caption0, caption1, ... as text sources, of the three details in turn.

    >>> from usg.world import sample_scene
    >>> scene = sample_scene("train", 0, 0, captions=3)
    >>> [source.id for source in scene.sources]
    ['image', 'caption0', 'caption1', 'caption2']
    """
    if not number or all(obj.negated for obj in graph.objects):
        return graph
    texts = [write(graph, DETAILS[index % len(DETAILS)], uniform) for index in range(number)]
    return with_texts(graph, "caption", texts)
