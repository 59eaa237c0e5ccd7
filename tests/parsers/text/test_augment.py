"""Captions rewritten: a known answer for each way, and that whatever they are made of they stay captions."""

from __future__ import annotations

import random
from itertools import product

import small_factual
from small_factual import facts

from usg.parsers.text.augment import JOINING, join, without_articles, without_stop
from usg.parsers.text.batches import Example
from usg.parsers.text.network import OUTSIDE

_, EXAMPLES = small_factual.examples()
BY_TEXT = {" ".join(each.tokens): each for each in EXAMPLES}


def text(each: Example | None) -> str:
    assert each is not None
    return " ".join(each.tokens)


def test_join() -> None:
    both = join(BY_TEXT["the dog is brown ."], BY_TEXT["a horse in a field"], (",", "while"))
    assert text(both) == "the dog is brown , while a horse in a field"
    assert facts(both) == {("dog", "is", "brown"), ("horse", "in", "field")}


def test_without_articles_and_stop() -> None:
    bare = without_articles(BY_TEXT["a brown dog in a green field"])
    assert text(bare) == "brown dog in green field"
    assert facts(bare) == facts(BY_TEXT["a brown dog in a green field"])
    assert text(without_stop(BY_TEXT["the horse is white ."])) == "the horse is white"
    alone = Example(("the",), (OUTSIDE,), (), (), {})
    assert without_articles(alone) == alone  # a caption has at least one word


def test_what_is_rewritten_is_a_caption() -> None:
    rng = random.Random(0)
    for one, other in product(EXAMPLES, EXAMPLES):
        both = join(one, other, rng.choice(JOINING))
        small_factual.check(both)
        small_factual.check(without_articles(both))
