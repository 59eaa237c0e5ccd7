"""Quantities that the training graphs leave out."""

from __future__ import annotations

import pytest
from small_factual import pieces_of, reading

from usg.parsers.text.quantities import quantity


@pytest.mark.parametrize(
    ("text", "thing", "wanted"),
    [
        ("a pair of dogs", "dogs", "2: pair of"),
        ("a couple of big dogs", "dogs", "2: couple of"),
        ("a dozen of eggs", "eggs", "12: dozen of"),
        ("a lot of trees", "trees", "many: lot of"),
        ("lots of trees", "trees", "many: lots of"),
        ("several dogs", "dogs", "several: several"),
        ("several big dogs", "dogs", "several: several"),
        ("a group of the dogs", "dogs", "group of: group of"),
        ("a pair of shorts", "shorts", None),
        ("a pair of big shorts", "shorts", None),
        ("a dog", "dog", None),
        ("dogs", "dogs", None),
        ("a bowl of eggs", "eggs", None),
        ("many cats near dogs", "dogs", None),
        ("many cats and dogs", "dogs", None),
        ("of dogs", "dogs", None),
    ],
)
def test_known_quantities(text: str, thing: str, wanted: str | None) -> None:
    [piece] = pieces_of(text)
    spans = [word for word in text.split() if word in ("big", "cats", "bowl", thing)]
    read = reading(piece, spans, *[(thing, "is", "big")] * ("big" in spans))
    found = quantity(piece, read, spans.index(thing))
    if found is not None:
        value, first, last = found
        assert f"{value}: {' '.join(piece.texts[first:last])}" == wanted
    else:
        assert wanted is None


def test_a_word_that_is_a_thing_counts_nothing() -> None:
    [piece] = pieces_of("a group of dogs")
    assert quantity(piece, reading(piece, "group dogs", ("group", "of", "dogs")), 1) is None
    described = reading(piece, ["group_of", "dogs"], ("dogs", "is", "group_of"))
    assert quantity(piece, described, 1) == ("group of", 1, 3)
