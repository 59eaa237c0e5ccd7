"""Boxes with name tags in a frame: what the drawing of a picture and of a film share."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from usg.draw.card import HIGHLIGHT, MASK_FILL, MASK_LINE
from usg.draw.colours import colour_of, ink_on, mix
from usg.draw.svg import group, label, rectangle, shorten, text_width
from usg.graph.elements import SceneObject
from usg.graph.region import Box
from usg.graph.scene_graph import SceneGraph

_PLAIN = "#cbd5e1"
_TAG = 17.0


def boxes_in_frame(
    graph: SceneGraph,
    placed: Sequence[tuple[SceneObject, Box]],
    frame: Box,
    scale: float,
    *,
    names: Mapping[str, str] | None = None,
    masked: frozenset[str] = frozenset(),
    highlight: frozenset[str] = frozenset(),
    picture: str | None = None,
) -> list[str]:
    """The parts of a frame: its picture, if any, the boxes, and their tags above all of them.

    Args:
        graph: of the objects.
        placed: objects with their boxes, pixels of the medium.
        frame: where it is drawn.
        scale: from pixels of the medium to those of the drawing.
        names: what is on the tags, by id; the labels when None.
        masked: ids of objects whose tag is a `?` and whose colour is hidden, and of attributes whose colour is hidden.
        highlight: ids of objects to draw with a red line.
        picture: what lies under the boxes, as `embedded` gives it.
    """
    width, height = frame.x1 - frame.x0, frame.y1 - frame.y0
    parts = [rectangle(frame.x0, frame.y0, width, height, fill="#f8fafc", stroke="#94a3b8", radius=4)]
    if picture is not None:
        place = f'x="{frame.x0:.1f}" y="{frame.y0:.1f}" width="{width:.1f}" height="{height:.1f}"'
        parts.append(f'<image {place} preserveAspectRatio="none" href="{picture}"/>')
    tags: list[tuple[Box, str, str, str]] = []
    # Large boxes first, so that small ones are not covered.
    for obj, box in sorted(placed, key=lambda pair: -pair[1].area):
        x0, y0, x1, y1 = (value * scale for value in box.xyxy)
        here = Box(frame.x0 + x0, frame.y0 + y0, frame.x0 + x1, frame.y0 + y1)
        colour = colour_in(graph, obj, masked)
        marked, hidden = obj.id in highlight, obj.id in masked
        line = HIGHLIGHT if marked else mix(colour, "#0f172a", 0.35)
        body = rectangle(
            here.x0,
            here.y0,
            here.x1 - here.x0,
            here.y1 - here.y0,
            fill=colour,
            opacity=0.45 if picture is None else 0.15,
            stroke=line,
            radius=3,
            line=2.4 if marked else 1.6,
            dashed=obj.negated,
        )
        parts.append(group([body], obj.id if hidden else f"{obj.id}: {obj.label}", obj.id))
        text = "?" if hidden else shorten(obj.label if names is None else names[obj.id], 20)
        tags.append(
            (_tag_place(here, text_width(text, 11.5) + 12.0, [tag for tag, *_ in tags], frame), text, colour, line)
        )
    for tag, text, colour, line in tags:
        parts.append(rectangle(tag.x0, tag.y0, tag.x1 - tag.x0, _TAG, fill=colour, stroke=line, radius=4))
        parts.append(label((tag.x0 + tag.x1) / 2, tag.y0 + _TAG / 2, text, 11.5, fill=ink_on(colour)))
    return parts


def embedded(data: bytes, kind: str) -> str:
    """The address by which an SVG holds a picture itself.

    >>> embedded(b"abc", "image/png")
    'data:image/png;base64,YWJj'
    """
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def colour_in(graph: SceneGraph, obj: SceneObject, masked: frozenset[str] = frozenset()) -> str:
    """The colour that an object is drawn in: the one that the graph says it has, where it says one."""
    if obj.id in masked:
        return mix(MASK_FILL, MASK_LINE, 0.35)
    values = [colour_of(a.value) for a in graph.attributes_of(obj.id) if not a.negated and a.id not in masked]
    return next((value for value in values if value), _PLAIN)


def _tag_place(box: Box, width: float, taken: Sequence[Box], frame: Box) -> Box:
    """Where the name tag goes: on the box, in it or under it, where it covers the least of other tags."""
    best, least = box, float("inf")
    for y in (box.y0 - _TAG, box.y0 + 2, box.y1, box.y1 - _TAG - 2, (box.y0 + box.y1 - _TAG) / 2):
        for x in (box.x0, box.x1 - width, (box.x0 + box.x1 - width) / 2):
            left = min(max(x, frame.x0), frame.x1 - width)
            top = min(max(y, frame.y0), frame.y1 - _TAG)
            place = Box(left, top, left + width, top + _TAG)
            covered = sum(_common(place, other) for other in taken)
            if covered < least:
                best, least = place, covered
    return best


def _common(a: Box, b: Box) -> float:
    return max(0.0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0.0, min(a.y1, b.y1) - max(a.y0, b.y0))
