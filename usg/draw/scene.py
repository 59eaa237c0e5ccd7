"""The image of a scene as its boxes: each object's box in its colour, with a name tag, in the frame of the image.

The file of the image can lie under the boxes; it is embedded, so that the SVG stays one file with nothing to load.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path

from usg.draw.card import HIGHLIGHT, MASK_FILL, MASK_LINE
from usg.draw.colours import colour_of, ink_on, mix
from usg.draw.svg import MUTED, group, label, page, rectangle, save, shorten, text_width
from usg.graph.elements import SceneObject
from usg.graph.region import Box
from usg.graph.scene_graph import SceneGraph

_PLAIN = "#cbd5e1"
_TAG, _MARGIN, _TITLE = 17.0, 14.0, 32.0
_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")


def draw_scene(
    graph: SceneGraph,
    path: str | os.PathLike[str] | None = None,
    *,
    source: str | None = None,
    masked: Iterable[str] = (),
    highlight: Iterable[str] = (),
    title: str | None = None,
    width: float = 480.0,
    picture: str | os.PathLike[str] | None = None,
) -> str:
    """Draw the boxes of a graph in the frame of one of its images.

    Args:
        graph: a graph with boxes.
        path: where to write the SVG, or `None` to only return it.
        source: id of the image; `None` takes the first source in which an object has a box.
        masked: ids of objects whose tag is a `?` and whose colour is hidden, and of attributes whose colour is hidden.
        highlight: ids of objects to draw with a red line.
        title: a line above the frame.
        width: pixels of the frame; the height follows from the image.
        picture: file of the image, to be shown under the boxes; it becomes part of the SVG.

    Returns:
        The SVG document.

    Raises:
        LookupError: the graph has no such source, or no object has a box in it.
        FileNotFoundError: there is no such picture.
        ValueError: the picture is of a kind that browsers do not show.

    >>> from usg.graph import Grounding, Source
    >>> dog = SceneObject("o0", "dog", groundings=(Grounding("image", Box(10, 10, 60, 50)),))
    >>> svg = draw_scene(SceneGraph([Source("image", "image", width=100, height=80)], [dog]))
    >>> ">dog<" in svg
    True
    """
    masked, highlight = frozenset(masked), frozenset(highlight)
    for id in masked | highlight:
        graph[id]
    source, placed = _boxes(graph, source)
    medium = graph.source(source)
    full_width = medium.width or max(box.x1 for _, box in placed)
    full_height = medium.height or max(box.y1 for _, box in placed)
    scale = width / max(full_width, 1e-9)
    height, head = full_height * scale, _TITLE if title else 0.0
    # Large boxes first, so that small ones are not covered.
    placed.sort(key=lambda pair: -pair[1].area)
    frame = rectangle(_MARGIN, _MARGIN + head, width, height, fill="#f8fafc", stroke="#94a3b8", radius=4)
    parts = [label(_MARGIN, _MARGIN + 8, title, 15, bold=True, anchor="start")] if title else []
    parts.append(frame)
    if picture is not None:
        parts.append(_embedded(picture, _MARGIN, _MARGIN + head, width, height))
    tags: list[tuple[Box, str, SceneObject, str]] = []
    taken: list[Box] = []
    for obj, box in placed:
        here = Box(*(_MARGIN + v * scale for v in box.xyxy))
        here = Box(here.x0, here.y0 + head, here.x1, here.y1 + head)
        colour = _colour(graph, obj, masked)
        line = HIGHLIGHT if obj.id in highlight else mix(colour, "#0f172a", 0.35)
        body = rectangle(
            here.x0,
            here.y0,
            here.x1 - here.x0,
            here.y1 - here.y0,
            fill=colour,
            opacity=0.45 if picture is None else 0.15,
            stroke=line,
            radius=3,
            line=2.4 if obj.id in highlight else 1.6,
            dashed=obj.negated,
        )
        parts.append(group([body], obj.id if obj.id in masked else f"{obj.id}: {obj.label}", obj.id))
        text = "?" if obj.id in masked else shorten(obj.label, 20)
        frame_box = Box(_MARGIN, _MARGIN + head, _MARGIN + width, _MARGIN + head + height)
        tag = _tag_place(here, text_width(text, 11.5) + 12.0, taken, frame_box)
        taken.append(tag)
        tags.append((tag, text, obj, colour))
    for tag, text, obj, colour in tags:
        line = HIGHLIGHT if obj.id in highlight else mix(colour, "#0f172a", 0.35)
        parts.append(rectangle(tag.x0, tag.y0, tag.x1 - tag.x0, _TAG, fill=colour, stroke=line, radius=4))
        parts.append(label((tag.x0 + tag.x1) / 2, tag.y0 + _TAG / 2, text, 11.5, fill=ink_on(colour)))
    hidden = len(graph.objects) - len(placed)
    note = 0.0
    if hidden:
        note = 18.0
        words = f"and {hidden} without a box here"
        parts.append(label(_MARGIN, _MARGIN + head + height + 14, words, 11.5, anchor="start", fill=MUTED))
    return save(page(parts, width + 2 * _MARGIN, height + 2 * _MARGIN + head + note, title or repr(graph)), path)


def _embedded(picture: str | os.PathLike[str], x: float, y: float, width: float, height: float) -> str:
    kind, _ = mimetypes.guess_type(os.fspath(picture))
    if kind not in _SHOWN:
        raise ValueError(f"{picture} is {kind or 'of no known kind'}; browsers show {', '.join(_SHOWN)}")
    data = base64.b64encode(Path(picture).read_bytes()).decode("ascii")
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<image {place} preserveAspectRatio="none" href="data:{kind};base64,{data}"/>'


def _boxes(graph: SceneGraph, source: str | None) -> tuple[str, list[tuple[SceneObject, Box]]]:
    """The source that is drawn, and the first box in it of each object that has one."""
    if source is not None:
        graph.source(source)
    placed = []
    for obj in graph.objects:
        for grounding in obj.groundings:
            if isinstance(grounding.region, Box) and source in (None, grounding.source):
                source = grounding.source
                placed.append((obj, grounding.region))
                break
    if source is None or not placed:
        where = "any source" if source is None else repr(source)
        raise LookupError(f"no object of {graph!r} has a box in {where}; draw_graph needs none")
    return source, placed


def _colour(graph: SceneGraph, obj: SceneObject, masked: frozenset[str]) -> str:
    if obj.id in masked:
        return mix(MASK_FILL, MASK_LINE, 0.35)
    values = [colour_of(a.value) for a in graph.attributes_of(obj.id) if not a.negated and a.id not in masked]
    return next((value for value in values if value), _PLAIN)


def _tag_place(box: Box, width: float, taken: list[Box], frame: Box) -> Box:
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
