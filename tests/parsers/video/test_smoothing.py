"""Scores of frames to spans: the likeliest path, compared with trying all of them."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from usg.parsers.video.smoothing import SWITCH, SpanKeeper

SCORES = st.lists(st.sampled_from([0.05, 0.2, 0.4, 0.6, 0.8, 0.95]), min_size=1, max_size=10)
COST = 3 * SWITCH


def spans(scores: list[float], threshold: float = 0.5, rate: float = 8.0) -> list[tuple[int, int]]:
    keeper = SpanKeeper[str](threshold)
    for frame, score in enumerate(scores):
        keeper.update(frame / rate, 1 / rate, {"on": score}, lambda key: True)
    return sorted((round(span.start * rate), round(span.end * rate)) for _, span in keeper.finish())


def gain(path: tuple[int, ...], scores: list[float]) -> float:
    from math import log

    total, before = 0.0, path[0]
    for state, score in zip(path, scores, strict=True):
        total -= COST * (state != before)
        total += state * max(-3.0, min(3.0, log(score / (1 - score)))) / 8
        before = state
    return total


@settings(max_examples=60, deadline=None)
@given(SCORES)
def test_no_other_path_is_better(scores: list[float]) -> None:
    found = spans(scores)
    path = tuple(int(any(a <= i < b for a, b in found)) for i in range(len(scores)))
    best = max(gain(each, scores) for each in product((0, 1), repeat=len(scores)))
    assert abs(gain(path, scores) - best) < 1e-9


def test_flickers() -> None:
    on, off = [0.95], [0.05]
    assert spans(off * 3 + on * 4 + off * 5) == [(3, 7)]
    assert spans(on * 4 + off + on * 4) == [(0, 9)]
    assert spans(off * 4 + on + off * 4) == []
    assert spans(on * 4 + off * 6 + on * 4) == [(0, 4), (10, 14)]


def test_of_one_frame_what_scores_the_threshold_holds() -> None:
    assert spans([0.6], rate=25) == [(0, 1)] and spans([0.4], rate=25) == []


def test_the_threshold_is_that_of_the_scores() -> None:
    assert spans([0.7] * 8) == [(0, 8)] and spans([0.7] * 8, threshold=0.8) == []


def test_the_rate_does_not_matter() -> None:
    slow = spans([0.9] * 8 + [0.1] * 8, rate=8)
    assert slow == [(0, 8)] and spans([0.9] * 32 + [0.1] * 32, rate=32) == [(0, 32)]


def test_what_could_not_be_said_is_no_evidence() -> None:
    keeper = SpanKeeper[str](0.5)
    for frame in range(8):
        keeper.update(frame / 8, 1 / 8, {"on": 0.9} if frame not in (3, 4, 5) else {}, lambda key: False)
    assert [(span.start, span.end) for _, span in keeper.finish()] == [(0.0, 1.0)]


def test_what_is_decided_is_not_followed() -> None:
    keeper = SpanKeeper[int](0.5)
    for frame in range(2000):
        keeper.update(frame / 8, 1 / 8, {frame // 10: 0.9}, lambda key: True)
        assert len(keeper._open) <= 4
    assert len(keeper.finish()) == 200
