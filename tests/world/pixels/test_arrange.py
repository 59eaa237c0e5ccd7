"""usg.world.pixels.arrange: the text scene's order, made visible."""

from itertools import combinations

from usg.world import DEFAULT
from usg.world.draw import NO_PARENT
from usg.world.pixels.arrange import worst_hidden
from usg.world.pixels.picture import plan, sample_stage
from usg.world.pixels.stage import STAGE, layers


def stages(n, split="train"):
    for index in range(n):
        yield plan(split, 17, index), *sample_stage(split, 17, index)


def test_roots_stand_in_the_order_of_the_text_scene():
    kept = pairs = near = depths = 0
    for drawn, facts, stage in stages(80):
        roots = [i for i, parent in enumerate(facts.parents) if parent == NO_PARENT]
        for i, j in combinations(roots, 2):
            pairs += 1
            kept += (drawn.positions.x[i] < drawn.positions.x[j]) == (stage.actors[i].x < stage.actors[j].x)
            if stage.actors[i].on_ground and stage.actors[j].on_ground:
                depths += 1
                lower = stage.actors[i].foot > stage.actors[j].foot
                near += (drawn.positions.depth[i] < drawn.positions.depth[j]) == lower
    # Not always: what is wide or tall is shifted into the frame.
    assert kept > 0.9 * pairs
    assert near > 0.95 * depths


def test_little_is_hidden():
    shares = [worst_hidden(stage.actors) for _, _, stage in stages(80)]
    assert sum(share <= 0.35 for share in shares) > 0.7 * len(shares)


def test_everything_starts_inside_the_picture():
    for _, _, stage in stages(60, "longer"):
        for actor in stage.actors:
            assert 0 < actor.x < STAGE
            if actor.on_ground:
                assert stage.horizon * STAGE < actor.foot <= STAGE


def test_contents_are_painted_between_the_back_and_the_front_of_what_holds_them():
    checked = 0
    for index in range(60):
        _, stage = sample_stage("compose", 17, index, DEFAULT)
        order = [(layer.actor.index, layer.first) for layer in layers(stage.actors)]
        for actor in stage.actors:
            if actor.role == "in" and stage.actors[actor.parent].sprite.front:
                checked += 1
                places = [k for k, (index, _) in enumerate(order) if index == actor.parent]
                own = [k for k, (index, _) in enumerate(order) if index == actor.index]
                assert len(places) == 2
                assert places[0] < own[0] <= own[-1] < places[1]
    assert checked > 5


def test_far_things_are_painted_first():
    for _, _, stage in stages(20):
        roots = [layer.actor.depth for layer in layers(stage.actors) if layer.actor.parent == NO_PARENT]
        assert roots == sorted(roots)
