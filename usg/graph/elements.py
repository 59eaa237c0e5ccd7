"""The parts of a scene graph: sources, groundings, objects, attributes, relations.

Labels, attribute values and predicates are open-vocabulary strings; ids are strings, unique among the elements of a
graph and stable under every operation that keeps the element. All parts are values: frozen, compared by content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from usg.graph.region import Region, TimeSpan

Modality: TypeAlias = Literal["text", "image", "video", "audio", "points"]
MODALITIES: tuple[str, ...] = get_args(Modality)


@dataclass(frozen=True, slots=True)
class Source:
    """A medium that the graph was read from.

    Args:
        id: unique among the sources of a graph.
        modality: text, image, video, audio or points.
        uri: where it lies, if it lies somewhere; a relative path is taken from the folder of the graphs, see
            usg/formats/media.py.
        text: the words themselves, for a text.
        width, height: pixels.
        duration: seconds.
        fps: frames a second.
        parser, parser_version: what made the graph from it.
    """

    id: str
    modality: str
    uri: str | None = None
    text: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    parser: str | None = None
    parser_version: str | None = None


@dataclass(frozen=True, slots=True)
class Grounding:
    """Where one source shows an element, with the label and score that source gives it.

    `region` is `None` when the source is known to show the element but not where.
    """

    source: str
    region: Region | None = None
    label: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A thing (or stuff) in the scene; `score` in [0, 1], `negated` for "no dog"."""

    id: str
    label: str
    negated: bool = False
    score: float | None = None
    groundings: tuple[Grounding, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property of an object: `value` ("red"), of a `kind` (colour, size, state, count, ...).

    `number` carries the quantity of a count ("two" -> 2); `time` says when a changing state holds, in seconds.
    """

    id: str
    object: str
    value: str
    kind: str | None = None
    number: float | None = None
    negated: bool = False
    score: float | None = None
    time: TimeSpan | None = None
    groundings: tuple[Grounding, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """`subject` --`predicate`--> `object`, by object ids; several predicates may hold between one pair."""

    id: str
    subject: str
    predicate: str
    object: str
    negated: bool = False
    score: float | None = None
    time: TimeSpan | None = None
    groundings: tuple[Grounding, ...] = ()


Element: TypeAlias = SceneObject | Attribute | Relation


def is_of(element: Element, source: str) -> bool:
    """Whether a source shows an element, as far as is known: one without groundings is of every source.

    >>> on = Relation("r0", "o0", "on", "o1", groundings=(Grounding("caption"),))
    >>> is_of(on, "caption"), is_of(on, "image"), is_of(SceneObject("o0", "cat"), "image")
    (True, False, True)
    """
    return not element.groundings or any(grounding.source == source for grounding in element.groundings)
