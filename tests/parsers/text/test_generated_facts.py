"""What a model writes, whole or not, to a graph grounded in the text."""

from __future__ import annotations

import pytest

from usg.graph import Grounding, SceneGraph, Source
from usg.parsers.text.generated_facts import graph_of, whole_facts


def parsed(text: str, output: str) -> SceneGraph:
    facts, notes = whole_facts(output)
    return graph_of(text, facts, Source("text", "text", text=text), notes)


def quotes(graph: SceneGraph) -> list[str]:
    text = str(graph.sources[0].text)
    return [g.region.quote(text) for element in graph.elements() for g in element.groundings if g.region]


def test_the_readme_example_of_the_published_parser() -> None:
    text = "2 beautiful pigs are flying on the sky with 2 bags on their backs"
    output = (
        "( pigs , is , 2 ) , ( pigs , is , beautiful ) , ( bags , on back of , pigs ) , ( pigs , fly on , sky ) , "
        "( bags , is , 2 )"
    )
    graph = parsed(text, output)
    assert [(obj.id, obj.label) for obj in graph.objects] == [("o0", "pigs"), ("o1", "sky"), ("o2", "bags")]
    assert graph.triples == [("bags", "on back of", "pigs"), ("pigs", "fly on", "sky")]
    assert [(a.object, a.value, a.kind, a.number) for a in graph.attributes] == [
        ("o0", "2", "count", 2),
        ("o0", "beautiful", None, None),
        ("o2", "2", "count", 2),
    ]
    twos = [a.groundings[0].region for a in graph.attributes if a.value == "2"]
    assert [region.start for region in twos] == [0, text.index("2 bags")]
    assert quotes(graph) == ["pigs", "sky", "bags", "2", "beautiful", "2", "flying on"]
    assert not graph.metadata


@pytest.mark.parametrize(
    ("output", "facts", "notes"),
    [
        ("", [], []),
        ("( dog )", ["( dog )"], []),
        ("( dog ) , ( dog )", ["( dog )"], []),
        ("( dog , is , wet ) , ( dog , chase , c", ["( dog , is , wet )"], ["( dog , chase , c"]),
        ("dog , is , wet ) , ( cat )", ["( cat )"], ["dog , is , wet )"]),
        ("( dog , chase , cat , mouse ) ( cat )", ["( cat )"], ["( dog , chase , cat , mouse )"]),
        ("( dog , ( cat ) )", ["( cat )"], ["( dog", ")"]),
        ("nothing at all", [], ["nothing at all"]),
    ],
)
def test_whole_facts_are_kept_and_the_rest_is_noted(output: str, facts: list[str], notes: list[str]) -> None:
    found, said = whole_facts(output)
    assert [str(fact) for fact in found] == facts
    assert said == [f"not a whole fact: {note!r}" for note in notes]


def test_two_instances_stand_at_two_places() -> None:
    graph = parsed(
        "A black dog and a white dog", "( dog:1 , is , white ) , ( dog , is , black ) , ( dog:2 , is , wet )"
    )
    assert [(obj.label, obj.groundings[0].region is not None) for obj in graph.objects] == [
        ("dog", True),
        ("dog", True),
        ("dog", False),
    ]
    spans = {a.value: graph.object(a.object).groundings for a in graph.attributes}
    assert spans["black"][0].region.start == 8 and spans["white"][0].region.start == 24
    assert spans["wet"] == (Grounding("text"),)  # in the text, but nowhere in its words


def test_what_is_not_in_the_words_has_no_place() -> None:
    graph = parsed("a man surfing", "( man , ride , surfboard ) , ( man , is , wet )")
    assert quotes(graph) == ["man"]


def test_values_have_the_kinds_and_numbers_of_every_text_graph() -> None:
    output = ", ".join(f"( dogs , is , {value} )" for value in ("red", "three", "many", "wet", "9" * 12))
    graph = parsed(f"{'9' * 12} dogs, not {'9' * 5000}", output)
    assert [(a.kind, a.number) for a in graph.attributes] == [
        ("colour", None),
        ("count", 3),
        ("count", None),
        (None, None),
        (None, None),
    ]
    assert graph.attributes[4].groundings[0].region is not None


def test_verbs_are_found_in_their_forms() -> None:
    for verb, word in (
        ("sit", "sitting"),
        ("ride", "riding"),
        ("carry", "carried"),
        ("walk", "walks"),
        ("fill", "filled"),
    ):
        assert quotes(parsed(f"a man {word} x", f"( man , {verb} , thing )")) == ["man", word]
