"""usg.world.pixels: pictures of the world's scenes and their gold graphs."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from usg.graph.region import Box, Mask
from usg.graph.rle import decode_mask
from usg.world import DEFAULT, sample_scene
from usg.world.pixels import EVEN, PICTURE_SPLITS, sample_picture
from usg.world.pixels.picture import LEAST_VISIBLE, heldout_elements, sample_stage
from usg.world.pixels.render import render, whole_box
from usg.world.pixels.stage import STAGE
from usg.world.spatial import INVERSE, SPATIAL

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())


def regions(obj):
    box, mask = (grounding.region for grounding in obj.groundings)
    assert isinstance(box, Box)
    assert isinstance(mask, Mask)
    return box, decode_mask(mask)


def blocks(image):
    """(4, 4, 3) mean colours of the sixteen parts of a picture."""
    side = len(image) // 4
    return image.reshape(4, side, 4, side, 3).mean((1, 3)).round(1)


@pytest.mark.parametrize("split", PICTURE_SPLITS)
def test_pictures_look_the_same_on_every_machine(split):
    # Means of parts and boxes to a pixel: bits may differ between versions of Pillow and NumPy.
    picture = sample_picture(split, 5, 2)
    assert np.abs(blocks(picture.image) - np.array(GOLDEN["means"][split])).max() < 1.5
    boxes = [obj.groundings[0].region.xyxy for obj in picture.graph.objects]
    assert np.abs(np.array(boxes) - np.array(GOLDEN["boxes"][split])).max() <= 1


def test_a_picture_is_made_without_those_before_it_and_twice_the_same():
    one, two = sample_picture("train", 0, 9), sample_picture("train", 0, 9)
    assert np.array_equal(one.image, two.image)
    assert one.graph == two.graph
    others = (sample_picture("train", 0, 10), sample_picture("train", 1, 9), sample_picture("val", 0, 9))
    assert not any(np.array_equal(one.image, other.image) for other in others)


@pytest.mark.parametrize("split", ["train", "compose", "longer"])
def test_a_picture_shows_the_scene_of_the_same_index(split):
    for index in range(15):
        scene, graph = sample_scene(split, 3, index), sample_picture(split, 3, index).graph
        for obj in graph.objects:
            assert scene.object(obj.id).label == obj.label
        said = {a.id: (a.object, a.kind, a.value) for a in scene.attributes}
        for a in graph.attributes:
            if a.kind != "state":
                assert said[a.id] == (a.object, a.kind, a.value)
        there = {obj.id for obj in graph.objects}
        structure = [
            (r.subject, r.predicate, r.object)
            for r in scene.relations
            if r.predicate in DEFAULT.roles and {r.subject, r.object} <= there
        ]
        assert structure == [
            (r.subject, r.predicate, r.object) for r in graph.relations if r.predicate in DEFAULT.roles
        ]


@pytest.mark.parametrize("side", [96, 128, 200])
def test_boxes_are_those_of_the_masks_and_masks_do_not_overlap(side):
    for index in range(8):
        graph = sample_picture("train", 1, index, side=side).graph
        shown = np.zeros((side, side), int)
        for obj in graph.objects:
            box, mask = regions(obj)
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            assert box.xyxy == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            shown += mask
            x0, y0, x1, y1 = graph.metadata["amodal"][obj.id]
            assert x0 - 1 <= box.x0 < box.x1 <= x1 + 1
            assert y0 - 1 <= box.y0 < box.y1 <= y1 + 1
            assert LEAST_VISIBLE <= graph.metadata["visibility"][obj.id] <= 1
        assert shown.max() <= 1


def test_visibility_is_the_share_of_the_thing_drawn_alone():
    for index in range(6):
        _, stage = sample_stage("longer", 2, index)
        whole = render(stage, 128)
        for i, actor in enumerate(stage.actors):
            seen = whole.visible(i)
            assert not (seen & ~whole.whole[i]).any()
            assert 0 <= whole.visibility(i) <= 1
            box = whole_box(actor, 1.0)
            rows, columns = np.flatnonzero(whole.whole[i].any(1)), np.flatnonzero(whole.whole[i].any(0))
            assert abs(max(0, box.x0) - columns[0]) <= 2.5
            assert abs(min(128, box.y1) - rows[-1] - 1) <= 2.5


def test_nothing_is_thinner_than_twelve_pixels_and_nearly_everything_is_seen():
    lost = things = 0
    for index in range(60):
        _, stage = sample_stage("train", 4, index)
        things += len(stage.actors)
        lost += len(stage.actors) - len(sample_picture("train", 4, index).graph.objects)
        for actor in stage.actors:
            assert min(actor.width, actor.height) >= 12
    assert lost < 0.03 * things


def test_contained_things_stick_out():
    found = 0
    for index in range(150):
        _, stage = sample_stage("train", 6, index, EVEN)
        inside = [actor for actor in stage.actors if actor.role == "in"]
        if not inside:
            continue
        drawing = render(stage, 128)
        place = {actor.index: i for i, actor in enumerate(stage.actors)}
        for actor in inside:
            found += 1
            i, parent = place[actor.index], place[actor.parent]
            whole = drawing.whole[i]
            box = whole_box(actor, 1.0)
            assert box.x1 > stage.actors[parent].box.x0
            assert stage.actors[parent].box.x1 > box.x0
            above = np.arange(128)[:, None] + 0.5 < (actor.clip or STAGE)
            assert (whole & above).sum() >= 0.45 * whole.sum(), (index, actor.label)
    assert found > 20


def test_colours_are_those_that_the_words_say():
    """The median pixel of a plain thing is nearer to its own colour than to most others."""
    from usg.world.pixels.looks import ORDINARY

    names = list(ORDINARY.colours)
    palette = np.array([ORDINARY.colours[name] for name in names], float)
    right = total = 0
    for index in range(40):
        picture = sample_picture("iid", 2, index, priors=EVEN)
        for obj in picture.graph.objects:
            values = {a.kind: a.value for a in picture.graph.attributes_of(obj.id)}
            if values["texture"] != "plain" or obj.label in ("person", "flower", "bicycle", "boat", "book", "bed"):
                continue
            _, mask = regions(obj)
            pixel = np.median(picture.image[mask].astype(float), axis=0)
            total += 1
            right += names[int(np.abs(palette - pixel).sum(1).argmin())] == values["colour"]
    assert total > 15
    assert right > 0.75 * total


def test_what_a_picture_says_of_size_is_seen():
    """Of two things of a category on one line of the floor, the one called larger is."""
    for index in range(60):
        _, stage = sample_stage("train", 8, index)
        facts, _ = sample_stage("train", 8, index)
        for a in stage.actors:
            for b in stage.actors:
                if a.label == b.label and a.sprite == b.sprite and facts.sizes[a.index] > facts.sizes[b.index]:
                    assert a.width > b.width


def test_riders_look_ahead():
    found = 0
    for index in range(60):
        _, stage = sample_stage("train", 12, index, EVEN)
        actors = {actor.index: actor for actor in stage.actors}
        for actor in stage.actors:
            if actor.role == "riding":
                found += 1
                assert actor.flip == actors[actor.parent].flip
    assert found > 3


def test_style_shows_the_scenes_of_iid_in_another_look():
    for index in range(10):
        one, two = sample_picture("iid", 0, index), sample_picture("style", 0, index)
        assert [a.box for a in one.stage.actors] == [a.box for a in two.stage.actors]
        assert one.graph.triples == two.graph.triples
        assert np.abs(one.image.astype(int) - two.image).mean() > 8
        ordinary = {a.paint.pattern for a in one.stage.actors if a.paint.pattern != "plain"}
        assert ordinary.isdisjoint(a.paint.pattern for a in two.stage.actors)
        assert one.stage.backdrop != two.stage.backdrop


def test_held_out_combinations_are_marked_and_only_in_compose():
    kinds = Counter()
    for index in range(40):
        for split in ("train", "iid", "longer"):
            graph = sample_picture(split, 9, index, priors=EVEN).graph
            assert heldout_elements(graph) == {"objects": [], "relations": []}
        graph = sample_picture("compose", 9, index).graph
        marked = graph.metadata.get("heldout", {"objects": [], "relations": []})
        kinds.update({kind: len(ids) for kind, ids in marked.items()})
        for name in marked["objects"]:
            colour = next(a.value for a in graph.attributes_of(name) if a.kind == "colour")
            pair = (DEFAULT.labels.index(graph.object(name).label), DEFAULT.colours.index(colour))
            assert pair in DEFAULT.heldout_sets[0]
    assert kinds["objects"] > 20
    assert kinds["relations"] > 5


def test_even_looks_are_even_and_structure_is_more_frequent():
    def counts(priors):
        seen = Counter()
        for index in range(120):
            facts, _ = sample_stage("train", 1, index, priors)
            seen["objects"] += len(facts.labels)
            seen["structure"] += sum(parent >= 0 for parent in facts.parents)
            seen.update(f"texture {code}" for code in facts.textures)
        return seen

    even, natural = counts(EVEN), counts(DEFAULT)
    shares = [even[f"texture {code}"] / even["objects"] for code in range(5)]
    assert max(shares) < 0.26
    assert even["structure"] > 1.2 * natural["structure"]


@pytest.mark.parametrize("split", ["iid", "longer"])
def test_spatial_relations_come_in_pairs_and_not_between_joined_things(split):
    for index in range(10):
        graph = sample_picture(split, 0, index).graph
        triples = {(r.subject, r.predicate, r.object) for r in graph.relations}
        assert len(triples) == len(graph.relations)
        joined = {frozenset((r.subject, r.object)) for r in graph.relations if r.predicate in DEFAULT.roles}
        for subject, predicate, other in triples:
            if predicate in SPATIAL:
                assert (other, INVERSE[predicate], subject) in triples
                assert frozenset((subject, other)) not in joined


def test_wrong_use_is_told():
    with pytest.raises(LookupError, match="did you mean 'style'"):
        sample_picture("stile", 0, 0)
    with pytest.raises(ValueError, match="must not be negative"):
        sample_picture("train", 0, -1)
    with pytest.raises(ValueError, match="side is 8 pixels"):
        sample_picture("train", 0, 0, side=8)
