"""usg.world.statements: every statement is true, and what it says "the" of is one thing."""

from collections import Counter

import pytest

from usg.graph.elements import Attribute, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world import scenes
from usg.world.captions import add_captions
from usg.world.phrases import plural
from usg.world.scene import STATEMENTS, stream
from usg.world.spatial import INVERSE
from usg.world.statements import add_statements


@pytest.fixture(scope="module")
def said():
    """(graph, words of one statement, ids mentioned in order)"""
    found = []
    for graph in scenes(150, "train", 12, statements=4):
        for source in graph.sources[1:]:
            mentions = [(g.region.start, e.id) for e in graph.elements() for g in e.groundings if g.source == source.id]
            found.append((graph, source.text.split(), [name for _, name in sorted(mentions)]))
    return found


def facts_of(graph):
    """object id -> the words that are true of it"""
    true = {obj.id: {obj.label, "thing"} for obj in graph.objects}
    for attribute in graph.attributes:
        true[attribute.object].add(attribute.value)
    return true


def fitting(graph, words):
    """Objects that plain words or words with one relation, read both ways, describe; no use of the writer."""
    true = facts_of(graph)
    if "that" not in words:
        return {name for name, facts in true.items() if set(words) <= facts}
    at = words.index("that")
    own, clause = {name for name, facts in true.items() if set(words[:at]) <= facts}, words[at + 1 :]
    result = set()
    links = [(r.subject, r.predicate, r.object) for r in graph.relations]
    links += [(target, INVERSE[predicate], subject) for subject, predicate, target in links if predicate in INVERSE]
    for subject, predicate, target in links:
        start, end = ["is", *predicate.split(), "the"], ["is", *predicate.split()]
        if clause[: len(start)] == start and target in fitting(graph, clause[len(start) :]):
            result.add(subject)
        before = clause[1 : -len(end)]
        if clause[0] == "the" and clause[-len(end) :] == end and subject in fitting(graph, before):
            result.add(target)
    return own & result


def test_all_three_forms_are_written(said):
    forms = Counter(
        "count" if w[0] == "there" else "label" if w[-2] in ("a", "an") else "attribute" for _, w, _ in said
    )
    assert set(forms) == {"count", "label", "attribute"} and min(forms.values()) > 60
    assert sum("that" in words for _, words, _ in said) > 100


def test_counts_are_right(said):
    for graph, words, names in said:
        if words[0] == "there":
            number, rest = int(words[2]), words[3:]
            if number > 1:
                assert not names
                ends = {plural(word): word for facts in facts_of(graph).values() for word in facts}
                rest = [*rest[:-1], ends[rest[-1]]]
            assert len(fitting(graph, rest)) == number


def test_what_is_said_of_the_thing_is_true_of_one_thing_alone(said):
    for graph, words, names in said:
        if words[0] == "there":
            continue
        answer = graph[names[-1]]
        kind = answer.kind if isinstance(answer, Attribute) else None
        start = 4 if words[1] == kind else 1
        end = -3 if isinstance(answer, SceneObject) else -2
        about = fitting(graph, words[start:end])
        owner = answer.object if isinstance(answer, Attribute) else answer.id
        assert about == {owner}, " ".join(words)
        assert words[-1] in facts_of(graph)[owner]


def test_what_is_mentioned_of_the_thing_is_its_own(said):
    """Attributes that the words before "that" mention belong to the thing that the statement is about."""
    checked = 0
    for graph, words, names in said:
        if words[0] == "there":
            continue
        answer = graph[names[-1]]
        owner = answer.object if isinstance(answer, Attribute) else answer.id
        before = words[: words.index("that")] if "that" in words else words[:-1]
        number = sum(word in facts_of(graph)[owner] - {"thing"} for word in before[1 + 3 * (before[2:3] == ["of"]) :])
        for name in names[:number]:
            element = graph[name]
            assert (element.object if isinstance(element, Attribute) else element.id) == owner
            checked += 1
    assert checked > 200


def test_the_answer_is_not_given_away(said):
    for _, words, _ in said:
        if words[0] != "there":
            before = words[: words.index("that")] if "that" in words else words[:-1]
            assert words[-1] not in before


def test_statements_of_a_graph_differ():
    for graph in scenes(30, "iid", 1, statements=3):
        texts = [source.text for source in graph.sources[1:]]
        assert len(texts) == len(set(texts)) == 3


def test_spans_quote_the_words_of_their_element():
    for graph in scenes(20, "iid", 3, statements=3):
        for element in graph.elements():
            for grounding in element.groundings:
                if grounding.source.startswith("statement"):
                    word = getattr(element, "label", None) or getattr(element, "value", None) or element.predicate
                    assert grounding.region.quote(graph.source(grounding.source).text) == word


def test_a_graph_with_nothing_to_say():
    graph = SceneGraph(objects=(SceneObject("a", "cup"), SceneObject("b", "cup")))
    done = add_statements(graph, 3, stream("train", 0, 0, STATEMENTS))
    assert [source.text for source in done.sources] == ["there are 2 cups"]
    assert done.objects == graph.objects
    assert add_statements(SceneGraph(), 3, stream("train", 0, 0, STATEMENTS)) == SceneGraph()


def test_negated_elements_are_not_spoken_of():
    graph = SceneGraph(
        objects=(SceneObject("c", "cup"), SceneObject("d", "dog", negated=True)),
        attributes=(Attribute("a", "c", "red", kind="colour", negated=True),),
        relations=(Relation("r", "d", "behind", "c"),),
    )
    done = add_statements(graph, 5, stream("train", 0, 0, STATEMENTS))
    assert done.sources
    for source in done.sources:
        assert not {"dog", "red", "behind"} & set(source.text.split())


def test_unusual_graphs_are_spoken_of_without_a_fault():
    """No kind, several values of a kind, a kind that is called label, a relation to itself, the same relation twice."""
    graph = SceneGraph(
        objects=(SceneObject("c", "cup"), SceneObject("d", "cup"), SceneObject("e", "table")),
        attributes=(
            Attribute("a", "c", "chipped"),
            Attribute("b", "c", "red", kind="colour"),
            Attribute("f", "c", "white", kind="colour"),
            Attribute("g", "d", "acme", kind="label"),
        ),
        relations=(
            Relation("r", "c", "on", "e"),
            Relation("s", "c", "on", "e"),
            Relation("t", "e", "next to", "e"),
        ),
    )
    done = add_statements(graph, 40, stream("train", 0, 0, STATEMENTS))
    texts = [source.text for source in done.sources]
    assert "the cup that is on the table is chipped" in texts
    assert not any("colour" in text or "next to" in text for text in texts)
    negated = SceneGraph(objects=(SceneObject("c", "cup", negated=True),))
    assert add_statements(negated, 3, stream("train", 0, 0, STATEMENTS)) == negated
    assert add_captions(negated, 3, stream("train", 0, 0, STATEMENTS)) == negated
