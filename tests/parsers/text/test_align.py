"""Where the parts of a graph stand in its caption."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usg.graph import Attribute, Relation, SceneGraph, SceneObject, Source
from usg.parsers.text.align import Alignment, align, candidates, facts_of, spoken_for, surface

TABLE = {("guy", "man"): 9}


def aligned(caption: str, *facts: tuple[str, ...], table: dict[tuple[str, str], int] = TABLE) -> Alignment:
    return align(caption.split(), facts, table)


def said(alignment: Alignment) -> dict[str, str]:
    """The words of each span -> its label."""
    return {
        " ".join(alignment.tokens[i:j]): label for (i, j), label in zip(alignment.spans, alignment.labels, strict=True)
    }


def linked(alignment: Alignment) -> set[tuple[str, str, str]]:
    words = [" ".join(alignment.tokens[i:j]) for i, j in alignment.spans]
    return {(words[i], predicate, words[j]) for (i, j), predicate in alignment.links.items()}


def test_a_relation_stands_on_its_words() -> None:
    found = aligned("weeds surrounding the parking meters", ("weeds", "surround", "parking meters"))
    assert said(found) == {"weeds": "weeds", "parking meters": "parking meters"}
    assert linked(found) == {("weeds", "surround", "parking meters")}
    assert found.spans == [(0, 1), (3, 5)] and found.missed == []


def test_words_are_found_in_the_order_of_their_likeness() -> None:
    # Rank and span; a worse rank is not looked at where a better one has any.
    assert candidates("a dog and dogs".split(), "dogs") == [(0, (3, 4))]
    assert candidates("a dog and two doors".split(), "dogs") == [(1, (1, 2))]
    assert candidates("two doors".split(), "2") == [(1, (0, 1))]
    assert candidates("on the side walk".split(), "sidewalk") == [(2, (2, 4))]
    assert candidates("an umbrela here".split(), "umbrella") == [(3, (1, 2))]
    assert candidates("the guy".split(), "man", TABLE) == [(4, (1, 2))]
    assert candidates("a fire truck".split(), "yellow truck") == [(5, (2, 3))]
    assert candidates("the guy".split(), "man") == [] == candidates([], "man")


def test_of_several_places_the_nearest_is_taken() -> None:
    found = aligned(
        "a black dog chasing a white dog",
        ("dog", "is", "black"),
        ("dog", "is", "white"),
        ("dog", "chase", "dog"),
    )
    assert linked(found) == {("dog", "is", "black"), ("dog", "is", "white"), ("dog", "chase", "dog")}
    assert {(i, j) for i, j in found.links if found.links[i, j] == "is"} == {(1, 0), (3, 2)}


def test_what_has_no_words_of_its_own_links_a_span_with_itself() -> None:
    pair = aligned("a pair of dogs", ("dogs", "is", "2"))
    assert linked(pair) == {("dogs", "is@2", "dogs")} and pair.missed == []
    mutual = aligned("dogs next to each other", ("dogs", "next to", "dogs"))
    assert linked(mutual) == {("dogs", "@next to", "dogs")}


def test_what_finds_no_place_is_named() -> None:
    found = aligned("a red hat", ("hat", "is", "red"), ("man", "wear", "hat"), ("sky",))
    assert linked(found) == {("hat", "is", "red")}
    assert sorted(found.missed) == [("man", "wear", "hat"), ("sky",)]


def test_two_predicates_of_one_pair_keep_the_first() -> None:
    found = aligned("man on horse", ("man", "on", "horse"), ("man", "ride", "horse"))
    assert linked(found) == {("man", "on", "horse")} and found.missed == [("man", "ride", "horse")]


def test_words_that_stand_for_a_label_are_counted() -> None:
    captions = [(["a", "guy", "in", "a", word], [("man", "in", word)]) for word in ("car", "bus", "boat", "tree")]
    assert spoken_for(captions)["guy", "man"] == 4
    assert not any(words in ("a", "in") for words, _ in spoken_for(captions))


def test_facts_of_a_graph() -> None:
    graph = SceneGraph(
        (Source("text", "text", text="..."),),
        (SceneObject("o0", "Man"), SceneObject("o1", "hat"), SceneObject("o2", "sky")),
        (Attribute("a0", "o1", "Red"),),
        (Relation("r0", "o0", "wear", "o1"),),
    )
    assert facts_of(graph) == [("man", "wear", "hat"), ("hat", "is", "red"), ("sky",)]


WORDS = st.sampled_from("a the dog dogs cat side walk sidewalk two 2 red guy man next to fire truck - t shirt".split())
LABELS = st.lists(WORDS, min_size=1, max_size=2).map(surface)
FACTS = st.one_of(
    st.tuples(LABELS),
    st.tuples(LABELS, st.just("is"), LABELS),
    st.tuples(LABELS, st.sampled_from(["on", "ride"]), LABELS),
)


@given(st.lists(WORDS, min_size=1, max_size=12), st.lists(FACTS, max_size=6, unique=True))
def test_spans_never_overlap_and_facts_are_placed_or_missed(tokens: list[str], facts: list[tuple[str, ...]]) -> None:
    found = align(tokens, facts, TABLE)
    assert found.spans == sorted(found.spans)
    assert all(0 <= i < j <= len(tokens) for i, j in found.spans)
    assert all(one[1] <= other[0] for one, other in zip(found.spans, found.spans[1:], strict=False))
    assert all(0 <= i < len(found.spans) and 0 <= j < len(found.spans) for i, j in found.links)
    for i, j in found.links:
        assert i != j or "@" in found.links[i, j]
    placed = {(found.labels[i], p, found.labels[j]) for (i, j), p in found.links.items() if i != j}
    for fact in facts:
        if len(fact) == 3 and fact not in found.missed:
            alone = {p for (i, j), p in found.links.items() if i == j and found.labels[i] == fact[0]}
            assert fact in placed or f"is@{fact[2]}" in alone or f"@{fact[1]}" in alone
