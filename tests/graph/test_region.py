"""Regions: conventions, and what they refuse."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import boxes, masks, text_spans, time_spans, tracks

from usg.graph import Box, Mask, TextSpan, TimeSpan, Track, TrackPoint
from usg.graph.serialize_region import region_from_dict, region_to_dict


@given(boxes() | masks | text_spans(9) | time_spans() | tracks())
def test_regions_are_values(region: Any) -> None:
    assert region_from_dict(region_to_dict(region)) == region
    assert pickle.loads(pickle.dumps(region)) == region
    assert hash(region_from_dict(region_to_dict(region))) == hash(region)


def test_measures() -> None:
    assert Box(1, 2, 4, 4).area == 6.0
    assert Box(1, 2, 4, 4).xyxy == (1, 2, 4, 4)
    span = TextSpan(((0, 3), (8, 10)))
    assert (span.start, span.end) == (0, 10)
    assert span.quote("the red dog") == "the do"
    assert TextSpan(((2, 3),)).quote("a 𝄞 é") == "𝄞"
    assert Track((TrackPoint(1, 0.5, Box(0, 0, 1, 1)), TrackPoint(9, 4.5, Box(0, 0, 1, 1)))).time == (0.5, 4.5)


@given(st.floats(1e308, 1.7e308))
def test_a_huge_box_is_finite(x: float) -> None:
    assert Box(0, 0, x, x).x1 == x


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box(0, 0, float("inf"), 1), "not finite"),
        (lambda: Box(0, float("nan"), 1, 1), "not finite"),
        (lambda: Box(0, 2, 1, 1), "inverted; expected x0 <= x1 and y0 <= y1"),
        (lambda: Box(0, 0, True, 1), "Box x1 is True, expected a number"),
        (lambda: Box(0, 0, None, 1), "Box x1 is None, expected a number"),
        (lambda: TextSpan(()), "without any"),
        (lambda: TextSpan(((0, 0),)), "not ascending, non-empty"),
        (lambda: TextSpan(((-1, 2),)), "not ascending, non-empty"),
        (lambda: TextSpan(((4, 6), (5, 7))), "not ascending, non-empty"),
        (lambda: TextSpan(((0.5, 2),)), "not pairs of whole numbers"),
        (lambda: TextSpan("ab"), "not pairs of whole numbers"),
        (lambda: TimeSpan(2, 1), "not finite and ascending"),
        (lambda: TimeSpan(0, float("inf")), "not finite and ascending"),
        (lambda: Mask(0, 4, ""), "mask of 0 x 4 pixels; both must be positive"),
        (lambda: Mask(4, 2.5, ""), "both must be whole numbers"),
        (lambda: Mask(4, 4, b"abc"), "mask counts are bytes"),
        (lambda: Track(()), "track without points"),
        (lambda: Track((Box(0, 0, 1, 1),)), "track points are Box, expected TrackPoint"),
        (lambda: TrackPoint(-1, 0.0, Box(0, 0, 1, 1)), "expected frame >= 0"),
        (lambda: TrackPoint(1.5, 0.0, Box(0, 0, 1, 1)), "expected a whole number"),
        (lambda: TrackPoint(1, 0.0, TextSpan(((0, 1),))), "TextSpan, expected Box or Mask"),
    ],
)
def test_what_is_no_region(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as error:
        make()
    assert message in str(error.value)


def test_region_from_dict_says_what_it_expected() -> None:
    with pytest.raises(ValueError, match="region: unknown key 'boxes', did you mean 'box'"):
        region_from_dict({"boxes": [0, 0, 1, 1]})
