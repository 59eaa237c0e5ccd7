"""A scene graph in words: the fourth way of a graph into a language model, and the baseline of the other three.

A graph is a list of pieces, one per object and relation. Objects come first, their attributes among their words; a
label that several objects share is numbered, so that relations say which one they mean:

    small brown dog 1; dog 2; sofa; dog 1 on sofa; dog 2 not under sofa

The same pieces give `usg.nn.bridge.prompts` the places of graph tokens, so all bridges read a graph in one order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from usg.graph import SceneGraph

__all__ = ["NOTHING", "Piece", "fitting", "graph_text", "pieces"]

NOTHING = "nothing"
"""What is said of a graph without objects."""


@dataclass(frozen=True)
class Piece:
    """An object or a relation in words.

    Attributes:
        node: its number in the Levi form (`usg.graph.LeviGraph`), where 0 is the graph node.
        label: its label alone; of objects with the number.
        text: all that is said of it.
        needs: nodes of the objects that a relation names; empty for objects.
    """

    node: int
    label: str
    text: str
    needs: tuple[int, ...] = ()


def pieces(graph: SceneGraph, numbered: bool = True) -> list[Piece]:
    """Objects, then relations, each in the order of the graph.

    Args:
        graph: any.
        numbered: tell objects of one label apart by numbers.

    Example:
        >>> from usg.graph import Attribute, Relation, SceneObject
        >>> graph = SceneGraph(
        ...     objects=[SceneObject("a", "dog"), SceneObject("b", "dog"), SceneObject("c", "sofa")],
        ...     attributes=[Attribute("x", "a", "brown"), Attribute("y", "c", "big", negated=True)],
        ...     relations=[Relation("r", "a", "on", "c")],
        ... )
        >>> [(piece.node, piece.text) for piece in pieces(graph)]
        [(1, 'brown dog 1'), (2, 'dog 2'), (3, 'sofa, not big'), (6, 'dog 1 on sofa')]
    """
    names = _names(graph) if numbered else {one.id: one.label for one in graph.objects}
    nodes = {one.id: node for node, one in enumerate(graph.objects, 1)}
    before, behind = defaultdict(list), defaultdict(list)
    for attribute in graph.attributes:
        if attribute.negated:
            behind[attribute.object].append(f"not {attribute.value}")
        else:
            before[attribute.object].append(attribute.value)
    result = []
    for one in graph.objects:
        words = " ".join([*before[one.id], names[one.id]])
        text = ", ".join([f"no {words}" if one.negated else words, *behind[one.id]])
        result.append(Piece(nodes[one.id], names[one.id], text))
    first = 1 + len(graph.objects) + len(graph.attributes)
    for node, relation in enumerate(graph.relations, first):
        predicate = f"not {relation.predicate}" if relation.negated else relation.predicate
        text = f"{names[relation.subject]} {predicate} {names[relation.object]}"
        result.append(Piece(node, predicate, text, (nodes[relation.subject], nodes[relation.object])))
    return result


def _names(graph: SceneGraph) -> dict[str, str]:
    """The name of each object by id: its label, with a number where several share it; no two are alike."""
    shared = Counter(one.label for one in graph.objects)
    taken, counted = set(shared), Counter[str]()
    names = {}
    for one in graph.objects:
        name = one.label
        while shared[one.label] > 1 and name in taken:
            counted[one.label] += 1
            name = f"{one.label} {counted[one.label]}"
        names[one.id] = name
        taken.add(name)
    return names


def graph_text(graph: SceneGraph) -> str:
    """The pieces, with semicolons between; "nothing" for a graph without objects. In prompts each has one behind it.

    Example:
        >>> from usg.graph import Relation, SceneObject
        >>> graph = SceneGraph([], [SceneObject("a", "man"), SceneObject("b", "horse")])
        >>> graph_text(graph)
        'man; horse'
    """
    return "; ".join(piece.text for piece in pieces(graph)) or NOTHING


def fitting(parts: Sequence[Piece], length: Callable[[Piece], int], room: int) -> list[Piece]:
    """The pieces that fit into `room`, in their order; a relation only together with both its objects.

    Relations are taken first, each with those of its objects that are not there yet, as long as all of that fits; then
    the other objects. What does not fit is passed over.

    Args:
        parts: of a graph, as `pieces` gives them.
        length: of a piece.
        room: the most that all of them together may measure.
    """
    if sum(map(length, parts)) <= room:
        return list(parts)
    by_node = {piece.node: piece for piece in parts}
    kept: set[int] = set()
    for piece in sorted(parts, key=lambda piece: not piece.needs):
        wanted = {piece.node, *piece.needs} - kept
        if wanted <= by_node.keys() and (size := sum(length(by_node[node]) for node in wanted)) <= room:
            room -= size
            kept |= wanted
    return [piece for piece in parts if piece.node in kept]
