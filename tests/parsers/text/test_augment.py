"""Captions rewritten: a known answer for each way, and that whatever they are made of they stay captions."""

from __future__ import annotations

import random
from itertools import product

import pytest
import small_factual

from usg.parsers.text.align import ATTRIBUTE
from usg.parsers.text.augment import (
    JOINING,
    SHARING,
    coordinate,
    inverted,
    join,
    relative,
    share_subject,
    subject_of,
    whose,
    without_articles,
    without_stop,
)
from usg.parsers.text.batches import Example
from usg.parsers.text.network import BEGIN, INSIDE, OUTSIDE

TABLES, EXAMPLES = small_factual.examples()
PREDICATES = TABLES.inventory.predicates
KNOWN = {word for each in EXAMPLES for word in each.tokens}
WITH = {PREDICATES.index("with")}
BY_TEXT = {" ".join(each.tokens): each for each in EXAMPLES}
HAVE = 999


def text(each: Example | None) -> str:
    assert each is not None
    return " ".join(each.tokens)


def facts(each: Example | None) -> set[tuple[str, str, str]]:
    """Links by the words of their spans; spans of one name are told apart by their place."""
    assert each is not None
    names = [" ".join(each.tokens[i:j]) for i, j in each.spans]
    names = [name if names.count(name) == 1 else f"{name}{i}" for name, (i, _) in zip(names, each.spans, strict=True)]
    said = {**dict(enumerate(PREDICATES)), HAVE: "have"}
    return {(names[i], said[p], names[j]) for (i, j), p in each.links.items()}


def check(each: Example) -> None:
    """Tags, spans, forms and links agree."""
    wanted = [OUTSIDE] * len(each.tokens)
    for i, j in each.spans:
        assert 0 <= i < j <= len(each.tokens)
        wanted[i:j] = [BEGIN] + [INSIDE] * (j - i - 1)
    assert list(each.tags) == wanted
    assert list(each.spans) == sorted(each.spans)
    assert all(one[1] <= other[0] for one, other in zip(each.spans, each.spans[1:], strict=False))
    assert len(each.forms) == len(each.spans)
    assert all(0 <= k < len(each.spans) for pair in each.links for k in pair)


def test_join() -> None:
    both = join(BY_TEXT["the dog is brown ."], BY_TEXT["a horse in a field"], (",", "while"))
    assert text(both) == "the dog is brown , while a horse in a field"
    assert facts(both) == {("dog", "is", "brown"), ("horse", "in", "field")}


def test_share_subject() -> None:
    both = share_subject(BY_TEXT["a man riding a horse"], BY_TEXT["a woman holding a red umbrella"], ("and",))
    assert text(both) == "a man riding a horse and holding a red umbrella"
    assert facts(both) == {("man", "ride", "horse"), ("man", "hold", "umbrella"), ("umbrella", "is", "red")}
    assert share_subject(BY_TEXT["a man riding a horse"], BY_TEXT["a horse in a field"], ("and",)) is None


def test_coordinate() -> None:
    both = coordinate(BY_TEXT["a man riding a horse"], BY_TEXT["the woman is feeding the dogs ."])
    assert text(both) == "a man and the woman are feeding the dogs ."
    assert facts(both) == {("man", "feed", "dogs"), ("woman", "feed", "dogs")}


def test_relative() -> None:
    assert text(relative(BY_TEXT["a boy feeding a cat ."], "who")) == "a boy who is feeding a cat ."
    clause = relative(BY_TEXT["books sitting on a table"], "that")
    assert text(clause) == "books that are sitting on a table"
    assert facts(clause) == facts(BY_TEXT["books sitting on a table"])
    assert relative(BY_TEXT["a horse in a field"], "that") is None


def test_inverted() -> None:
    turned = inverted(BY_TEXT["a cat sitting on a table"], KNOWN | {"sit"})
    assert text(turned) == "on a table sits a cat"
    assert facts(turned) == {("cat", "sit on", "table")}
    assert inverted(BY_TEXT["a cat sitting on a table"], KNOWN - {"sit"}) is None
    assert inverted(BY_TEXT["a woman holding a red umbrella"], KNOWN | {"hold"}) is None


def test_whose() -> None:
    is_ = PREDICATES.index(ATTRIBUTE)
    clause = whose(BY_TEXT["a woman with a red hat"], WITH, HAVE, is_)
    assert text(clause) == "a woman whose hat is red"
    assert facts(clause) == {("woman", "have", "hat"), ("hat", "is", "red")}
    assert whose(BY_TEXT["a guy with a hat"], WITH, HAVE, is_) is None


def test_without_articles_and_stop() -> None:
    bare = without_articles(BY_TEXT["a brown dog in a green field"])
    assert text(bare) == "brown dog in green field"
    assert facts(bare) == facts(BY_TEXT["a brown dog in a green field"])
    assert text(without_stop(BY_TEXT["the horse is white ."])) == "the horse is white"
    alone = Example(("the",), (OUTSIDE,), (), (), {})
    assert without_articles(alone) == alone  # a caption has at least one word


@pytest.mark.parametrize(
    ("caption", "subject"),
    [("a white horse next to a fence", 1), ("a man riding a horse", 0), ("on a bed two cats", None)],
)
def test_subject(caption: str, subject: int | None) -> None:
    each = BY_TEXT.get(caption)
    if each is None:
        each = Example(
            ("on", "a", "bed", "two", "cats"), (0, 0, 1, 1, 1), ((2, 3), (3, 4), (4, 5)), (0, 0, 0), {(2, 0): 1}
        )
    assert subject_of(each) == subject


def test_all_ways_give_captions() -> None:
    made = 0
    rng = random.Random(0)
    for one, other in product(EXAMPLES, EXAMPLES):
        check(join(one, other, rng.choice(JOINING)))
        for new in (share_subject(one, other, rng.choice(SHARING)), coordinate(one, other)):
            if new is not None:
                check(new)
                check(without_articles(new))
                made += 1
    for one in EXAMPLES:
        is_ = PREDICATES.index(ATTRIBUTE)
        for new in (relative(one, "that"), inverted(one, KNOWN), whose(one, WITH, HAVE, is_), without_articles(one)):
            if new is not None:
                check(new)
                made += 1
    assert made > 1000
