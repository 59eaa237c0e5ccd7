"""A scene graph as a picture: objects as cards with their attributes, relations as labelled arrows.

Colours are shown as they are, what is negated is dashed, what is masked is a `?`. The picture is one SVG text without
scripts or anything to load; browsers show ids and full labels where the pointer rests.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from usg.draw.card import HIGHLIGHT, Marks, card, relation_chip
from usg.draw.layout import place
from usg.draw.route import curves
from usg.draw.svg import LINE, MUTED, label, page, save, text_width
from usg.graph.region import Box
from usg.graph.scene_graph import SceneGraph

_MARGIN, _TITLE, _CHIP_HEIGHT = 22.0, 34.0, 19.0
_Points = NDArray[np.float64]


def draw_graph(
    graph: SceneGraph,
    path: str | os.PathLike[str] | None = None,
    *,
    masked: Iterable[str] = (),
    highlight: Iterable[str] = (),
    notes: Mapping[str, str] | None = None,
    title: str | None = None,
    use_boxes: bool = True,
) -> str:
    """Draw a scene graph.

    Cards lie where the boxes of the objects lie, loosely, when most objects have a box in one source, else where a
    spring layout puts them; nothing overlaps. Long labels are shortened in the picture. The same graph gives the same
    picture.

    Args:
        graph: the graph; readable up to about a dozen objects.
        path: where to write the SVG, or `None` to only return it.
        masked: ids of elements to draw as `?`.
        highlight: ids of elements to draw with a red line.
        notes: words to stand beside the label of an element, by id, such as a model's guess.
        title: a line above the graph.
        use_boxes: place objects by their boxes.

    Returns:
        The SVG document.

    Raises:
        LookupError: an id is not of an element of the graph.

    >>> from usg.graph import SceneObject
    >>> svg = draw_graph(SceneGraph(objects=[SceneObject("o0", "dog")]), masked=["o0"])
    >>> svg.startswith("<svg"), "dog" in svg
    (True, False)
    """
    marks = Marks(frozenset(masked), frozenset(highlight), notes)
    for id in [*marks.masked, *marks.highlight, *(notes or {})]:
        graph[id]
    cards = [card(obj, graph.attributes_of(obj.id), marks) for obj in graph.objects]
    chips = [relation_chip(relation, marks) for relation in graph.relations]
    number = {obj.id: i for i, obj in enumerate(graph.objects)}
    ends = np.array([(number[r.subject], number[r.object]) for r in graph.relations], dtype=np.int64).reshape(-1, 2)
    sizes = np.array([*(c.size for c in cards), *((chip.width, _CHIP_HEIGHT) for chip in chips)]).reshape(-1, 2)
    centres = place(sizes, ends, box_centres(graph) if use_boxes else None)
    drawn = curves(centres, ends, centres[len(cards) :], np.linspace(0, 1, 161)[:, None])
    lines = [
        _line(points, centres[a], sizes[a], centres[b], sizes[b])
        for points, (a, b) in zip(drawn, ends.tolist(), strict=True)
    ]
    head = _TITLE if title else 0.0
    points = np.concatenate([centres - sizes / 2, centres + sizes / 2, *lines, np.zeros((0, 2))])
    low = points.min(0) if len(points) else np.zeros(2)
    high = points.max(0) if len(points) else np.array([160.0, 20.0])
    shift = _MARGIN - low + np.array([0.0, head])
    width, height = high - low + 2 * _MARGIN
    width = max(width, text_width(title or "", 15, bold=True) + 2 * _MARGIN)
    parts = [label(_MARGIN, _MARGIN + 6, title, 15, bold=True, anchor="start")] if title else []
    if not cards:
        parts.append(label(width / 2, head + height / 2, "an empty graph", 13, fill=MUTED))
    for relation, line in zip(graph.relations, lines, strict=True):
        parts.append(_arrow(line + shift, relation.negated, relation.id in marks.highlight))
    centres = centres + shift
    parts += [c.draw(*centre) for c, centre in zip(cards, centres[: len(cards)].tolist(), strict=True)]
    parts += [chip.draw(*centre) for chip, centre in zip(chips, centres[len(cards) :].tolist(), strict=True)]
    return save(page(parts, width, height + head, title or repr(graph)), path)


def box_centres(graph: SceneGraph) -> _Points | None:
    """Centres of the objects' boxes in the source that shows most of them, in units of the source or of the boxes.

    Returns:
        `(objects, 2)`, NaN for objects without a box; `None` when fewer than two thirds of the objects have one.
    """
    boxes: dict[str, dict[int, Box]] = {}
    for i, obj in enumerate(graph.objects):
        for grounding in obj.groundings:
            if isinstance(grounding.region, Box):
                boxes.setdefault(grounding.source, {}).setdefault(i, grounding.region)
    if not boxes:
        return None
    found = max(boxes.values(), key=len)
    if len(found) < max(2, len(graph.objects) * 2 / 3):
        return None
    centres = np.full((len(graph.objects), 2), np.nan)
    for i, box in found.items():
        centres[i] = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    low, high = np.nanmin(centres, 0), np.nanmax(centres, 0)
    # The picture is filled: boxes in one corner of a large image would leave the rest empty.
    out: _Points = 0.1 + 0.8 * (centres - low) / np.maximum(high - low, 1e-9)
    return out


def _line(points: _Points, start: _Points, start_size: _Points, end: _Points, end_size: _Points) -> _Points:
    """The part of a curve between the edges of the two cards, with room for the head of the arrow."""
    outside = np.flatnonzero((np.abs(points - start) > start_size / 2 + 1).any(1))
    before = np.flatnonzero((np.abs(points - end) > end_size / 2 + 3).any(1))
    if not len(outside) or not len(before) or outside[0] >= before[-1]:
        return points[[len(points) // 2]]
    return points[outside[0] : before[-1] + 1]


def _arrow(points: _Points, dashed: bool, marked: bool) -> str:
    """A line with a head at its end."""
    if len(points) < 2:
        return ""
    colour = HIGHLIGHT if marked else LINE
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    kept = points[[*range(0, len(points) - 1, 4), len(points) - 1]]
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in kept)
    tip = points[-1]
    back = points[max(0, int(np.flatnonzero(np.linalg.norm(points - tip, axis=1) > 6)[-1]) if len(points) > 6 else 0)]
    along = (tip - back) / (np.linalg.norm(tip - back) + 1e-9)
    across = np.array([-along[1], along[0]])
    corners = [tip, tip - 9 * along + 4 * across, tip - 9 * along - 4 * across]
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-linejoin="round"{dash}/>'
        f'<polygon points="{head}" fill="{colour}"/>'
    )
