"""Statements about a scene graph, one fact each: of a thing that a description singles out, or how many are alike.

    the colour of the small cup is red          what an object is like
    the thing that is on the table is a cup     what an object is
    there are 2 red cups                        how many there are

They are the sentences that dense annotation gives (region descriptions of Visual Genome, Krishna et al. 2017; the full
answers of GQA, Hudson and Manning 2019): they look things up by description, over one relation at most, as questions
do. What they leave to questions: existence, comparison, shared values, and more than one hop.
"""

from __future__ import annotations

from usg.graph.scene_graph import SceneGraph
from usg.world.draw import Uniform, pick
from usg.world.marked_text import MarkedText, with_texts
from usg.world.phrases import Filters, adjectives, article, descriptions, noun, plural, properties, selected
from usg.world.program import LABEL, NO_KIND, View, members
from usg.world.spatial import INVERSE

_TRIES = 10
"""Draws for each statement wanted."""
_FORMS = [0.4, 0.8, 1.0]
"""Cumulative shares of the three forms."""
_ONE_HOP = 0.5
"""Share of the descriptions that go over a relation, where one does."""


class Statements:
    """Writes statements about one graph.

    Args:
        graph: any scene graph; negated elements are not spoken of.
        view: of the graph.
        uniform: the randomness.
    """

    def __init__(self, graph: SceneGraph, view: View, uniform: Uniform) -> None:
        self.view, self.uniform = view, uniform
        # What is "left of" is said of the thing that others are "right of" too: one thing alone, read both ways.
        self.both_ways = View(graph, INVERSE)
        self.attribute = {
            (view.bit[a.object], a.kind or NO_KIND): a.id
            for a in graph.attributes
            if not a.negated and a.object in view.bit
        }
        self.relation: dict[tuple[int, str, int], str] = {}
        for r in graph.relations:
            if not r.negated and r.subject in view.bit and r.object in view.bit and r.subject != r.object:
                self.relation.setdefault((view.bit[r.subject], r.predicate, view.bit[r.object]), r.id)

    def write(self, number: int) -> list[MarkedText]:
        """Writes up to `number` different statements."""
        texts: dict[str, MarkedText] = {}
        for _ in range(_TRIES * number):
            if len(texts) == number:
                break
            text = MarkedText()
            form = pick(_FORMS, self.uniform)
            if (self._like, self._is, self._count)[form](text):
                texts.setdefault(text.words, text)
        return list(texts.values())

    def _like(self, text: MarkedText) -> bool:
        """Says the value of an attribute: "the colour of the cup is red", "the cup is red"."""
        known = [key for key in self.attribute if len(self.view.values[key[0]].get(key[1], ())) == 1]
        if not known:
            return False
        i, kind = known[int(self.uniform() * len(known))]
        if kind != NO_KIND and self.uniform() < 0.5:
            text.say(f"the {kind} of")
        if not self._refer(i, kind, text):
            return False
        text.say("is")
        text.say(self.view.value(i, kind), self.attribute[i, kind])
        return True

    def _is(self, text: MarkedText) -> bool:
        """Says the label of an object: "the red thing is a cup", "the thing that is on the table is a cup"."""
        i = int(self.uniform() * len(self.view.ids))
        labels = self.view.values[i][LABEL]  # an attribute may be of the kind "label" in an open world
        if len(labels) != 1 or not self._refer(i, LABEL, text):
            return False
        (label,) = labels
        text.say(f"is {article(label)}")
        text.say(label, self.view.ids[i])
        return True

    def _count(self, text: MarkedText) -> bool:
        """Says how many objects share one or two properties of one of them: "there are 2 red cups"."""
        true = list(properties(self.view, int(self.uniform() * len(self.view.ids))))
        wanted = 1 + (self.uniform() < 0.5)
        filters = tuple(true.pop(int(self.uniform() * len(true))) for _ in range(min(wanted, len(true))))
        found = selected(self.view, filters, self.view.everything)
        number = found.bit_count()
        text.say(f"there is {number}" if number == 1 else f"there are {number}")
        self._phrase(next(members(found)), filters, text, many=number > 1)
        return True

    def _refer(self, i: int, exclude: str, text: MarkedText) -> bool:
        """Says "the small cup" or "the cup that is on the table" without using a kind; false if nothing fits.

        What `Expressions.reference` says for questions, here with the mentions marked.
        """
        if self.uniform() < _ONE_HOP and self._refer_by_relation(i, exclude, text):
            return True
        found = descriptions(self.view, i, self.view.everything, (exclude,))
        if not found:
            return False
        text.say("the")
        self._phrase(i, found[int(self.uniform() * len(found))], text)
        return True

    def _refer_by_relation(self, i: int, exclude: str, text: MarkedText) -> bool:
        links = [link for link in self.relation if i in (link[0], link[2])]
        if not links:
            return False
        link = links[int(self.uniform() * len(links))]
        subject, predicate, target = link
        end, other = ("subject", target) if i == subject else ("object", subject)
        anchors = descriptions(self.view, other, self.view.everything)
        own = descriptions(self.view, i, self.both_ways.related(other, predicate, end), (exclude,), longest=2)
        if not anchors or not own:
            return False
        filters = own[int(self.uniform() * len(own))]
        anchor = anchors[int(self.uniform() * len(anchors))]
        if not filters and exclude != LABEL and self.uniform() < 0.5:
            filters = tuple((LABEL, label) for label in self.view.values[i][LABEL][:1])
        text.say("the")
        self._phrase(i, filters, text)
        text.say("that is" if end == "subject" else "that the")
        if end == "subject":
            text.say(predicate, self.relation[link])
            text.say("the")
            self._phrase(other, anchor, text)
        else:
            self._phrase(other, anchor, text)
            text.say("is")
            text.say(predicate, self.relation[link])
        return True

    def _phrase(self, i: int, filters: Filters, text: MarkedText, many: bool = False) -> None:
        """Says adjectives and noun, each as a mention of what it names of object i; words for several mention none."""
        for kind, value in adjectives(filters):
            text.say(value, None if many else self.attribute[i, kind])
        head = noun(filters)
        if many:
            text.say(plural(head))
        else:
            text.say(head, self.view.ids[i] if any(kind == LABEL for kind, _ in filters) else None)


def add_statements(graph: SceneGraph, number: int, uniform: Uniform) -> SceneGraph:
    """Returns the graph with statements statement0, statement1, ... as text sources.

    Args:
        graph: any scene graph.
        number: how many are wanted; a graph with little to say of gets fewer.
        uniform: the randomness.

    >>> from usg.world import sample_scene
    >>> scene = sample_scene("train", 0, 0, statements=2)
    >>> [source.text for source in scene.sources[1:]]
    ['the closed thing is a book', 'the colour of the bed that is bigger than the pink book is purple']
    """
    view = View(graph)
    if not number or not view.ids:
        return graph
    return with_texts(graph, "statement", Statements(graph, view, uniform).write(number))
