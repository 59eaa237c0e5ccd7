"""A text cut into sentences of lower-case words, negating words taken out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usg.parsers.text.data import tokens_of
from usg.parsers.text.pieces import LONGEST, Cue, cut


def texts(text: str) -> list[str]:
    return [" ".join(piece.texts) for piece in cut(tokens_of(text))]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" \n ", []),
        ("A dog.", ["a dog ."]),
        ("A dog. A cat!  A cow; a hen", ["a dog .", "a cat .", "a cow ;", "a hen"]),
        ("What?! A dog.", ["what . .", "a dog ."]),
        ("a dog\na cat", ["a dog a cat"]),
        ("a dog\n\na cat", ["a dog", "a cat"]),
        ("Mr. Smith on Main St. near a dog", ["mr. smith on main st. near a dog"]),
        ("on Fifth ave . near a dog . A cat", ["on fifth ave . near a dog .", "a cat"]),
        ('He said "sit." The dog sits.', ["he", "the dog sits ."]),
        ("A dog (brown.) A cat.", ["a dog ( brown . )", "a cat ."]),
        ("3.5 dogs", ["3.5 dogs"]),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert texts(text) == pieces


def cues(text: str) -> tuple[str, tuple[Cue, ...]]:
    [piece] = cut(tokens_of(text))
    return " ".join(piece.texts), piece.cues


def test_negating_words_are_taken_out() -> None:
    assert cues("a street with no cars") == ("a street with cars", (Cue(3, "noun"),))
    assert cues("a man without a hat") == ("a man with a hat", (Cue(3, "noun"),))
    assert cues("a man is not watching a dog") == ("a man is watching a dog", (Cue(3, "verb"),))
    assert cues("a man isn't watching and never sits") == (
        "a man is watching and sits",
        (Cue(3, "verb"), Cue(5, "verb")),
    )


def test_what_negates_nothing_stays() -> None:
    for text in ("a no parking sign", "no", "a dog or not", "a man without", "no 5", "no smoking zones"):
        assert cues(text) == (text, ())


def test_a_replaced_word_keeps_its_place() -> None:
    [piece] = cut(tokens_of("a man without a hat"))
    assert [(word.text, word.start, word.end) for word in piece.words][2] == ("with", 6, 13)


def test_ten_thousand_words_are_cut() -> None:
    text = "dog " * 10_000
    pieces = cut(tokens_of(text))
    words = [word for piece in pieces for word in piece.words]
    assert len(words) == 10_000 and max(len(piece.words) for piece in pieces) == LONGEST
    assert [word.start for word in words] == list(range(0, 40_000, 4))


WORDS = st.lists(
    st.sampled_from(
        ["A", "dog", "no", "not", "without", ".", "!", '"', ")", "\n\n", " ", "Mr", "sign", "İ", "🐕", "n't"]
    ),
    max_size=150,
)


@given(WORDS)
def test_every_word_is_in_one_piece_at_its_place(words: list[str]) -> None:
    tokens, start = [], 0
    for word in words:
        tokens.append((word, start))
        start += len(word)
    text = "".join(words)
    pieces = cut(tokens)
    kept = [word for piece in pieces for word in piece.words]
    assert all(piece.words for piece in pieces)
    for word in kept:
        said = text[word.start : word.end]
        assert word.text == said.lower() or (said, word.text) in (("without", "with"), ("!", "."), ("?", "."))
    assert [word.start for word in kept] == sorted(word.start for word in kept)
    cues = sum(len(piece.cues) for piece in pieces)
    replaced = sum(word.text == "with" for word in kept)
    assert len(kept) + cues - replaced == sum(not word.isspace() for word in words)
    assert all(0 <= cue.at < len(piece.words) for piece in pieces for cue in piece.cues)
