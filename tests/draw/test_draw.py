"""The pictures: well-formed whatever the strings, complete, and silent about what is masked."""

import base64
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from usg.draw import draw_graph, draw_scene
from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.world import sample_scene

GRAPH = SceneGraph(
    objects=(SceneObject("m", "man"), SceneObject("h", "horse"), SceneObject("d", "dog", negated=True)),
    attributes=(Attribute("a", "h", "brown", kind="colour"), Attribute("b", "m", "wet", negated=True)),
    relations=(Relation("r", "m", "riding", "h"), Relation("s", "m", "washing", "m"), Relation("t", "h", "near", "d")),
)


def texts(svg: str) -> list[str]:
    """The words that stand in the picture."""
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]


def test_everything_is_drawn() -> None:
    svg = draw_graph(GRAPH, title="A ride")
    assert sorted(texts(svg)) == sorted(
        ["A ride", "man", "horse", "no dog", "brown", "not wet", "riding", "washing", "near"]
    )
    assert 'fill="#8b5a2b"' in svg
    assert svg.count("<polygon") == 3
    assert svg == draw_graph(GRAPH, title="A ride")
    ids = {node.get("data-id") for node in ElementTree.fromstring(svg).iter()} - {None}
    assert ids == {element.id for element in GRAPH.elements()}


def test_nothing_is_to_be_loaded() -> None:
    svg = draw_graph(GRAPH) + draw_scene(sample_scene("train", 0, 0))
    for word in ("href", "url(", "<script", "<style", "@import"):
        assert word not in svg


@pytest.mark.parametrize("id", ["m", "d", "a", "b", "r"])
def test_masked_elements_do_not_show(id: str) -> None:
    element = GRAPH[id]
    word = getattr(element, "label", None) or getattr(element, "value", None) or getattr(element, "predicate", "")
    assert word in draw_graph(GRAPH)
    svg = draw_graph(GRAPH, masked=[id])
    assert word not in svg
    assert texts(svg).count("?") == 1


def test_a_masked_colour_does_not_show() -> None:
    assert 'fill="#8b5a2b"' not in draw_graph(GRAPH, masked=["a"])


def test_highlights_and_notes() -> None:
    svg = draw_graph(GRAPH, masked=["h"], highlight=["m", "r"], notes={"h": "horse 0.9"})
    assert "? · horse 0.9" in texts(svg)
    assert svg.count("#e11d48") == 4  # the card; the chip, the line and the head of the relation


def test_unknown_ids_are_refused() -> None:
    for marks in ({"masked": ["x"]}, {"highlight": ["x"]}, {"notes": {"x": "?"}}):
        with pytest.raises(LookupError, match="no element has the id 'x'"):
            draw_graph(GRAPH, **marks)  # type: ignore[arg-type]


def test_odd_strings_and_empty_graphs() -> None:
    odd = ["<b>&\"'", "a\nb", "\x00\x1b", "猫", "é" * 900, "]]>"]
    objects = tuple(SceneObject(f"{i} {text}", text) for i, text in enumerate(odd))
    attributes = tuple(Attribute(f"a{i}", objects[0].id, text, kind=text) for i, text in enumerate(odd))
    relations = tuple(Relation(f"r{i}", objects[i].id, text, objects[1].id) for i, text in enumerate(odd))
    ElementTree.fromstring(draw_graph(SceneGraph((), objects, attributes, relations), title=odd[0]))
    assert texts(draw_graph(SceneGraph())) == ["an empty graph"]


def test_world_scenes_are_drawn(tmp_path: Path) -> None:
    for split in ("train", "longer"):
        graph = sample_scene(split, 0, 0)
        path = tmp_path / f"{split}.svg"
        assert draw_graph(graph, path) == path.read_text(encoding="utf-8")
        shown = texts(draw_graph(graph))
        assert len(shown) == len(list(graph.elements()))
        boxes = texts(draw_scene(graph, tmp_path / "scene.svg"))
        assert sorted(boxes) == sorted(obj.label for obj in graph.objects)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["longer.svg", "scene.svg", "train.svg"]


def test_scene_marks_and_hidden_objects() -> None:
    here = (Grounding("i", Box(0, 0, 50, 50)),)
    graph = SceneGraph(
        (Source("i", "image", width=100, height=50), Source("j", "image")),
        (SceneObject("a", "dog", groundings=here), SceneObject("b", "cat", groundings=here), SceneObject("c", "bird")),
        (Attribute("x", "a", "red", kind="colour"),),
    )
    svg = draw_scene(graph, masked=["a"], highlight=["b"], title="Two pets")
    assert sorted(texts(svg)) == ["?", "Two pets", "and 1 without a box here", "cat"]
    assert "#e03131" not in svg
    assert "dog" not in svg
    assert "#e03131" in draw_scene(graph)
    assert "#e03131" not in draw_scene(graph, masked=["x"])
    with pytest.raises(LookupError, match="has a box in 'j'"):
        draw_scene(graph, source="j")
    with pytest.raises(LookupError, match="no source has the id 'k'"):
        draw_scene(graph, source="k")
    with pytest.raises(LookupError, match="has a box in any source; draw_graph needs none"):
        draw_scene(GRAPH)


def test_the_picture_lies_under_the_boxes(tmp_path: Path) -> None:
    here = (Grounding("i", Box(0, 0, 50, 50)),)
    graph = SceneGraph((Source("i", "image", width=100, height=50),), (SceneObject("a", "dog", groundings=here),))
    (tmp_path / "a.png").write_bytes(b"the bytes of a picture")
    svg = draw_scene(graph, picture=tmp_path / "a.png")
    assert f"data:image/png;base64,{base64.b64encode(b'the bytes of a picture').decode()}" in svg
    assert svg.index("<image") < svg.index("<g data-id")
    with pytest.raises(ValueError, match=r"a\.tiff is image/tiff; browsers show image/png, image/jpeg"):
        draw_scene(graph, picture=tmp_path / "a.tiff")
    with pytest.raises(FileNotFoundError):
        draw_scene(graph, picture=tmp_path / "b.png")


def test_a_picture_in_which_nothing_is_seen() -> None:
    empty = SceneGraph((Source("t", "text", text="a dog"), Source("i", "image", width=100, height=50)))
    assert texts(draw_scene(empty)) == ["no objects"]
    assert 'height="240.0"' in draw_scene(empty)
    said = SceneGraph(empty.sources, (SceneObject("a", "dog"),))
    assert texts(draw_scene(said)) == texts(draw_scene(said, source="i")) == ["and 1 without a box here"]
    with pytest.raises(LookupError, match="has a box in 't'"):
        draw_scene(said, source="t")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a"])
def test_what_is_not_svg_is_refused(name: str, tmp_path: Path) -> None:
    for draw in (draw_graph, draw_scene):
        with pytest.raises(ValueError, match=f"{name}: drawings are SVG, not .*; name it .svg"):
            draw(sample_scene("train", 0, 0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_importing_is_light() -> None:
    heavy = "torch", "networkx", "pyarrow", "matplotlib", "PIL"
    code = f"import sys, usg.draw; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_picture_may_be_an_array_or_an_image() -> None:
    graph = SceneGraph((Source("i", "image", width=4, height=2),))
    array = np.zeros((2, 4, 3), np.uint8)
    assert draw_scene(graph, picture=array) == draw_scene(graph, picture=Image.fromarray(array))
    assert "data:image/png;base64," in draw_scene(graph, picture=array)
