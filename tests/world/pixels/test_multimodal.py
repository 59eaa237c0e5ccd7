"""usg.world.pixels.multimodal: one scene in three media that overlap, linked by one graph."""

import numpy as np
import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.graph.elements import Attribute, Grounding, SceneObject
from usg.graph.region import Box, Mask, TextSpan, Track
from usg.graph.scene_graph import SceneGraph
from usg.world.cli import main
from usg.world.pixels.even import LIVELY
from usg.world.pixels.multimodal import MEDIA, sample_multimodal
from usg.world.pixels.sheet import contact_sheet
from usg.world.pixels.views import unite, view

KINDS = {"text": (TextSpan,), "image": (Box, Mask), "video": (Track, Track)}


def test_media_overlap_but_are_not_equal():
    different = together = 0
    for index in range(20):
        graph = sample_multimodal("train", 0, index, side=64).graph
        views = {medium: set(graph.metadata["views"][medium]) for medium in MEDIA}
        assert set.union(*views.values()) == {obj.id for obj in graph.objects}
        together += bool(set.intersection(*views.values()))
        different += len({frozenset(names) for names in views.values()}) == 3
    assert together >= 17
    assert different >= 17


def test_every_grounding_is_of_its_medium_and_says_the_same_thing():
    for index in range(8):
        made = sample_multimodal("iid", 1, index, priors=LIVELY)
        graph = made.graph
        for obj in graph.objects:
            for grounding in obj.groundings:
                assert isinstance(grounding.region, KINDS[grounding.source])
                if grounding.source == "text":
                    assert grounding.region.quote(made.text) == obj.label
        for a in graph.attributes:
            for grounding in a.groundings:
                if grounding.source == "text":
                    assert grounding.region.quote(made.text) == a.value
        for r in graph.relations:
            for grounding in r.groundings:
                if grounding.source == "text":
                    assert grounding.region.quote(made.text) == r.predicate


def test_a_view_is_what_its_medium_shows():
    made = sample_multimodal("train", 2, 3)
    for medium in MEDIA:
        seen = view(made.graph, medium)
        assert [source.id for source in seen.sources] == [medium]
        assert {obj.id for obj in seen.objects} == set(made.graph.metadata["views"][medium])
        for element in seen.elements():
            assert element.groundings
            assert {grounding.source for grounding in element.groundings} == {medium}
    with pytest.raises(LookupError):
        view(made.graph, "sound")


def test_picture_and_film_show_their_things_in_one_place():
    """What both show and nothing moves has the same box, to the pixels that something else hides."""
    equal = compared = 0
    for index in range(12):
        graph = sample_multimodal("train", 4, index).graph
        for obj in graph.objects:
            boxes = [g.region for g in obj.groundings if isinstance(g.region, Box)]
            tracks = [g.region for g in obj.groundings if isinstance(g.region, Track)]
            if boxes and tracks and tracks[0].points[0].frame == 0:
                compared += 1
                equal += boxes[0] == tracks[0].points[0].region
    assert compared > 20
    assert equal > 0.6 * compared


def test_events_keep_their_times():
    found = 0
    for index in range(10):
        graph = sample_multimodal("train", 5, index, side=64, priors=LIVELY).graph
        for name in graph.metadata["events"]:
            found += 1
            assert graph[name].time is not None
            assert {grounding.source for grounding in graph[name].groundings} == {"video"}
    assert found > 3


def test_three_media_are_written_beside_their_graphs(tmp_path, capsys):
    folder, sheet = tmp_path / "world", tmp_path / "sheet.png"
    words = ["multimodal", "-n", "2", "-o", str(folder), "--format", "png", "--side", "64", "--sheet", str(sheet)]
    assert main(words) == 0
    with Image.open(sheet) as image:
        assert image.width == 6 * 164 - 4
    assert contact_sheet(folder, sheet) == 2
    assert "2 scenes of the split train" in capsys.readouterr().out
    for index, graph in enumerate(Corpus(folder)):
        made = sample_multimodal("train", 0, index, side=64)
        uris = {source.id: folder / source.uri for source in graph.sources}
        assert uris["text"].read_text() == made.text + "\n"
        with Image.open(uris["image"]) as image:
            assert np.array_equal(np.asarray(image), made.image)
        assert len(list(uris["video"].iterdir())) == len(made.video)
        assert graph.objects == made.graph.objects


def test_united_graphs_share_nodes():
    here = (Grounding("a"),), (Grounding("b"),)
    graphs = [
        SceneGraph(
            sources=sources,
            objects=(SceneObject("o0", "cup", groundings=where),),
            attributes=(Attribute("x", "o0", "red", kind="colour", groundings=where),),
        )
        for sources, where in zip(_sources(), here, strict=True)
    ]
    both = unite(graphs, {})
    assert both.objects == (SceneObject("o0", "cup", groundings=(Grounding("a"), Grounding("b"))),)
    assert len(both.attributes) == 1
    with pytest.raises(ValueError, match="'cup' in one graph and a 'hat'"):
        unite([graphs[0], SceneGraph(objects=(SceneObject("o0", "hat"),))], {})


def _sources():
    from usg.graph.elements import Source

    return (Source("a", "image"),), (Source("b", "image"),)
