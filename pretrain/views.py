"""What single media of a scene say and show: a text and a picture or film of each graph, drawn.

    said by text t        what is grounded in t
    shown by picture p    what is grounded in p or nowhere, and every kind of element that p grounds none of
                          (boxes are of objects: attributes and relations hold of the objects that are shown)

of attributes and relations only those whose objects are there too. A graph has two views where it has both media and a
text that says something worth matching: at least three things, and not the very things that the picture shows, whose
graph would be the same graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.batch.elements import Elements, Floats
from usg.batch.grounding import graph_of_elements
from usg.batch.parts import Group
from usg.batch.ranges import Ints, pointer
from usg.graph import MODALITIES

__all__ = ["Views", "draw_views", "has_views", "one_medium", "one_of_each"]

Bools = NDArray[np.bool_]

_TEXT = MODALITIES.index("text")
_SEEN = [MODALITIES.index("image"), MODALITIES.index("video")]
_LEAST = 3  # elements that a text says: "here is a yellow person" is true of too many scenes


@dataclass(frozen=True)
class Views:
    """Two views of p of the graphs of a batch, which have m elements in all.

    Attributes:
        graph: `(p,)` the graphs, ascending.
        text: `(p,)` the source that says, counted over all graphs.
        picture: `(p,)` the source that shows.
        said: `(m,)` bool, elements said by the text of their graph.
        shown: `(m,)` bool, elements shown by the picture of their graph; both are false in the other graphs.
        sources: how many there are in all.
    """

    graph: Ints
    text: Ints
    picture: Ints
    said: Bools
    shown: Bools
    sources: int

    @property
    def texts(self) -> Group:
        """What the texts say, as parts of graphs."""
        return Group(self.graph, self.said, self._only(self.text))

    @property
    def pictures(self) -> Group:
        """What the pictures show, as parts of graphs."""
        return Group(self.graph, self.shown, self._only(self.picture))

    def of(self, chosen: Bools) -> Views:
        """The views of some graphs, by `(p,)` bool."""
        return Views(self.graph[chosen], self.text[chosen], self.picture[chosen], self.said, self.shown, self.sources)

    def _only(self, chosen: Ints) -> Bools:
        only = np.zeros(self.sources, dtype=bool)
        only[chosen] = True
        return only


def draw_views(elements: Elements, lots: Floats) -> Views:
    """Draws a picture or film and a text of every graph that has views.

    Args:
        elements: the graphs.
        lots: `(2, g)` numbers in [0, 1), the first for the picture and the second for the text.
    """
    graphs, sources = len(elements.objects), len(elements.source_modality)
    graph_of_source = np.repeat(np.arange(graphs), elements.sources)
    of_element = graph_of_elements(elements)
    first_object = pointer(elements.objects)[of_element]
    pair = np.unique(elements.grounding_element * sources + elements.grounding_source)
    element, source = pair // max(sources, 1), pair % max(sources, 1)

    picture = one_of_each(np.isin(elements.source_modality, _SEEN), graph_of_source, graphs, lots[0])
    shown = _shown(elements, element, source, picture, of_element)

    # What each text says, as pairs of element and text.
    is_text = (elements.source_modality == _TEXT)[source]
    element, source = element[is_text], source[is_text]
    pair = element * sources + source
    complete = np.ones(len(pair), dtype=bool)
    for at, numbers in _ends(elements):
        mine = (element >= at.start) & (element < at.stop)
        of = element[mine]
        complete[mine] &= np.isin((first_object[of] + numbers[of - at.start]) * sources + source[mine], pair)
    element, source = element[complete], source[complete]
    says = np.bincount(source, minlength=sources)
    common = np.bincount(source[shown[element]], minlength=sources)
    shows = np.bincount(of_element[shown], minlength=graphs)[graph_of_source]
    same = (says == common) & (says == shows)
    text = one_of_each((says >= _LEAST) & (shows > 0) & ~same, graph_of_source, graphs, lots[1])

    both = (picture >= 0) & (text >= 0)
    said = np.zeros(len(of_element), dtype=bool)
    said[element[text[of_element[element]] == source]] = True
    of_pair = both[of_element]
    return Views(np.flatnonzero(both), text[both], picture[both], said & of_pair, shown & of_pair, sources)


def has_views(elements: Elements) -> bool:
    """Whether any of the graphs has a picture or film that may be drawn with a text."""
    return len(draw_views(elements, np.zeros((2, len(elements.objects)))).graph) > 0


def one_medium(elements: Elements, views: Views, by_text: Bools) -> Group:
    """All graphs, some of which are left with one medium.

    Args:
        elements: the graphs.
        views: of the graphs that are left with one; p of them.
        by_text: `(p,)` bool, of which of them the text is left.
    """
    graphs = np.arange(len(elements.objects))
    kept = np.ones(len(elements.label), dtype=bool)
    sources = np.ones(len(elements.source_modality), dtype=bool)
    text, picture = views.of(by_text), views.of(~by_text)
    for some, there in ((text, views.said), (picture, views.shown)):
        mine = np.isin(graph_of_elements(elements), some.graph)
        kept[mine] = there[mine]
    sources[np.isin(np.repeat(graphs, elements.sources), views.graph)] = False
    sources[text.text] = sources[picture.picture] = True
    return Group(graphs, kept, sources)


def _ends(elements: Elements) -> list[tuple[slice, Ints]]:
    """Where attributes and relations stand among the elements, and the object numbers that they need there."""
    first, second = np.cumsum([elements.objects.sum(), elements.attributes.sum()]).tolist()
    attributes, relations = slice(first, second), slice(second, len(elements.label))
    return [(attributes, elements.owner), (relations, elements.subject), (relations, elements.target)]


def _shown(elements: Elements, element: Ints, source: Ints, picture: Ints, of_element: Ints) -> Bools:
    """`(m,)` bool, the elements that the picture of their graph shows; none where it is -1.

    Args:
        elements: the graphs.
        element: `(k,)` of groundings.
        source: `(k,)` where each is grounded.
        picture: `(g,)` a source of each graph.
        of_element: `(m,)` the graph of each element.
    """
    graphs = len(picture)
    counts = [elements.objects.sum(), elements.attributes.sum(), elements.relations.sum()]
    kind_in_graph = of_element * 3 + np.repeat(np.arange(3), counts)
    seen = np.zeros(len(of_element), dtype=bool)
    seen[element[source == picture[of_element[element]]]] = True
    grounded = np.zeros_like(seen)
    grounded[element] = True
    grounds_kind = np.zeros(3 * graphs, dtype=bool)
    grounds_kind[kind_in_graph[seen]] = True
    shown = (picture[of_element] >= 0) & (seen | ~grounded | ~grounds_kind[kind_in_graph])
    first_object = pointer(elements.objects)[of_element]
    for at, numbers in _ends(elements):
        shown[at] &= shown[first_object[at] + numbers]
    return shown


def one_of_each(candidates: Bools, graph: Ints, graphs: int, lots: Floats) -> Ints:
    """`(g,)` the number of one of the candidates of every graph, by its lot; -1 where it has none.

    Args:
        candidates: `(c,)` bool, which of some things are.
        graph: `(c,)` of each thing, ascending.
        graphs: g.
        lots: `(g,)` numbers in [0, 1).
    """
    things = np.flatnonzero(candidates)
    count = np.bincount(graph[things], minlength=graphs)
    place = pointer(count)[:-1] + np.minimum(lots * count, count - 1).astype(np.int64)
    result = np.full(graphs, -1)
    result[count > 0] = things[place[count > 0]]
    return result
