"""A film as a strip of its frames with boxes, and under it a timeline: when things are seen, and what happens.

The pictures of the frames are embedded where they are given, so that the SVG stays one file with nothing to load.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from usg.draw.boxes import boxes_in_frame, colour_in, embedded
from usg.draw.svg import INK, MUTED, group, label, page, rectangle, save, shorten
from usg.graph.elements import Attribute, Relation, SceneObject, Source
from usg.graph.region import Box, Track
from usg.graph.rle import decode_mask, mask_box
from usg.graph.scene_graph import SceneGraph
from usg.numerals import counted

_MARGIN, _TITLE, _GAP, _COLUMNS, _SHOWN = 14.0, 32.0, 8.0, 6, 24
_LABELS, _ROW, _BAR = 170.0, 18.0, 10.0
_EVENT = "#2563eb"
_Seen = dict[int, tuple[float, Box]]  # frame -> seconds, box


class Frame(Protocol):
    """A frame of a film, such as those of `usg.parsers.video.frames.open_film`."""

    @property
    def number(self) -> int:
        """Of the frame in its film, from 0."""

    @property
    def image(self) -> Any:
        """Its picture, a Pillow image; asked for where it is shown."""


def draw_film(
    graph: SceneGraph,
    path: str | os.PathLike[str] | None = None,
    *,
    frames: Iterable[Frame] = (),
    count: int = 6,
    title: str | None = None,
    width: float = 960.0,
) -> str:
    """Draw the tracks of a graph in frames of its film, and a timeline of what is seen and what happens.

    Args:
        graph: of a film, with tracks, or of one in which nothing is seen.
        path: where to write the SVG, or `None` to only return it.
        frames: of the film, in order; the pictures of those that are shown become part of the SVG.
        count: frames that are shown, spread evenly over those in which anything is seen.
        title: a line above the frames.
        width: pixels of the strip.

    Returns:
        The SVG document. Its events are those that the graph's metadata name, or else all that has a time.

    Raises:
        LookupError: the graph has no film with width and height.
        ValueError: `count` is less than 1, the frames end before those that are to be shown, or `path` is no SVG.

    >>> from usg.graph import Grounding, TrackPoint
    >>> track = Track(tuple(TrackPoint(i, i / 10, Box(i, 10, i + 40, 50)) for i in range(20)))
    >>> dog = SceneObject("o0", "dog", groundings=(Grounding("v", track),))
    >>> svg = draw_film(SceneGraph([Source("v", "video", width=100, height=80)], [dog]), count=3)
    >>> svg.count(">dog<")  # in three frames, and beside the time in which it is seen
    4
    """
    if count < 1:
        raise ValueError(f"count is {count}; a strip has one frame at least")
    film = next((each for each in graph.sources if each.modality == "video" and each.width and each.height), None)
    if film is None or not film.width or not film.height:
        raise LookupError(f"{graph!r} has no source of a film with width and height; draw_scene draws pictures")
    tracks = {obj.id: _seen(obj, film.id) for obj in graph.objects}
    times = {number: seconds for seen in tracks.values() for number, (seconds, _) in seen.items()}
    shown = _spread(sorted(times) or [0], count)
    names = _names(graph)
    head = _MARGIN + (_TITLE if title else 0.0)
    parts = [label(_MARGIN, _MARGIN + 8, title, 15, bold=True, anchor="start")] if title else []
    columns = min(_COLUMNS, len(shown))
    wide = (width - (columns - 1) * _GAP) / min(_COLUMNS, max(count, 3))
    scale = wide / film.width
    high = film.height * scale
    pictures = _pictures(frames, shown, 2 * wide)
    bottom = head
    for i, number in enumerate(shown):
        left, top = _MARGIN + i % columns * (wide + _GAP), head + i // columns * (high + 24.0)
        placed = [(obj, tracks[obj.id][number][1]) for obj in graph.objects if number in tracks[obj.id]]
        here = Box(left, top, left + wide, top + high)
        parts += boxes_in_frame(graph, placed, here, scale, names=names, picture=pictures.get(number))
        parts.append(label(left, top + high + 10, f"{times.get(number, 0.0):.2f} s", 11, anchor="start", fill=MUTED))
        bottom = top + high + 24.0
    lines, bottom = _timeline(graph, film, tracks, times, names, bottom, width)
    return save(page(parts + lines, width + 2 * _MARGIN, bottom + _MARGIN, title or repr(graph)), path)


def _timeline(
    graph: SceneGraph,
    film: Source,
    tracks: Mapping[str, _Seen],
    times: Mapping[int, float],
    names: Mapping[str, str],
    top: float,
    width: float,
) -> tuple[list[str], float]:
    """The rows of objects, then of events, and where they end."""
    events = _events(graph)
    ends = [event.time.end for event in events if event.time is not None]
    last = max([film.duration or 0.0, *times.values(), *ends, 1e-9])
    start, scale = _MARGIN + _LABELS, (width - _LABELS) / last
    order = {number: place for place, number in enumerate(sorted(times))}
    step = (max(times.values()) - min(times.values())) / max(len(times) - 1, 1) if times else 0.0
    rows: list[tuple[str, str, str, list[tuple[float, float]], str]] = []
    things = [obj for obj in graph.objects if tracks[obj.id]]
    for obj in things[:_SHOWN]:
        spans: list[tuple[float, float]] = []
        before = -2
        for number, (seconds, _) in sorted(tracks[obj.id].items()):
            if order[number] == before + 1:
                spans[-1] = spans[-1][0], seconds + step
            else:
                spans.append((seconds, seconds + step))
            before = order[number]
        rows.append((names[obj.id], obj.id, colour_in(graph, obj), spans, MUTED))
    for event in events[:_SHOWN]:
        if event.time is not None:
            rows.append((_told(event, names), event.id, _EVENT, [(event.time.start, event.time.end)], INK))
    parts: list[str] = []
    for words, id, colour, spans, ink in rows:
        parts.append(label(start - 8, top + _ROW / 2, shorten(words, 28), 11, anchor="end", fill=ink))
        bars = [
            rectangle(
                start + first * scale, top + (_ROW - _BAR) / 2, max(2.0, (min(end, last) - first) * scale), _BAR,
                fill=colour, stroke="#64748b", radius=3, line=0.6,
            )
            for first, end in spans
        ]  # fmt: skip
        told = ", ".join(f"{first:.2f} to {end:.2f} s" for first, end in spans)
        parts.append(group(bars, f"{id}: {words}, {told}", id))
        top += _ROW
    notes = [] if rows else ["nothing is seen or happens"]
    for what, found in (("object", things), ("event", events)):
        notes += [f"and {counted(len(found) - _SHOWN, f'more {what}')}"] if len(found) > _SHOWN else []
    parts.append(label(start, top + 8, "0 s", 11, anchor="start", fill=MUTED))
    parts.append(label(_MARGIN + width, top + 8, f"{last:.2f} s", 11, anchor="end", fill=MUTED))
    parts += [label(start + 40, top + 8, ", ".join(notes), 11, anchor="start", fill=MUTED)] if notes else []
    return parts, top + 16.0


def _events(graph: SceneGraph) -> list[Relation | Attribute]:
    """What happens, by when it begins: what the metadata name as events, or else all that has a time."""
    everything: list[Relation | Attribute] = [*graph.relations, *graph.attributes]
    timed = [each for each in everything if each.time is not None and not each.negated]
    named = graph.metadata.get("events")
    found = [each for each in timed if each.id in named] if isinstance(named, list | tuple) else timed
    return sorted(found, key=lambda each: (each.time.start, each.time.end) if each.time is not None else (0.0, 0.0))


def _told(event: Relation | Attribute, names: Mapping[str, str]) -> str:
    if isinstance(event, Attribute):
        return f"{names[event.object]} {event.value}"
    return f"{names[event.subject]} {event.predicate} {names[event.object]}"


def _names(graph: SceneGraph) -> dict[str, str]:
    """Labels of objects, with the id where several have one."""
    many = Counter(obj.label for obj in graph.objects)
    return {obj.id: obj.label if many[obj.label] == 1 else f"{obj.label} {obj.id}" for obj in graph.objects}


def _seen(obj: SceneObject, source: str) -> _Seen:
    """Where an object is in the frames of a film; the first of its tracks tells, masks where there are no boxes."""
    seen: _Seen = {}
    for grounding in obj.groundings:
        if grounding.source == source and isinstance(grounding.region, Track):
            for point in grounding.region.points:
                where = point.region
                if point.frame in seen:
                    continue
                box = where if isinstance(where, Box) else mask_box(decode_mask(where))
                if box is not None:
                    seen[point.frame] = point.seconds, box
    return seen


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """So many of the numbers, the first and last among them, or all where there are no more."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[round(i * (len(numbers) - 1) / max(count - 1, 1))] for i in range(count)]


def _pictures(frames: Iterable[Frame], shown: Sequence[int], side: float) -> dict[int, str]:
    """The pictures of the frames that are shown, by number, made no larger than a side; none where no frames are."""
    wanted, found, last = set(shown), {}, None
    for frame in frames:
        last = frame.number
        if last in wanted:
            file = io.BytesIO()
            picture = frame.image.copy()  # the frame keeps its own
            picture.thumbnail((side, side))
            picture.save(file, "PNG")
            found[last] = embedded(file.getvalue(), "image/png")
        if len(found) == len(wanted):
            return found
    if last is not None:
        missing = min(wanted - set(found))
        raise ValueError(f"the frames end with {last} and the graph has a frame {missing}; give those of its film")
    return found
