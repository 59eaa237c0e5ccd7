"""Films as strips with a timeline: the frames and spans that are shown, and what cannot be drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from usg.draw import draw_film, draw_scene
from usg.graph import (
    Attribute,
    Box,
    Grounding,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TimeSpan,
    Track,
    TrackPoint,
)
from usg.graph.rle import encode_mask
from usg.world.pixels import sample_film

FILM = Source("v", "video", width=100, height=50, duration=4.0, fps=10)


@dataclass
class Still:
    """A frame whose picture tells its number by its shade."""

    number: int

    @property
    def image(self) -> Image.Image:
        return Image.new("RGB", (100, 50), (self.number, 0, 0))


@dataclass
class Kept:
    """A frame that gives the same picture whenever it is asked."""

    number: int
    image: Image.Image


def seen(*frames: int) -> tuple[Grounding, ...]:
    return (Grounding("v", Track(tuple(TrackPoint(i, i / 10, Box(i, 10, i + 20, 30)) for i in frames))),)


GRAPH = SceneGraph(
    (FILM,),
    (
        SceneObject("a", "dog", groundings=seen(*range(40))),
        SceneObject("b", "cup", groundings=seen(*range(10), *range(20, 40))),
        SceneObject("c", "cup"),
    ),
    (Attribute("x", "a", "enters", kind="action", time=TimeSpan(0, 1)),),
    (
        Relation("r", "a", "near", "b", time=TimeSpan(0, 4)),
        Relation("s", "a", "picks up", "b", time=TimeSpan(1, 3)),
        Relation("t", "a", "likes", "b"),
    ),
    {"events": ["x", "s"]},
)


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]


def test_frames_tracks_and_events() -> None:
    svg = draw_film(GRAPH, count=4, title="A film")
    shown = texts(svg)
    assert [words for words in shown if words.endswith(" s")] == [
        "0.00 s",
        "1.30 s",
        "2.60 s",
        "3.90 s",
        "0 s",
        "4.00 s",
    ]
    assert shown.count("dog") == 4 + 1
    assert shown.count("cup b") == 3 + 1  # not at 1.3 s; by its id, as there are two
    assert [words for words in shown if "dog " in words] == ["dog enters", "dog picks up cup b"]
    assert "b: cup b, 0.00 to 1.00 s, 2.00 to 4.00 s" in svg
    assert "cup c" not in shown


def test_without_names_of_events_all_that_has_a_time_is_one() -> None:
    plain = SceneGraph(GRAPH.sources, GRAPH.objects, GRAPH.attributes, GRAPH.relations)
    assert [words for words in texts(draw_film(plain)) if "dog " in words] == [
        "dog enters",
        "dog near cup b",
        "dog picks up cup b",
    ]


def test_pictures_lie_under_the_boxes() -> None:
    svg = draw_film(GRAPH, frames=map(Still, range(100)), count=3)
    assert svg.count("data:image/png;base64,") == 3 == len(set(re.findall('data:[^"]*', svg)))
    kept = Kept(0, Image.new("RGB", (2000, 1000)))  # larger than it is shown
    draw_film(GRAPH, frames=[kept], count=1)
    assert kept.image.size == (2000, 1000)
    with pytest.raises(ValueError, match="the frames end with 9 and the graph has a frame 20"):
        draw_film(GRAPH, frames=map(Still, range(10)), count=3)


def test_masks_alone_have_boxes() -> None:
    mask = np.zeros((50, 100), bool)
    mask[10:30, 20:60] = True
    drawn = [
        draw_film(SceneGraph((FILM,), (SceneObject("a", "dog", groundings=(Grounding("v", track),)),)))
        for track in (Track((TrackPoint(3, 0.3, region),)) for region in (encode_mask(mask), Box(20, 10, 60, 30)))
    ]
    assert drawn[0] == drawn[1] and ">dog<" in drawn[0]


def test_a_film_in_which_nothing_is_seen() -> None:
    assert texts(draw_film(SceneGraph((FILM,)))) == ["0.00 s", "0 s", "4.00 s", "nothing is seen or happens"]


def test_what_is_too_much_to_show_is_counted() -> None:
    many = tuple(SceneObject(f"o{i}", f"dog {i}", groundings=seen(0, 1)) for i in range(25))
    events = tuple(Relation(f"r{i}", "o0", "near", f"o{i}", time=TimeSpan(0, 1)) for i in range(1, 25))
    shown = texts(draw_film(SceneGraph((FILM,), many, (), (*events, replace(events[0], id="r", predicate="at")))))
    assert shown[-1] == "and 1 more object, and 1 more event" and shown.count("dog 24") == 2  # in the frames alone


def test_wrong_use(tmp_path) -> None:
    with pytest.raises(LookupError, match="no source of a film with width and height; draw_scene"):
        draw_film(SceneGraph((Source("i", "image", width=10, height=10),)))
    with pytest.raises(LookupError, match="draw_film draws its tracks"):
        draw_scene(GRAPH)
    with pytest.raises(ValueError, match="count is 0"):
        draw_film(GRAPH, count=0)
    with pytest.raises(ValueError, match=r"drawings are SVG, not \.mp4"):
        draw_film(GRAPH, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_films_of_the_world_are_drawn(tmp_path) -> None:
    graph = sample_film("iid", 0, 1, side=64).graph
    svg = draw_film(graph, tmp_path / "film.svg")
    ids = {node.get("data-id") for node in ElementTree.fromstring(svg).iter()}
    assert {*graph.metadata["events"], *(obj.id for obj in graph.objects)} <= ids
