"""usg.world.captions: spans quote the words, details grow, every fact of a full caption is there."""

from itertools import pairwise

import pytest

from usg.graph.elements import Attribute, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world import scenes
from usg.world.captions import add_captions
from usg.world.scene import CAPTIONS, stream


@pytest.fixture(scope="module")
def captioned():
    return [*scenes(60, "train", 31, captions=6), *scenes(10, "longer", 31, captions=3)]


def word(element):
    return getattr(element, "label", None) or getattr(element, "value", None) or element.predicate


def mentions(graph):
    """(caption id, element, span)"""
    for element in graph.elements():
        for grounding in element.groundings:
            if grounding.source.startswith("caption"):
                yield grounding.source, element, grounding.region


def test_spans_quote_the_words_of_their_element(captioned):
    for graph in captioned:
        for source, element, span in mentions(graph):
            assert span.quote(graph.source(source).text) == word(element)


def test_spans_are_whole_words_and_do_not_overlap(captioned):
    for graph in captioned:
        taken = {}
        for source, _, span in mentions(graph):
            text = graph.source(source).text
            for start, end in span.spans:
                assert start == 0 or text[start - 1] == " "
                assert end == len(text) or text[end] == " "
                for place in range(start, end):
                    assert taken.setdefault((source, place), span) is span


def test_words_are_lowercase_without_punctuation(captioned):
    for graph in captioned:
        for source in graph.sources:
            if source.modality == "text":
                assert all(c.islower() or c == " " for c in source.text)
                assert "  " not in source.text


def test_details_grow_and_the_full_caption_says_everything(captioned):
    for graph in captioned:
        lengths = [len(graph.source(f"caption{i}").text.split()) for i in range(3)]
        assert lengths[0] < lengths[2]
        full = {element.id for source, element, _ in mentions(graph) if source == "caption2"}
        assert full == {element.id for element in graph.elements()}


def test_the_words_around_a_relation_are_its_ends(captioned):
    for graph in captioned:
        spans = [(source, span.start, element) for source, element, span in mentions(graph)]
        for source, start, relation in spans:
            if isinstance(relation, Relation):
                nouns = [(s, e) for other, s, e in spans if other == source and isinstance(e, SceneObject)]
                before = max((pair for pair in nouns if pair[0] < start), key=lambda pair: pair[0])
                after = min((pair for pair in nouns if pair[0] > start), key=lambda pair: pair[0])
                assert (before[1].id, after[1].id) == (relation.subject, relation.object)


def test_attributes_stand_beside_their_object(captioned):
    for graph in captioned:
        ordered = sorted((source, span.start, e.id) for source, e, span in mentions(graph))
        for place, (source, _, name) in enumerate(ordered):
            element = graph[name]
            if isinstance(element, Attribute):
                near = [graph[n] for s, _, n in ordered[max(0, place - 5) : place + 6] if s == source]
                assert element.object in {e.id for e in near if isinstance(e, SceneObject)}


def test_an_article_fits_its_word(captioned):
    for graph in captioned:
        for source in graph.sources[1:]:
            words = source.text.split()
            for one, two in pairwise(words):
                if one in ("a", "an"):
                    assert (one == "an") == (two[0] in "aeiou"), (one, two)


def test_negated_elements_are_not_mentioned():
    graph = SceneGraph(
        objects=(SceneObject("c", "cup"), SceneObject("d", "dog", negated=True)),
        attributes=(Attribute("a", "c", "red", kind="colour", negated=True),),
        relations=(Relation("r", "d", "behind", "c"),),
    )
    done = add_captions(graph, 3, stream("train", 0, 0, CAPTIONS))
    for source in done.sources:
        assert not {"dog", "red", "behind"} & set(source.text.split())


def test_no_captions_for_nothing():
    assert add_captions(SceneGraph(), 3, stream("train", 0, 0, CAPTIONS)) == SceneGraph()
