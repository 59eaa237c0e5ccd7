"""Predicates composed of a caption's words."""

from __future__ import annotations

import pytest
import torch

from usg.parsers.text.compose import attended, compose, lemma, score
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.tokens import WordTable

CAPTION = "a man climbing over a wooden wall".split()
SPANS = [(1, 2), (5, 6), (6, 7)]
INVENTORY = Inventory(("", "is", "climb", "walk over", "next to"), ("copy",))
TABLE = WordTable((), ())


def weights(caption: list[str], *words: str) -> list[float]:
    return [0.4 if word in words else 0.01 for word in caption]


def test_a_verb_and_its_preposition() -> None:
    places = attended(CAPTION, SPANS, weights(CAPTION, "climbing", "over"))
    assert places == [2, 3] and compose(CAPTION, places, INVENTORY, TABLE) == "climb over"
    places = attended(CAPTION, SPANS, weights(CAPTION, "climbing"))
    assert compose(CAPTION, places, INVENTORY, TABLE) == "climb"


def test_a_verb_that_training_never_saw() -> None:
    caption = "flowers adorning a table".split()
    places = attended(caption, [(0, 1), (3, 4)], weights(caption, "adorning"))
    assert compose(caption, places, INVENTORY, TABLE) == "adorn"


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("a man next to a wall", "next to"),
        ("a man over a wall", "over"),
        ("a man on top of a wall", "on top of"),
        ("a man climbing a wall", ""),
        ("a man climbing a wall", "man"),  # covered by a span
        ("a man that is a wall", "that is"),
        ("a man climbing and running over a wall", "climbing running over"),
        ("a man climbing quickly a wall", "climbing quickly"),
    ],
)
def test_other_words_make_no_predicate(caption: str, words: str) -> None:
    tokens = caption.split()
    assert attended(tokens, [(1, 2), (len(tokens) - 1, len(tokens))], weights(tokens, *words.split())) == []


def test_a_preposition_behind_another_thing_is_not_the_verbs() -> None:
    caption = "a man holding a dog over a wall".split()
    spans = [(1, 2), (4, 5), (7, 8)]
    assert attended(caption, spans, weights(caption, "holding", "over")) == []


def test_what_is_no_verb_composes_nothing() -> None:
    assert compose("a dog green a wall".split(), [2], INVENTORY, TABLE) is None
    assert compose([], [], INVENTORY, TABLE) is None


def test_lemmas_of_verbs_never_seen() -> None:
    table = WordTable(("lounge", "adorn", "slide", "float"), ())
    wanted = {
        "adorning": "adorn",
        "lounging": "lounge",
        "sliding": "slide",
        "hugged": "hug",
        "serving": "serve",
        "glazed": "glaze",
        "celebrating": "celebrate",
        "decorated": "decorate",
        "treating": "treat",
        "floating": "float",
        "falling": "fall",
        "watches": "watch",
        "crosses": "cross",
        "grass": None,
        "green": None,
        "is": None,
        "the": None,
    }
    assert {word: lemma(word, table) for word in wanted} == wanted


def test_the_score_is_what_the_words_say_and_how_much_is_copied() -> None:
    vectors = torch.zeros(len(INVENTORY.words), 2)
    vectors[INVENTORY.says("climb")], vectors[INVENTORY.says("over")] = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    attention = [0.0, 0.0, 0.5, 0.25, 0.0, 0.0, 0.0]
    asked = torch.tensor([3.0, 1.0])
    assert score(asked, vectors, attention, CAPTION, [2, 3], INVENTORY, gain=4.0) == 3 + 2 + 4 * 0.75
    assert score(asked, vectors, [0.5], ["adorning"], [0], INVENTORY, gain=4.0) == 2
