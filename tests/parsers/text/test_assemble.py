"""From readings to a graph with places."""

from __future__ import annotations

from dataclasses import replace

from small_factual import pieces_of, reading

from usg.graph import SceneGraph, Source
from usg.parsers.text.assemble import Conventions, assemble
from usg.parsers.text.coreference import resolve
from usg.parsers.text.decode import Reading
from usg.parsers.text.inventory import Inventory

INVENTORY = Inventory(
    ("", "is", "sit on", "stand in front of", "hold up", "walk", "feed", "in", "@next to"),
    ("copy",),
    {"feeding": "feed", "holds": "hold", "stands": "stand"},
)
Said = tuple[object, ...]


def graph(text: str, *said: Said, quantities: bool = True) -> SceneGraph:
    """The graph of a text of which each sentence is read as told: spans, then links."""
    pieces = pieces_of(text)
    readings = [reading(piece, *each) for piece, each in zip(pieces, said, strict=True)]  # type: ignore[arg-type]
    conventions = Conventions(quantities=quantities, least=0.0, least_in_descriptions=0.0)
    return assemble(Source("text", "text", text=text), pieces, readings, INVENTORY, conventions)


def places(text: str, element: object) -> list[list[str]]:
    """The words of each grounding."""
    return [[text[a:b] for a, b in g.region.spans] for g in element.groundings if g.region]  # type: ignore[attr-defined]


def facts(found: SceneGraph) -> list[tuple[str, ...]]:
    name = {obj.id: obj.label for obj in found.objects}
    said: list[tuple[str, ...]] = [(name[a.object], "is", a.value) for a in found.attributes]
    return said + [(name[r.subject], r.predicate, name[r.object]) for r in found.relations]


def test_objects_attributes_and_relations_with_their_words() -> None:
    text = "a brown dog sitting on the wooden table"
    found = graph(
        text, ("brown dog wooden table", ("dog", "is", "brown"), ("table", "is", "wooden"), ("dog", "sit on", "table"))
    )
    assert [(obj.id, obj.label) for obj in found.objects] == [("o0", "dog"), ("o1", "table")]
    assert [(a.id, a.object, a.value, a.kind) for a in found.attributes] == [
        ("a0", "o0", "brown", "colour"),
        ("a1", "o1", "wooden", "material"),
    ]
    [relation] = found.relations
    assert (relation.id, relation.subject, relation.predicate, relation.object) == ("r0", "o0", "sit on", "o1")
    assert places(text, relation) == [["sitting on"]] and places(text, found.objects[1]) == [["table"]]
    assert places(text, found.attributes[0]) == [["brown"]]
    assert found.objects[0].score == 0.9 and relation.score == 0.8


def test_words_of_a_discontinuous_predicate() -> None:
    text = "a man holds a ball up"
    [relation] = graph(text, ("man ball", ("man", "hold up", "ball"))).relations
    assert places(text, relation) == [["holds", "up"]]


def test_a_predicate_stands_between_its_things_if_it_can() -> None:
    text = "in a field a man stands in front of a fence"
    found = graph(text, ("field man fence", ("man", "stand in front of", "fence"), ("man", "in", "field")))
    by_predicate = {relation.predicate: places(text, relation) for relation in found.relations}
    assert by_predicate["stand in front of"] == [["stands in front of"]]


def test_a_predicate_without_words_has_no_place() -> None:
    [relation] = graph("a man and a dog", ("man dog", ("man", "walk", "dog"))).relations
    assert [grounding.region for grounding in relation.groundings] == [None]


def test_counts() -> None:
    text = "two dogs near a pair of cats and several cows"
    found = graph(
        text,
        ("two dogs cats cows", ("dogs", "is", "two")),
    )
    counts = {(a.value, a.number, a.kind): places(text, a) for a in found.attributes}
    assert counts == {
        ("two", 2, "count"): [["two"]],
        ("2", 2, "count"): [["pair of"]],
        ("several", None, "count"): [["several"]],
    }
    without = graph(text, ("two dogs cats cows", ("dogs", "is", "two")), quantities=False)
    assert [a.value for a in without.attributes] == ["two"]


def test_implied_values() -> None:
    text = "a pair of dogs"
    [attribute] = graph(text, ("dogs", ("dogs", "is@2", "dogs")), quantities=False).attributes
    assert (attribute.value, attribute.number, places(text, attribute)) == ("2", 2, [["pair"]])
    text = "dogs next to each other"
    [relation] = graph(text, ("dogs", ("dogs", "@next to", "dogs"))).relations
    assert (relation.subject, relation.predicate, relation.object) == ("o0", "next to", "o0")
    assert places(text, relation) == [["next to"]]


def test_a_count_is_said_once() -> None:
    # The network implies a count in other words than the text has: one of them is enough.
    found = graph("a herd of cows", ("cows", ("cows", "is@many", "cows")))
    assert [a.value for a in found.attributes] == ["many"]


def test_a_thing_is_no_attribute_of_itself() -> None:
    assert facts(graph("a dog", ("dog", ("dog", "is", "dog")))) == []


def test_two_dogs_stay_two() -> None:
    text = "a black dog and a white dog"
    found = graph(text, ("black dog white dog#2", ("dog", "is", "black"), ("dog#2", "is", "white")))
    assert [(obj.label, places(text, obj)) for obj in found.objects] == [("dog", [["dog"]]), ("dog", [["dog"]])]
    assert [(a.object, a.value) for a in found.attributes] == [("o0", "black"), ("o1", "white")]


def test_a_definite_thing_is_the_one_before() -> None:
    text = "A dog sits . The big dog sits on a mat ."
    sit = ("dog", "sit on", "mat")
    found = graph(text, ("dog",), ("big dog mat", ("dog", "is", "big"), sit))
    assert [obj.label for obj in found.objects] == ["dog", "mat"]
    assert places(text, found.objects[0]) == [["dog"], ["dog"]]
    assert facts(found) == [("dog", "is", "big"), sit]


def test_an_indefinite_thing_is_another() -> None:
    for second, spans in (
        ("A dog sits .", "dog"),
        ("In the park a dog sits .", "park dog"),
        ("The man feeds dogs and a dog .", "man dogs dog"),
        ("The man sees dog food", ["man", "dog_food"]),
    ):
        labels = [obj.label for obj in graph(f"A dog sits . {second}", ("dog",), (spans,)).objects]
        assert labels == [
            "dog",
            *(each.replace("_", " ") for each in (spans.split() if isinstance(spans, str) else spans)),
        ]


def test_numbers_tell_things_apart() -> None:
    two, three = ("dogs", "is", "two"), ("dogs", "is", "three")
    assert len(graph("two dogs . the two dogs sit .", ("two dogs", two), ("two dogs", two)).objects) == 1
    assert len(graph("two dogs . the three dogs sit .", ("two dogs", two), ("three dogs", three)).objects) == 2
    assert len(graph("a pair of dogs . the three dogs sit .", ("dogs",), ("three dogs", three)).objects) == 2
    # What is told of a thing later counts too.
    text = "the dogs . the two dogs sit . the three dogs run ."
    assert len(graph(text, ("dogs",), ("two dogs", two), ("three dogs", three)).objects) == 2


def test_meta_nouns_are_no_objects() -> None:
    found = graph("an old picture of a dog", ("old picture dog", ("picture", "is", "old"), ("picture", "of", "dog")))
    assert [obj.label for obj in found.objects] == ["dog"] and facts(found) == []


def test_negation_is_marked() -> None:
    found = graph("a street with no cars", ("street cars", ("street", "with", "cars")))
    assert [(obj.label, obj.negated) for obj in found.objects] == [("street", False), ("cars", True)]
    assert [relation.negated for relation in found.relations] == [True]
    found = graph("the dog is not brown but is big", ("dog brown big", ("dog", "is", "brown"), ("dog", "is", "big")))
    assert [(a.value, a.negated) for a in found.attributes] == [("brown", True), ("big", False)]
    assert not found.objects[0].negated


def test_what_is_not_there_is_not_named_again() -> None:
    found = graph("no dog . the dog sits .", ("dog",), ("dog",))
    assert [(obj.label, obj.negated) for obj in found.objects] == [("dog", True), ("dog", False)]


def test_a_pronoun_is_its_antecedent() -> None:
    text = "A man walks a dog . He is feeding it ."
    pieces = pieces_of(text)
    first = reading(pieces[0], "man dog", ("man", "walk", "dog"))
    [piece] = resolve(pieces, [first, Reading()]).values()
    again = reading(piece, "man dog", ("man", "feed", "dog"))
    found = assemble(Source("text", "text", text=text), [pieces[0], piece], [first, again], INVENTORY)
    assert [places(text, obj) for obj in found.objects] == [[["man"], ["He"]], [["dog"], ["it"]]]
    assert [(r.subject, r.predicate, r.object, places(text, r)) for r in found.relations] == [
        ("o0", "walk", "o1", [["walks"]]),
        ("o0", "feed", "o1", [["feeding"]]),
    ]


def test_who_was_put_in_for_a_possessive_has_and_does_nothing() -> None:
    text = "A man holds a dog while his daughter feeds it ."
    [whole] = pieces_of(text)
    first = reading(whole, "man dog daughter", ("man", "hold", "dog"))
    [piece] = resolve([whole], [first]).values()
    assert "man 's daughter feeds dog" in " ".join(piece.texts)
    links = (("man", "hold", "dog"), ("man#2", "have", "daughter"), ("man#2", "feed", "dog#2"))
    again = reading(piece, "man dog man#2 daughter dog#2", *links, ("daughter", "feed", "dog#2"))
    found = assemble(Source("text", "text", text=text), [piece], [again], INVENTORY)
    assert facts(found) == [("man", "hold", "dog"), ("man", "have", "daughter"), ("daughter", "feed", "dog")]


def test_what_several_do_themselves_is_no_relation_of_theirs() -> None:
    text = "Two dogs hold up a branch that they walk ."
    [whole] = pieces_of(text)
    [piece] = resolve([whole], [reading(whole, "dogs branch", ("dogs", "hold up", "branch"))]).values()
    links = (("dogs#2", "walk", "dogs"), ("dogs#2", "walk", "branch"))
    again = reading(piece, "dogs branch dogs#2", *links)
    found = assemble(Source("text", "text", text=text), [piece], [again], INVENTORY)
    assert facts(found) == [("dogs", "walk", "branch")]


def test_a_value_may_be_said_and_denied() -> None:
    text = "The dog is not wet . The dog is wet ."
    wet = ("dog wet", ("dog", "is", "wet"))
    found = graph(text, wet, wet)
    assert [(each.value, each.negated) for each in found.attributes] == [("wet", True), ("wet", False)]


def test_a_span_that_is_more_than_its_pronoun_is_another_thing() -> None:
    text = "A man . His dog sits ."
    pieces = pieces_of(text)
    first = reading(pieces[0], "man")
    [piece] = resolve(pieces, [first, reading(pieces[1], "dog")]).values()
    whole = replace(reading(piece, ["man_'s_dog"]), labels=("man's dog",))
    found = assemble(Source("text", "text", text=text), [pieces[0], piece], [first, whole], INVENTORY)
    assert [obj.label for obj in found.objects] == ["man", "man's dog"]


def test_the_same_relation_is_said_once_with_its_best_score() -> None:
    text = "a man walks a dog . the man walks the dog ."
    pieces = pieces_of(text)
    first, second = (reading(piece, "man dog", ("man", "walk", "dog")) for piece in pieces)
    better = replace(second, links=tuple(replace(link, score=0.95) for link in second.links))
    found = assemble(Source("text", "text", text=text), pieces, [first, better], INVENTORY)
    assert [relation.score for relation in found.relations] == [0.95]


def test_no_reading_no_graph() -> None:
    empty = assemble(Source("text", "text", text=""), [], [], INVENTORY)
    assert not empty.objects and empty.sources[0].text == ""


def test_what_the_network_is_unsure_of_is_left_out() -> None:
    text = "a dog near tranquility"
    pieces = pieces_of(text)
    read = reading(pieces[0], ["dog", "tranquility"], ("dog", "near", "tranquility"))  # type: ignore[arg-type]
    unsure = replace(read, scores=(0.99, 0.7))
    for least, left in ((0.5, ["dog", "tranquility"]), (0.8, ["dog"])):
        found = assemble(Source("text", "text", text=text), pieces, [unsure], INVENTORY, Conventions(least=least))
        assert [obj.label for obj in found.objects] == left
        assert len(found.relations) == len(left) - 1
