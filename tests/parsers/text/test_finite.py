"""Which finite verbs are read as participles, and which words in -s are left as they are."""

from __future__ import annotations

import pytest

from usg.parsers.text.batches import Reader
from usg.parsers.text.finite import as_participles, participle
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.pieces import Piece, Word
from usg.parsers.text.tokens import WordTable

# By rank: verbs in -ing are frequent in captions, their forms in -s are not; "sits" is, and so is "plants".
FREQUENT = ("sits", "feeding", "chasing", "grabbing", "carrying", "sitting", "ceiling", "plants", "planting")
RARE = ("chases", "ceils", "rides", "riding")
PREDICATES = ("", "feed", "chase", "grab", "carry", "sit on", "plant", "ride")


@pytest.fixture(scope="module")
def reader() -> Reader:
    words = (*FREQUENT, *(f"filler{i}" for i in range(1500)), *RARE)
    return Reader(WordTable(words, ()), Inventory(PREDICATES, ("copy",)))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("feeds", "feeding"),  # never seen itself
        ("chases", "chasing"),  # seen rarely
        ("grabs", "grabbing"),
        ("carries", "carrying"),
        ("sits", None),  # frequent, as the plural "plants"
        ("plants", None),
        ("rides", None),  # its participle is as rare
        ("ceils", None),  # no predicate says "ceiling"
        ("holds", None),  # nothing is known of it
        ("grass", None),
        ("hugs", None),  # short words are left alone
        ("feed", None),
    ],
)
def test_rare_forms_of_known_verbs_are_participles(reader: Reader, word: str, expected: str | None) -> None:
    assert participle(word, reader) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a woman feeds them", "a woman feeding them"),
        ("a dog chases two cats", "a dog chasing two cats"),
        ("bird feeds", "bird feeds"),  # at the end: may be a noun
        ("feeds near a tree", "feeds near a tree"),
    ],
)
def test_only_before_what_begins_a_noun_phrase(reader: Reader, caption: str, expected: str) -> None:
    piece = Piece(tuple(Word(word, 0, 0) for word in caption.split()))
    assert as_participles(piece, reader) == expected.split()


def test_what_stands_for_a_pronoun_begins_one_too(reader: Reader) -> None:
    words = (Word("woman", 0, 5), Word("feeds", 6, 11), Word("dogs", 12, 16))
    assert as_participles(Piece(words), reader) == ["woman", "feeds", "dogs"]
    said_before = Piece((*words[:2], Word("dogs", 12, 16, mention=(0, 4))))
    assert as_participles(said_before, reader) == ["woman", "feeding", "dogs"]
