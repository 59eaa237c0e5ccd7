"""Presets that name words of the procedural world name those that it has."""

from usg.metrics.scene_graph.presets import preset
from usg.world import tables
from usg.world.pixels.events import EVENTS


def test_words_of_the_world() -> None:
    assert preset("usg-events").events == EVENTS
    salient = set(preset("usg-salient").predicates)
    assert salient == {*(role for role, *_ in tables.STRUCTURE), "in front of", "behind"}


def test_they_differ_from_the_whole_in_these_words_alone() -> None:
    for part, whole, switch in (("usg-salient", "usg", "predicates"), ("usg-events", "usg-film", "events")):
        one, two = preset(part).switches(), preset(whole).switches()
        assert {name for name in one if one[name] != two[name]} == {"name", "follows", switch}
