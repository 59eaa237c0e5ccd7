"""Edited views: what a text says with one change after which it is false of the scene, for a whole batch at once.

The edits of `usg.pretrain.hard_negatives`, on the flat arrays of packing: two objects exchange attributes of one kind,
a relation its ends, or a relation gets another predicate of the scene. A few are tried for every graph, and the first
that makes a fact which the scene does not have is taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from usg.batch.elements import Elements, Floats
from usg.batch.ranges import Ints, pointer
from usg.pretrain.hard_negatives import SYMMETRIC
from usg.pretrain.views import Bools, one_of_each

__all__ = ["LOTS", "draw_edits"]

_TRIES = 8
LOTS = 3 * _TRIES
"""How many lots an edit is drawn by."""
_VALUES, _ENDS, _PREDICATE = range(3)


def draw_edits(elements: Elements, said: Bools, lots: Floats) -> tuple[Elements, Bools]:
    """Edits what is said of every graph, where that can be done.

    Args:
        elements: g graphs, each of a scene, with m elements in all.
        said: `(m,)` bool, what is said.
        lots: `(LOTS, g)` numbers in [0, 1).

    Returns:
        The graphs, edited, and `(g,)` bool, which of them are.
    """
    graphs = len(elements.objects)
    edited = np.zeros(graphs, dtype=bool)
    label, subject, target = elements.label.copy(), elements.subject.copy(), elements.target.copy()
    first, second = np.cumsum([elements.objects.sum(), elements.attributes.sum()]).tolist()
    attributes, relations = slice(first, second), slice(second, len(label))
    of_attribute = np.repeat(np.arange(graphs), elements.attributes)
    of_relation = np.repeat(np.arange(graphs), elements.relations)
    affirmed = ~elements.negated
    scene = _Scene(elements)
    for try_ in range(_TRIES):
        which, lot, other_lot = lots[3 * try_ : 3 * try_ + 3]
        kind = (which * 3).astype(np.int64)
        one = one_of_each((said & affirmed)[attributes], of_attribute, graphs, lot)
        other = one_of_each(affirmed[attributes], of_attribute, graphs, other_lot)
        at = np.flatnonzero(~edited & (kind == _VALUES) & (one >= 0))
        at = at[scene.can_exchange(one[at], other[at], at)]
        one, other = one[at] + first, other[at] + first
        label[one], label[other] = elements.label[other], elements.label[one]
        edited[at] = True

        one = one_of_each((said & affirmed)[relations], of_relation, graphs, lot)
        other = one_of_each(affirmed[relations], of_relation, graphs, other_lot)
        at = np.flatnonzero(~edited & (kind == _ENDS) & (one >= 0))
        at = at[scene.can_turn(one[at], at)]
        subject[one[at]], target[one[at]] = elements.target[one[at]], elements.subject[one[at]]
        edited[at] = True

        at = np.flatnonzero(~edited & (kind == _PREDICATE) & (one >= 0))
        at = at[scene.can_get_predicate(one[at], other[at], at)]
        label[one[at] + second] = elements.label[other[at] + second]
        edited[at] = True
    return replace(elements, label=label, subject=subject, target=target), edited


class _Scene:
    """What is so in the scenes: facts as numbers made of the graph and labels."""

    def __init__(self, elements: Elements) -> None:
        objects, attributes, relations = elements.objects, elements.attributes, elements.relations
        labels, code = np.unique(elements.label, return_inverse=True)
        self._base = len(labels) + 1
        first = pointer(objects)[:-1]
        end, bound = int(objects.sum()), int(objects.sum() + attributes.sum())
        self._owner = np.repeat(first, attributes) + elements.owner
        self._kind = elements.attribute_kind
        of_object, self._value, self._predicate = code[:end], code[end:bound], code[bound:]
        self._holder = of_object[self._owner]
        self._subject = of_object[np.repeat(first, relations) + elements.subject]
        self._target = of_object[np.repeat(first, relations) + elements.target]
        self._symmetric = np.array([elements.names[label] in SYMMETRIC for label in labels.tolist()], dtype=bool)
        graphs = np.arange(len(objects))
        holds = ~elements.negated[end:bound]
        self._values = self._fact(np.repeat(graphs, attributes), self._holder, self._value)[holds]
        self._triples = self._triple(np.repeat(graphs, relations), self._subject, self._predicate, self._target)

    def can_exchange(self, one: Ints, other: Ints, graph: Ints) -> Bools:
        """Whether attributes can exchange their values: objects that do not have them get them."""
        new = self._fact(graph, self._holder[one], self._value[other])
        alike = self._kind[one] == self._kind[other]
        return np.asarray(alike & (self._owner[one] != self._owner[other]) & ~np.isin(new, self._values))

    def can_turn(self, one: Ints, graph: Ints) -> Bools:
        """Whether relations can exchange their ends."""
        new = self._triple(graph, self._target[one], self._predicate[one], self._subject[one])
        return np.asarray(~self._symmetric[self._predicate[one]] & ~np.isin(new, self._triples))

    def can_get_predicate(self, one: Ints, other: Ints, graph: Ints) -> Bools:
        """Whether relations can get the predicates of others."""
        new = self._triple(graph, self._subject[one], self._predicate[other], self._target[one])
        return np.asarray(~np.isin(new, self._triples))

    def _fact(self, graph: Ints, holder: Ints, value: Ints) -> Ints:
        return (graph * self._base + holder) * self._base + value

    def _triple(self, graph: Ints, subject: Ints, predicate: Ints, target: Ints) -> Ints:
        return self._fact(graph, subject, predicate) * self._base + target
