"""Of a graph of several media only what the picture, or the film, shows is scored."""

from usg.metrics.scene_graph.scene import scene_of
from usg.world.pixels import sample_multimodal
from usg.world.pixels.views import view


def test_a_medium_is_scored_as_if_it_were_alone() -> None:
    less = 0
    for index in range(5):
        graph = sample_multimodal("iid", 0, index).graph
        for medium in ("image", "video"):
            scene, alone = scene_of(graph, medium), scene_of(view(graph, medium), medium)
            assert (scene.things, scene.links, scene.happenings) == (alone.things, alone.links, alone.happenings)
            less += len(graph.relations) - len(scene.links)
    assert less > 10
