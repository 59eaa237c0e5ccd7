"""Captions composed of phrases: what each construction says, and that all stay captions."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import small_factual
from small_clauses import EXAMPLES, INVENTORY, made
from small_factual import facts

from usg.parsers.text.batches import Example
from usg.parsers.text.data import LONGEST, Tables
from usg.parsers.text.recombine import Recombination


def composed(way: str, *captions: str, seeds: int = 60) -> dict[str, set[tuple[str, str, str]]]:
    """All that a construction makes of the captions that begin so: caption -> facts."""
    recombination = Recombination(made(*captions)[1], INVENTORY)
    found = {}
    for seed in range(seeds):
        each = recombination.compose(random.Random(seed), LONGEST, ways=(way,))
        if each is not None:
            small_factual.check(each)
            found[" ".join(each.tokens)] = facts(each, INVENTORY.predicates)
    return found


RIDE, HOLD, NEAR = ("man", "ride", "horse"), ("man", "hold", "dog"), ("dog", "near", "fence")


def test_two_verbs() -> None:
    found = composed("two_verbs", "a man riding", "a man holding")
    assert found["a man riding a horse and holding a dog near a fence"] == {RIDE, HOLD, NEAR}


def test_two_subjects() -> None:
    found = composed("two_subjects", "a boy is", "a man riding")
    assert found["a boy and a man are riding a horse"] == {("boy", "ride", "horse"), RIDE}
    assert found["a man and a boy are smiling"] == {("man", "is", "smiling"), ("boy", "is", "smiling")}
    # What birds are to each other they are not to something else.
    assert composed("two_subjects", "birds") == {}


def test_a_passive_keeps_its_direction() -> None:
    found = composed("two_subjects", "a lake", "a boy is", seeds=200)
    both = {("trees", "surround", "lake"), ("trees", "surround", "boy")}
    assert found["a boy and a lake are surrounded by trees"] == both


def test_relative() -> None:
    found = composed("relative", "a man riding", "a tower", seeds=200)
    assert found["a tower that is riding a horse is behind a tree"] == {
        ("tower", "ride", "horse"),
        ("tower", "behind", "tree"),
    }


def test_having() -> None:
    found = composed("having", "a lake", "a boy is", seeds=200)
    assert found["a lake that has a boy is surrounded by trees"] == {
        ("lake", "have", "boy"),
        ("trees", "surround", "lake"),
    }


def test_whose() -> None:
    found = composed("whose", "the dogs are", "a boy is", seeds=200)
    assert found["a boy whose dogs are brown is smiling"] == {
        ("boy", "have", "dogs"),
        ("dogs", "is", "brown"),
        ("boy", "is", "smiling"),
    }


def test_object_relatives() -> None:
    found = composed("object_relative", "a man riding", seeds=200)
    assert found["a horse that a man is riding"] == {RIDE}
    inside = composed("within", "a man riding", "a woman giving", seeds=200)
    assert inside["a man is riding a horse that a woman is giving"] == {RIDE, ("woman", "give", "horse")}


def test_the_place_of_an_object() -> None:
    found = composed("object_place", "a man riding", "a tower", seeds=300)
    place = ("tower", "behind", "tree")
    assert found["a man is riding a tower behind a tree"] == {("man", "ride", "tower"), place}
    assert found["a man riding a tower behind a tree"] == {("man", "ride", "tower"), place}


def test_states() -> None:
    found = composed("states", "the dogs are", "a boy is")
    assert found["the dogs are brown and a boy is smiling"] == {("dogs", "is", "brown"), ("boy", "is", "smiling")}


def test_predicate_noun() -> None:
    found = composed("predicate_noun", "a tower", "a lake", seeds=200)
    assert found["a tower is a lake behind a tree"] == {("tower", "is", "lake"), ("tower", "behind", "tree")}


def test_ditransitive() -> None:
    found = composed("ditransitive", "a boy is", "two cats", "a lake", seeds=300)
    assert found["a boy giving two cats a lake"] == {
        ("boy", "give", "cats"),
        ("boy", "give", "lake"),
        ("cats", "is", "two"),
    }


def test_inversion() -> None:
    assert composed("inversion", "a tower") == {"behind a tree is a tower": {("tower", "behind", "tree")}}
    assert composed("inversion", "two cats") == {}  # "sit" is not known to be a word


def test_none_where_there_are_no_phrases() -> None:
    assert Recombination([], INVENTORY).compose(random.Random(0), LONGEST) is None
    assert Recombination(EXAMPLES, INVENTORY).compose(random.Random(0), 2) is None


@pytest.mark.parametrize("examples", [small_factual.examples, lambda: (Tables.build([]), [])])
def test_all_ways_give_captions(examples: Callable[[], tuple[Tables, list[Example]]]) -> None:
    tables, of = examples()
    recombination = Recombination(of, tables.inventory)
    for seed in range(500):
        each = recombination.compose(random.Random(seed), 20)
        assert (each is None) == (not of)
        if each is not None:
            small_factual.check(each)
            assert len(each.tokens) <= 20
