"""Places: nothing overlaps, lines keep off the cards, and the picture is where the boxes are."""

import numpy as np
import pytest

from usg.draw.layout import place
from usg.draw.route import crossings, curves, hits, own_bodies


def random_case(seed: int, cards: int, relations: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    sizes = np.concatenate(
        [random.uniform((40, 34), (210, 110), (cards, 2)), random.uniform((30, 19), (110, 19.1), (relations, 2))]
    )
    return sizes, random.integers(0, cards, (relations, 2)), random


def overlaps(centres: np.ndarray, sizes: np.ndarray) -> int:
    left, right = np.triu_indices(len(centres), 1)
    room = np.abs(centres[left] - centres[right]) - (sizes[left] + sizes[right]) / 2
    return int((room < 0).all(1).sum())


@pytest.mark.parametrize(("seed", "cards", "relations"), [(0, 1, 0), (1, 2, 4), (2, 5, 6), (3, 12, 0), (4, 12, 12)])
@pytest.mark.parametrize("pinned", [False, True])
def test_nothing_overlaps(seed: int, cards: int, relations: int, pinned: bool) -> None:
    sizes, ends, random = random_case(seed, cards, relations)
    anchors = random.uniform(0, 1, (cards, 2)) if pinned else None
    centres = place(sizes, ends, anchors)
    assert centres.shape == sizes.shape
    assert np.isfinite(centres).all()
    assert overlaps(centres, sizes) == 0


def test_the_same_input_gives_the_same_places() -> None:
    sizes, ends, _ = random_case(7, 4, 3)
    np.testing.assert_array_equal(place(sizes, ends), place(sizes, ends))


def test_equal_places_are_spread() -> None:
    sizes, ends, _ = random_case(5, 8, 7)
    centres = place(sizes, ends, np.full((8, 2), 0.5))
    assert overlaps(centres, sizes) == 0


def test_cards_without_a_place_join_their_neighbours() -> None:
    sizes, _, _ = random_case(6, 3, 1)
    anchors = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]])
    centres = place(sizes, np.array([[2, 1]]), anchors)
    assert np.linalg.norm(centres[2] - centres[1]) < np.linalg.norm(centres[2] - centres[0])


def test_places_follow_the_boxes() -> None:
    sizes = np.full((4, 2), (90.0, 50.0))
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    centres = place(sizes, np.zeros((0, 2), dtype=np.int64), corners)
    assert (np.sign(centres - centres.mean(0)) == np.sign(corners - 0.5)).all()


def test_a_line_goes_around_a_card() -> None:
    # Three cards in a row and a relation between the outer two.
    sizes = np.array([[100.0, 40.0]] * 3 + [[60.0, 19.0]])
    ends = np.array([[0, 2]])
    centres = place(sizes, ends, np.array([[0.0, 0.5], [0.5, 0.5], [1.0, 0.5]]))
    assert hits(curves(centres, ends, centres[3:]), centres, sizes, own_bodies(ends, 3))[0] == 0


def test_curves_pass_their_labels_and_cross() -> None:
    centres = np.array([[0.0, 0.0], [100.0, 100.0], [0.0, 90.0], [100.0, 0.0]])
    ends, labels = np.array([[0, 1], [2, 3], [0, 0]]), np.array([[50.0, 50.0], [40.0, 60.0], [-60.0, 0.0]])
    points = curves(centres, ends, labels)
    np.testing.assert_allclose(points[:, 12], labels, atol=1e-9)
    np.testing.assert_allclose(points[:, 0], centres[ends[:, 0]])
    np.testing.assert_allclose(points[:, -1], centres[ends[:, 1]], atol=1e-9)
    assert crossings(points[:2]) == 1
    assert crossings(points[[0, 2]]) == 0
