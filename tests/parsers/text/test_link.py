"""Which objects of several captions are one thing."""

from __future__ import annotations

import random

import pytest

from usg.graph import Attribute, Grounding, Relation, SceneGraph, SceneObject, Source, TextSpan
from usg.parsers.text.link import merge_captions
from usg.parsers.text.number import has_plural_form, singular


def caption(text: str, *objects: str, relations: tuple[tuple[int, str, int], ...] = ()) -> SceneGraph:
    """A graph: each object is "value value label", its label a word of the text; digits are counts, "no" negates."""
    nodes, attributes = [], []
    for i, words in enumerate(objects):
        *values, label = words.split()
        at = text.find(label)
        grounding = (Grounding("text", TextSpan(((at, at + len(label)),))),) if at >= 0 else ()
        nodes.append(SceneObject(f"o{i}", label, negated="no" in values, groundings=grounding))
        for value in set(values) - {"no"}:
            count = value.isdigit() or value in ("several", "group")
            number = int(value) if value.isdigit() else None
            kind = "count" if count else None
            attributes.append(Attribute(f"a{len(attributes)}", f"o{i}", value, kind=kind, number=number))
    edges = [Relation(f"r{i}", f"o{s}", predicate, f"o{o}") for i, (s, predicate, o) in enumerate(relations)]
    return SceneGraph((Source("text", "text", uri=f"coco:image/1#{text}", text=text),), nodes, attributes, edges)


def said(graph: SceneGraph) -> list[str]:
    """Each object with its values, as `caption` takes it."""
    return sorted(
        " ".join([*sorted({a.value for a in graph.attributes_of(obj.id)}), obj.label]) for obj in graph.objects
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["dog"], ["dog"], ["dog"]),
        (["black dog"], ["wet dog"], ["black wet dog"]),
        (["black dog"], ["white dog"], ["black dog", "white dog"]),
        (["black white dog"], ["white dog"], ["black white dog"]),
        (["large dog"], ["tiny dog"], ["large dog", "tiny dog"]),
        (["dog"], ["2 dogs"], ["2 dogs", "dog"]),
        (["2 dogs"], ["several dogs"], ["2 several dogs"]),
        (["2 dogs"], ["dogs"], ["2 dogs"]),
        (["2 dogs"], ["3 dogs"], ["2 dogs", "3 dogs"]),
        (["several dogs"], ["group dogs"], ["group several dogs"]),
        (["dog", "dog"], ["dog"], ["dog", "dog"]),
        (["dog", "dog"], ["dog", "dog"], ["dog", "dog"]),
        (["no dog"], ["dog"], ["dog", "dog"]),
        (["man"], ["men"], ["man", "men"]),
        (["black dog", "white dog"], ["white dog", "black dog"], ["black dog", "white dog"]),
    ],
)
def test_what_joins(first: list[str], second: list[str], expected: list[str]) -> None:
    graphs = [caption(" ".join(first), *first), caption(" ".join(second) + " .", *second)]
    merged = merge_captions(graphs)
    assert said(merged) == expected
    assert len(merged.sources) == 2
    assert {a.kind for a in merged.attributes if a.value in ("2", "3", "several", "group")} <= {"count"}


def test_relations_to_like_things_decide_before_the_order() -> None:
    first = caption("man man dog ball", "man", "man", "dog", "ball", relations=((0, "hold", 2), (1, "hold", 3)))
    second = caption("ball man", "ball", "man", relations=((1, "hold", 0),))
    merged = merge_captions([first, second])
    assert len(merged.objects) == 4
    assert len(merged.relations) == 2
    holder = next(relation.subject for relation in merged.relations if merged.object(relation.object).label == "ball")
    assert {grounding.source for grounding in merged.object(holder).groundings} == {"text0", "text1"}


def test_each_caption_stays_a_source_and_what_it_says_stays_with_it() -> None:
    texts = ["a Dog runs", "dog", "the dog and a cat"]
    graphs = [caption(texts[0], "Dog"), caption(texts[1], "dog"), caption(texts[2], "dog", "cat")]
    merged = merge_captions(graphs)
    assert [(source.id, source.text) for source in merged.sources] == [(f"text{i}", t) for i, t in enumerate(texts)]
    dog, cat = merged.objects
    assert (dog.id, dog.label, cat.id, cat.label) == ("o0", "dog", "o1", "cat")
    assert [(g.source, g.label, g.region.quote(texts[int(g.source[-1])])) for g in dog.groundings] == [
        ("text0", "Dog", "Dog"),
        ("text1", None, "dog"),
        ("text2", None, "dog"),
    ]


def test_one_caption_says_what_it_said() -> None:
    graph = caption("2 dogs cat", "2 dogs", "cat", relations=((0, "near", 1),))
    merged = merge_captions([graph])
    assert (said(merged), merged.triples) == (said(graph), graph.triples)
    with pytest.raises(ValueError, match="nothing to merge"):
        merge_captions([])


def test_no_object_relation_or_grounding_is_lost_or_made_up() -> None:
    random.seed(0)
    labels = ["dog", "dogs", "2 dogs", "black dog", "white dog", "man", "several men", "no man", "old man"]
    for _ in range(50):
        graphs = []
        for i in range(5):
            objects = random.choices(labels, k=random.randint(0, 4))
            edges = tuple(
                (random.randrange(len(objects)), random.choice(["near", "on"]), random.randrange(len(objects)))
                for _ in range(random.randint(0, 3) if objects else 0)
            )
            graphs.append(caption(f"{i} " + " ".join(objects), *objects, relations=edges))
        merged = merge_captions(graphs)
        names = {singular(label) for graph in graphs for label in (obj.label for obj in graph.objects)}
        assert {singular(obj.label) for obj in merged.objects} == names
        for name in names:
            per_caption = [sum(singular(obj.label) == name for obj in graph.objects) for graph in graphs]
            assert max(per_caption) <= sum(singular(o.label) == name for o in merged.objects) <= sum(per_caption)
        assert sum(len(obj.groundings) for obj in merged.objects) <= sum(len(graph.objects) for graph in graphs)
        for obj in merged.objects:
            sources = [grounding.source for grounding in obj.groundings]
            assert len(set(sources)) == len(sources)
        known = {(singular(s), p, singular(o)) for graph in graphs for s, p, o in graph.triples}
        assert {(singular(s), p, singular(o)) for s, p, o in merged.triples} == known


def test_number_of_nouns() -> None:
    plural = "dogs men women people children boxes benches cities knives toys shoes houses skis glasses tomatoes sizes"
    single = "dog man woman person child box bench city knife toy shoe house ski glass tomato size"
    assert [singular(word) for word in plural.split()] == single.split()
    assert all(map(has_plural_form, plural.split()))
    for word in [*single.split(), "bus", "grass", "tennis", "", "2", "surfboard"]:
        assert singular(word) == word
        assert not has_plural_form(word)
