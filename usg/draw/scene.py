"""The image of a scene as its boxes: each object's box in its colour, with a name tag, in the frame of the image.

The file of the image can lie under the boxes; it is embedded, so that the SVG stays one file with nothing to load.
"""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from usg.draw.boxes import boxes_in_frame, embedded
from usg.draw.svg import MUTED, label, page, save
from usg.graph.elements import SceneObject, Source
from usg.graph.region import Box, Track
from usg.graph.scene_graph import SceneGraph

_MARGIN, _TITLE = 14.0, 32.0
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
    picture: Any = None,
) -> str:
    """Draw the boxes of a graph in the frame of one of its images.

    Args:
        graph: a graph with boxes, or of an image in which there is nothing.
        path: where to write the SVG, or `None` to only return it.
        source: id of the image; `None` takes the first source in which an object has a box, else the first image.
        masked: ids of objects whose tag is a `?` and whose colour is hidden, and of attributes whose colour is hidden.
        highlight: ids of objects to draw with a red line.
        title: a line above the frame.
        width: pixels of the frame; the height follows from the image.
        picture: the image, a file, a Pillow image or an array (height, width, 3) of bytes, to be shown under the boxes;
            it becomes part of the SVG.

    Returns:
        The SVG document.

    Raises:
        LookupError: the graph has no such source, or none with a box or with width and height.
        FileNotFoundError: there is no such picture.
        ValueError: the picture is of a kind that browsers do not show, or `path` is no name of an SVG.

    >>> from usg.graph import Grounding, Source
    >>> dog = SceneObject("o0", "dog", groundings=(Grounding("image", Box(10, 10, 60, 50)),))
    >>> svg = draw_scene(SceneGraph([Source("image", "image", width=100, height=80)], [dog]))
    >>> ">dog<" in svg
    True
    """
    masked, highlight = frozenset(masked), frozenset(highlight)
    for id in masked | highlight:
        graph[id]
    medium, placed = _boxes(graph, source)
    full_width = medium.width or max(box.x1 for _, box in placed)
    full_height = medium.height or max(box.y1 for _, box in placed)
    scale = width / max(full_width, 1e-9)
    head = _TITLE if title else 0.0
    frame = Box(_MARGIN, _MARGIN + head, _MARGIN + width, _MARGIN + head + full_height * scale)
    parts = [label(_MARGIN, _MARGIN + 8, title, 15, bold=True, anchor="start")] if title else []
    parts += boxes_in_frame(
        graph,
        placed,
        frame,
        scale,
        masked=masked,
        highlight=highlight,
        picture=None if picture is None else _embedded(picture),
    )
    hidden = len(graph.objects) - len(placed)
    words = f"and {hidden} without a box here" if hidden else "" if placed else "no objects"
    if words:
        parts.append(label(_MARGIN, frame.y1 + 14, words, 11.5, anchor="start", fill=MUTED))
    height = frame.y1 + _MARGIN + (18.0 if words else 0.0)
    return save(page(parts, width + 2 * _MARGIN, height, title or repr(graph)), path)


def _embedded(picture: Any) -> str:
    if not isinstance(picture, str | os.PathLike):
        from PIL import Image

        file = io.BytesIO()
        (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, "PNG")
        return embedded(file.getvalue(), "image/png")
    kind, _ = mimetypes.guess_type(os.fspath(picture))
    if kind not in _SHOWN:
        raise ValueError(f"{picture} is {kind or 'of no known kind'}; browsers show {', '.join(_SHOWN)}")
    return embedded(Path(picture).read_bytes(), kind)


def _boxes(graph: SceneGraph, source: str | None) -> tuple[Source, list[tuple[SceneObject, Box]]]:
    """The source that is drawn, and the first box in it of each object that has one."""
    wanted = None if source is None else graph.source(source)
    placed = []
    for obj in graph.objects:
        for grounding in obj.groundings:
            if isinstance(grounding.region, Box) and source in (None, grounding.source):
                source = grounding.source
                placed.append((obj, grounding.region))
                break
    if source is not None and placed:
        return graph.source(source), placed
    images = [wanted] if wanted is not None else [each for each in graph.sources if each.modality == "image"]
    for image in images:
        if image.width and image.height and image.modality == "image":
            return image, []
    tracked = any(isinstance(grounding.region, Track) for obj in graph.objects for grounding in obj.groundings)
    hint = "draw_film draws its tracks" if tracked else "draw_graph needs none"
    where = "any source" if source is None else repr(source)
    raise LookupError(f"no object of {graph!r} has a box in {where}; {hint}")
