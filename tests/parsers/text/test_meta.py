"""Nouns that name the medium."""

from __future__ import annotations

import pytest
from small_factual import pieces_of, reading

from usg.parsers.text.meta import meta_nouns


@pytest.mark.parametrize(
    ("text", "spans", "meta"),
    [
        ("a picture of a dog", "picture dog", {"picture"}),
        ("this is a close up photo of a dog", "photo dog", {"photo"}),
        ("a picture on a wall", "picture wall", set()),
        ("a man holding a picture of a dog", "man picture dog", set()),
        ("a scene of", "scene", {"scene"}),
        ("a dog", "dog", set()),
    ],
)
def test_meta_nouns(text: str, spans: str, meta: set[str]) -> None:
    [piece] = pieces_of(text)
    read = reading(piece, spans)
    assert {read.labels[i] for i in meta_nouns(piece, read)} == meta


def test_their_attributes_are_of_the_medium_too() -> None:
    for text, spans in (
        ("an old photo of a dog", "old photo dog"),
        ("a black and white photo of a dog", "black white photo dog"),
    ):
        [piece] = pieces_of(text)
        *adjectives, _, _ = spans.split()
        read = reading(piece, spans, *(("photo", "is", each) for each in adjectives))
        assert {read.labels[i] for i in meta_nouns(piece, read)} == {*adjectives, "photo"}
    [piece] = pieces_of("an old photo of a dog")
    assert meta_nouns(piece, reading(piece, "old photo dog")) == set()
