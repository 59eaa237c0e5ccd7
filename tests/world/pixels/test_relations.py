"""usg.world.pixels.relations: what the gold graph says can be read again from boxes and masks alone."""

from collections import Counter

import numpy as np
import pytest

from usg.graph.region import Box
from usg.graph.rle import decode_mask
from usg.world import DEFAULT
from usg.world.pixels import EVEN, sample_picture
from usg.world.pixels.looks import ORDINARY
from usg.world.pixels.poses import SPRITES
from usg.world.pixels.relations import Seen, spatial, structural
from usg.world.pixels.stage import Actor, Paint
from usg.world.tables import BIGGER_RATIO

PLAIN = Paint((200.0, 0.0, 0.0), "plain", 0.0)


def seen(index, box, foot, visibility=1.0, parent=-1, role="", flies=False):
    actor = Actor(index, "ball", SPRITES["ball"][""][0], PLAIN, 0, 0, 1, 1, 0.0, parent=parent, role=role, flies=flies)
    return Seen(actor, Box(*box), visibility, foot)


def between(one, two, covers=None):
    return {(i, p) for i, p, j in spatial([one, two], covers or {})}


def test_left_of_needs_boxes_apart():
    apart = between(seen(0, (0.1, 0.5, 0.2, 0.6), 0.6), seen(1, (0.5, 0.5, 0.6, 0.6), 0.6))
    assert (0, "left of") in apart
    assert (1, "right of") in apart
    assert not between(seen(0, (0.1, 0.5, 0.5, 0.6), 0.6), seen(1, (0.2, 0.5, 0.55, 0.6), 0.6)) & {
        (0, "left of"),
        (1, "left of"),
    }


def test_what_stands_lower_is_in_front_where_the_boxes_overlap():
    far, near = (0.3, 0.4, 0.5, 0.6), (0.4, 0.6, 0.6, 0.8)
    assert (1, "in front of") in between(seen(0, far, 0.6), seen(1, near, 0.8))
    beside = (0.7, 0.6, 0.9, 0.8)
    assert not {(1, "in front of"), (0, "in front of")} & between(seen(0, far, 0.6), seen(1, beside, 0.8))


def test_what_covers_is_in_front_wherever_it_stands():
    kite, tree = seen(0, (0.3, 0.1, 0.5, 0.3), 0.3, flies=True), seen(1, (0.3, 0.2, 0.5, 0.8), 0.8)
    assert (0, "in front of") in between(kite, tree, {(0, 1): 0.2})
    assert (1, "in front of") in between(kite, tree, {(1, 0): 0.2})
    assert not {(0, "in front of"), (0, "behind")} & between(kite, tree, {(1, 0): 0.05})


def test_above_is_not_said_of_what_stands_farther_away():
    high, low = (0.3, 0.1, 0.5, 0.3), (0.3, 0.5, 0.5, 0.8)
    assert (0, "above") in between(seen(0, high, 0.3, flies=True), seen(1, low, 0.8))
    assert (0, "above") not in between(seen(0, high, 0.3), seen(1, low, 0.8))


def test_next_to_needs_the_same_ground():
    left, right = (0.3, 0.5, 0.45, 0.7), (0.47, 0.5, 0.6, 0.7)
    assert (0, "next to") in between(seen(0, left, 0.7), seen(1, right, 0.7))
    assert (0, "next to") not in between(seen(0, left, 0.7), seen(1, right, 0.7, parent=5, role="on"))
    on = {"parent": 5, "role": "on"}
    assert (0, "next to") in between(seen(0, left, 0.7, **on), seen(1, right, 0.7, **on))


def test_sizes_are_compared_only_of_what_is_mostly_seen():
    small, large = (0.1, 0.5, 0.2, 0.6), (0.5, 0.5, 0.7, 0.7)
    assert (1, "bigger than") in between(seen(0, small, 0.6), seen(1, large, 0.7))
    assert (1, "bigger than") not in between(seen(0, small, 0.6, visibility=0.5), seen(1, large, 0.7))


def test_parents_that_hold_and_wear_are_subjects():
    held = Actor(1, "cup", SPRITES["cup"]["full"][0], PLAIN, 0, 0, 1, 1, 0.0, parent=0, role="holding")
    person = Actor(0, "person", SPRITES["person"][""][0], PLAIN, 0, 0, 1, 1, 0.0)
    rider = Actor(2, "person", SPRITES["person"]["seated"][0], PLAIN, 0, 0, 1, 1, 0.0, parent=3, role="riding")
    assert structural([person, held, rider]) == [(0, "holding", 1)]


@pytest.mark.parametrize("split", ["train", "longer"])
def test_gold_relations_agree_with_the_masks(split):
    """Each predicate is checked against the visible masks by a rule of this test's own."""
    seen_predicates = Counter()
    for index in range(60):
        graph = sample_picture(split, 11, index, priors=EVEN).graph
        masks = {obj.id: decode_mask(obj.groundings[1].region) for obj in graph.objects}
        rows = {name: np.flatnonzero(mask.any(1)) for name, mask in masks.items()}
        columns = {name: np.flatnonzero(mask.any(0)) for name, mask in masks.items()}
        for r in graph.relations:
            seen_predicates[r.predicate] += 1
            (ys, xs), (yo, xo) = (rows[r.subject], columns[r.subject]), (rows[r.object], columns[r.object])
            if r.predicate == "left of":
                assert xs.mean() < xo.mean() + 1
                assert xs[-1] <= (xo[0] + xo[-1]) / 2 + 1
            elif r.predicate == "above":
                assert ys[-1] < yo[0]
            elif r.predicate == "bigger than":
                spans = [(y[-1] - y[0] + 1) * (x[-1] - x[0] + 1) for y, x in ((ys, xs), (yo, xo))]
                assert spans[0] >= 0.999 * BIGGER_RATIO**2 * spans[1]
            elif r.predicate == "in front of":
                # Nearer to the viewer: it stands lower, or hides a part of where the other is.
                one, two = (graph.metadata["amodal"][name] for name in (r.subject, r.object))
                x0, y0, x1, y1 = (max(0, round(value)) for value in two)
                assert one[3] > two[3] or masks[r.subject][y0:y1, x0:x1].any(), (index, r)
            elif r.predicate == "next to":
                assert max(xs[0], xo[0]) - min(xs[-1], xo[-1]) <= 11
            elif r.predicate in DEFAULT.roles:
                # Joined things touch, but where something hides the place: the boxes of the whole things meet.
                one, two = (graph.metadata["amodal"][name] for name in (r.subject, r.object))
                hats = sum(q.predicate == "wearing" and q.subject == r.subject for q in graph.relations)
                assert max(one[0], two[0]) - min(one[2], two[2]) <= 1, (index, r)
                assert max(one[1], two[1]) - min(one[3], two[3]) <= 1 or hats > 1, (index, r)
                if r.predicate in ("on", "sitting on", "riding") and graph.metadata["visibility"][r.subject] > 0.95:
                    assert ys[0] <= yo[-1], (index, r)
                if r.predicate == "in":
                    assert ys[0] < yo[-1]
    assert {"left of", "above", "in front of", "next to", "bigger than", "on", "in", "holding"} <= set(seen_predicates)


def test_every_colour_has_a_shade():
    assert set(ORDINARY.colours) == set(DEFAULT.colours)
