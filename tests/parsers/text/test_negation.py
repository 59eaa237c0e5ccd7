"""What a negating word negates."""

from __future__ import annotations

from small_factual import pieces_of, reading

from usg.parsers.text.negation import negated


def said(text: str, spans: str, *links: tuple[str, str, str]) -> tuple[set[str], set[tuple[str, str, str]]]:
    """The negated things and links, by their words."""
    [piece] = pieces_of(text)
    read = reading(piece, spans, *links)
    things, denied = negated(piece, read)
    return {read.labels[i] for i in things}, {
        (read.labels[read.links[k].subject], read.links[k].predicate, read.labels[read.links[k].object]) for k in denied
    }


def test_no_thing() -> None:
    with_ = ("street", "with", "cars")
    assert said("a street with no cars", "street cars", with_) == ({"cars"}, {with_})


def test_without_a_thing_that_has_a_property() -> None:
    wear, red = ("man", "with", "hat"), ("hat", "is", "red")
    # The property is of the thing that is not there: both links are no facts of the scene.
    assert said("a man without a red hat", "man red hat", wear, red) == ({"hat"}, {wear, red})


def test_a_thing_of_which_nothing_else_is_said() -> None:
    sit = ("dog", "sit on", "bench")
    assert said("a dog sits on a bench , no people", "dog bench people", sit) == ({"people"}, set())
    assert said("no people", "people") == ({"people"}, set())


def test_things_behind_or() -> None:
    links = ("street", "with", "cars"), ("street", "with", "people")
    assert said("a street without cars or people", "street cars people", *links) == ({"cars", "people"}, set(links))
    links = ("street", "with", "cars"), ("street", "with", "trees")
    assert said("a street with no cars and trees", "street cars trees", *links) == ({"cars"}, {links[0]})


def test_no_reaches_four_words() -> None:
    assert said("no one is near to the dog", "dog") == (set(), set())


def test_is_not_watching() -> None:
    watch, on = ("man", "watch", "dog"), ("man", "on", "bench")
    assert said("a man on a bench is not watching a dog", "man bench dog", on, watch) == (set(), {watch})


def test_is_not_brown() -> None:
    assert said("the dog is not brown", "dog brown", ("dog", "is", "brown")) == (set(), {("dog", "is", "brown")})


def test_is_not_held_by() -> None:
    hold = ("man", "hold", "ball")
    assert said("the ball is not held by the man", "ball man", hold) == (set(), {hold})


def test_a_clause_ends() -> None:
    watch, hold = ("man", "watch", "dog"), ("man", "hold", "ball")
    for end in ("and", "but", "while", ","):
        text = f"a man is not watching a dog {end} holding a ball"
        assert said(text, "man dog ball", watch, hold) == (set(), {watch})
    both = said("a man is not watching a dog holding a ball", "man dog ball", watch, hold)
    assert both == (set(), {watch, hold})
