"""IDF1 and HOTA by hand, beside brute force, and what they do not depend on."""

from itertools import permutations

import numpy as np
import pytest
from small_films import film, track

from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.video_graph.film import FilmOverlap
from usg.metrics.video_graph.scores import score_films
from usg.metrics.video_graph.tracking import ALPHAS, film_tracks, tracking_figures


def figures(*films: FilmOverlap) -> dict[str, float]:
    found = tracking_figures([film_tracks(each) for each in films])
    return {name: float(figure(np.ones((1, len(films))))[0]) for name, figure in found.items()}


def exact(gold: list[list[int]], said: list[list[int]]) -> FilmOverlap:
    """A film in which boxes overlap wholly or not at all: in each frame the place of each object, -1 for none."""
    one, two = np.array(said), np.array(gold)
    both = (one[:, :, None] == two[:, None, :]) & (one[:, :, None] >= 0)
    return FilmOverlap(np.arange(len(two)), both * 4.0, (one >= 0) * 4.0, (two >= 0) * 4.0)


def test_a_track_that_breaks_in_two() -> None:
    # One gold track of 10 frames; predicted as a track of frames 0-5 and another of 6-9.
    values = figures(exact([[0]] * 10, [[0, -1]] * 6 + [[-1, 0]] * 4))
    # One of the two is assigned: IDTP = 6, 10 predicted and 10 gold boxes.
    assert values["idf1"] == pytest.approx(2 * 6 / (10 + 10))
    # Every box is found. AssA: 6 matches of 6 / (6 + 10 - 6), 4 of 4 / (4 + 10 - 4), over 10.
    assert values["deta"] == 1
    assert values["assa"] == pytest.approx((6 * 0.6 + 4 * 0.4) / 10)
    assert values["hota"] == pytest.approx((0.52) ** 0.5)


def test_two_tracks_that_change_places() -> None:
    # Both gold tracks have 4 frames; the predicted ones change places after the third.
    values = figures(exact([[0, 1]] * 4, [[0, 1]] * 3 + [[1, 0]]))
    assert values["idf1"] == pytest.approx(2 * (3 + 3) / (8 + 8))
    # 6 matches of 3 / (4 + 4 - 3), 2 of 1 / (4 + 4 - 1), over 8.
    assert values["assa"] == pytest.approx((6 * 3 / 5 + 2 * 1 / 7) / 8)


def test_misses_and_false_tracks() -> None:
    # Gold 4 boxes, of which 3 are predicted, and 2 boxes that are nothing.
    values = figures(exact([[0]] * 4, [[0, 9], [0, 9], [0, -1], [-1, -1]]))
    assert values["idf1"] == pytest.approx(2 * 3 / (5 + 4))
    assert values["deta"] == pytest.approx(3 / (3 + 1 + 2))
    assert values["assa"] == pytest.approx(3 / (3 + 4 - 3))


def test_thresholds_of_hota() -> None:
    # One box that overlaps by 0.5 in every frame: it is matched at 0.05, ..., 0.5, 10 of 19 thresholds.
    ones = np.full((5, 1, 1), 4.0)
    half = FilmOverlap(np.arange(5), ones, ones[:, :, 0] * 1.5, ones[:, :, 0] * 1.5)
    assert half.iou.ravel() == pytest.approx(0.5)
    values = figures(half)
    assert values["hota"] == values["deta"] == values["assa"] == pytest.approx(10 / len(ALPHAS))
    assert values["idf1"] == 1


def test_films_are_pooled() -> None:
    good, bad = exact([[0]] * 6, [[0]] * 6), exact([[0]] * 2, [[-1]] * 2)
    values = figures(good, bad)
    assert values["idf1"] == pytest.approx(2 * 6 / (6 + 8))
    # TP 6, FN 2; AssA weighted by TP: 1.
    assert values["hota"] == pytest.approx((6 / 8) ** 0.5)


def test_no_prediction_is_zero_and_no_gold_is_nothing() -> None:
    assert set(figures(exact([[0]] * 3, [[-1]] * 3)).values()) == {0.0}
    assert figures(exact([[-1]] * 3, [[0]] * 3)) == {}


@pytest.mark.parametrize("seed", range(5))
def test_idf1_is_the_best_assignment(seed: int) -> None:
    generator = np.random.default_rng(seed)
    gold, said = generator.integers(-1, 4, (8, 3)), generator.integers(-1, 4, (8, 3))
    overlap = exact(gold.tolist(), said.tolist())
    frames = (overlap.iou >= 0.5).sum(0)
    best = max(sum(frames[p, order[p]] for p in range(3)) for order in permutations(range(3)))
    assert film_tracks(overlap).identity[0] == best


def test_unsure_tracks_are_left_out_and_labels_do_not_matter() -> None:
    gold = film({"a": ("cat", track((0, 0, 9, 9), range(4)))}, [])
    said = film({"a": ("dog", track((0, 0, 9, 9), range(4))), "b": ("dog", track((0, 0, 9, 9), range(4)))}, [])
    unsure = scene_of(said, "video")
    things = (unsure.things[0], type(unsure.things[1])("b", "dog", unsure.things[1].regions, score=0.1))
    predicted = type(unsure)("said", things, source=unsure.source)
    values = score_films([predicted], [scene_of(gold, "video")], preset("usg-film")).values()
    assert values["idf1"] == values["hota"] == 1
    assert values["class_accuracy"] == 0 and values["map50"] == 0
