"""Views hold what their medium says or shows, edits make them false, and all is a function of seed, pass and graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from usg import world
from usg.batch import GraphBatch, View, Vocabulary
from usg.batch.elements import elements_of
from usg.corpus import CorpusWriter
from usg.graph import Attribute, Box, Grounding, NodeKind, Relation, SceneGraph, SceneObject, Source, TextSpan
from usg.pretrain.data import GraphDataModule
from usg.pretrain.hard_negatives import SYMMETRIC
from usg.pretrain.objectives.structure import arguments
from usg.pretrain.view_edits import LOTS, draw_edits
from usg.pretrain.views import draw_views
from usg.world.pixels.multimodal import sample_multimodal
from usg.world.pixels.views import view

SCENES = [*world.scenes(40, "train", 0, captions=3, statements=1)]


def said(source: str = "t") -> Grounding:
    return Grounding(source, TextSpan([(0, 1)]))


def seen() -> Grounding:
    return Grounding("p", Box(0, 0, 4, 4))


def scene(**changes: Any) -> SceneGraph:
    """A text says a cup on a box, a picture has boxes of a cup and a hat."""
    parts: dict[str, Any] = {
        "sources": (Source("p", "image", width=9, height=9), Source("t", "text", text="cup on box")),
        "objects": (
            SceneObject("a", "cup", groundings=(seen(), said())),
            SceneObject("b", "box", groundings=(said(),)),
            SceneObject("c", "hat", groundings=(seen(),)),
            SceneObject("d", "pen"),
        ),
        "attributes": (Attribute("x", "a", "red"), Attribute("y", "b", "blue", groundings=(said(),))),
        "relations": (
            Relation("r", "a", "on", "b", groundings=(said(),)),
            Relation("s", "c", "on", "d"),
            Relation("q", "c", "near", "a", groundings=(said(),)),
        ),
    }
    return SceneGraph(**{**parts, **changes})


def names(graph: SceneGraph, flags: np.ndarray) -> str:
    return "".join(one.id for one, there in zip(graph.elements(), flags, strict=True) if there)


def drawn(*graphs: SceneGraph, lot: float = 0.0) -> Any:
    return draw_views(elements_of(graphs), np.full((2, len(graphs)), lot))


def test_what_is_said_and_what_is_shown() -> None:
    views = drawn(scene())
    # The hat is said nowhere, so that it is near the cup is not said either. The box is only spoken of.
    assert names(scene(), views.said) == "abyr"
    assert names(scene(), views.shown) == "acdxsq"
    # A picture that grounds attributes shows no others.
    attributes = (*scene().attributes, Attribute("z", "c", "old", groundings=(seen(),)), Attribute("w", "c", "big"))
    grounded = scene(attributes=attributes, relations=())
    assert names(grounded, drawn(grounded).shown) == "acdxzw"
    spoken = Attribute("v", "a", "new", groundings=(said(),))
    alone, among_others = scene(attributes=(spoken,)), scene(attributes=(*attributes, spoken))
    assert "v" in names(alone, drawn(alone).shown)
    assert "v" not in names(among_others, drawn(among_others).shown)


def test_views_of_scenes_in_three_media_are_those_the_world_says() -> None:
    graphs = [sample_multimodal("train", 0, index, side=64).graph for index in range(8)]
    media = Counter()
    for lot in (0.0, 0.9):
        views = drawn(*graphs, lot=lot)
        assert len(views.graph) >= 6
        sources = [source for graph in graphs for source in graph.sources]
        for index, text, picture in zip(views.graph, views.text, views.picture, strict=True):
            own = drawn(graphs[index], lot=lot)
            media[sources[picture].modality] += 1
            for source, flags in ((sources[text], own.said), (sources[picture], own.shown)):
                expected = view(graphs[index], source.id)
                assert names(graphs[index], flags) == "".join(one.id for one in expected.elements())
    assert media["image"] > 4 and media["video"] > 4


def test_graphs_without_two_media_or_with_the_same_in_both_or_with_too_little_said_have_none() -> None:
    assert drawn(scene()).graph.tolist() == [0]
    for sources in (scene().sources[:1], scene().sources[1:]):
        with_one = SceneGraph(sources, (SceneObject("a", "cup"), SceneObject("b", "box")))
        assert not len(drawn(with_one).graph)
    vague = scene(attributes=(), relations=())
    assert not len(drawn(vague).graph)
    identical = scene(
        objects=tuple(SceneObject(n, "cup", groundings=(seen(), said())) for n in "ab"),
        attributes=(Attribute("x", "a", "red", groundings=(said(),)),),
        relations=(),
    )
    assert not len(drawn(identical).graph)
    assert not len(drawn(SceneGraph()).graph) and not len(drawn().graph)


def test_of_several_texts_any_that_is_worth_matching_is_drawn() -> None:
    elements = elements_of(SCENES)
    rng = np.random.default_rng(0)
    numbers = Counter()
    first = np.cumsum([0, *elements.sources])
    for _ in range(20):
        views = draw_views(elements, rng.random((2, len(SCENES))))
        numbers.update((views.text - first[views.graph]).tolist())
    # caption0 (often one object), caption1 (some of it), caption2 (all of it: never), statement0
    assert numbers[1] > 100 and numbers[2] > 300 and not numbers[3]


def edits(graph: SceneGraph, count: int = 60) -> list[SceneGraph | None]:
    elements = elements_of([graph] * count)
    everything = np.ones(len(elements.label), dtype=bool)
    found, edited = draw_edits(elements, everything, np.random.default_rng(0).random((LOTS, count)))
    result: list[SceneGraph | None] = []
    o, a, r = len(graph.objects), len(graph.attributes), len(graph.relations)
    value = [found.names[code] for code in found.label[count * o : count * (o + a)]]
    predicate = [found.names[code] for code in found.label[count * (o + a) :]]
    assert [found.names[code] for code in found.label[: count * o]] == [one.label for one in graph.objects] * count
    for i in range(count):
        attributes = [
            Attribute(one.id, one.object, value[i * a + k], one.kind) for k, one in enumerate(graph.attributes)
        ]
        ids = [one.id for one in graph.objects]
        relations = [
            Relation(one.id, ids[found.subject[i * r + k]], predicate[i * r + k], ids[found.target[i * r + k]])
            for k, one in enumerate(graph.relations)
        ]
        result.append(SceneGraph((), graph.objects, attributes, relations) if edited[i] else None)
    return result


def facts(graph: SceneGraph) -> set[tuple[str, ...]]:
    return {(graph.object(a.object).label, a.value) for a in graph.attributes} | set(graph.triples)


PLAIN = SceneGraph(
    (),
    (SceneObject("a", "cup"), SceneObject("b", "box"), SceneObject("c", "hat")),
    (Attribute("x", "a", "red", "colour"), Attribute("y", "b", "blue", "colour"), Attribute("z", "c", "old", "age")),
    (Relation("r", "a", "on", "b"), Relation("s", "b", "next to", "c")),
)


def test_every_edit_makes_one_false_fact_and_each_kind_comes_up() -> None:
    kinds = Counter()
    found = [edited for edited in edits(PLAIN, 200) if edited is not None]
    assert len(found) > 180  # of some graphs none of the tries is an edit
    for edited in found:
        new = facts(edited) - facts(PLAIN)
        if edited.relations == PLAIN.relations:
            assert new == {("cup", "blue"), ("box", "red")}
            kinds["values"] += 1
        else:
            assert edited.attributes == PLAIN.attributes
            assert len(new) == 1 and new < {("box", "on", "cup"), ("cup", "next to", "box"), ("box", "on", "hat")}
            kinds["ends" if ("box", "on", "cup") in new else "predicate"] += 1
    assert all(kinds[kind] > 30 for kind in ("values", "ends", "predicate"))


@pytest.mark.parametrize(
    "graph",
    [
        SceneGraph((), PLAIN.objects),
        SceneGraph((), PLAIN.objects, relations=(Relation("r", "b", "next to", "c"),)),
        SceneGraph((), PLAIN.objects, relations=(Relation("r", "b", "on", "c"), Relation("s", "c", "on", "b"))),
        SceneGraph((), PLAIN.objects, relations=(Relation("r", "b", "on", "c", negated=True),)),
        SceneGraph((), PLAIN.objects, (Attribute("x", "a", "red", "colour"), Attribute("y", "a", "blue", "colour"))),
        SceneGraph((), PLAIN.objects, (PLAIN.attributes[0], PLAIN.attributes[2])),
    ],
)
def test_nothing_where_every_edit_would_be_true_or_say_the_same(graph: SceneGraph) -> None:
    assert "next to" in SYMMETRIC
    assert edits(graph, 20) == [None] * 20


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "corpus"
    with CorpusWriter(folder, row_group=10) as writer:
        writer.write_all(SCENES)
    return folder


def data(corpus: Path, **settings: Any) -> GraphDataModule:
    return GraphDataModule(str(corpus), cache=str(corpus.parent), holdout=2, **{"views": 1.0, **settings})


def read(batch: GraphBatch, vocabulary: Vocabulary, graph: int) -> tuple[Counter[str], set[tuple[str, ...]]]:
    """Labels of the objects, and the facts of a packed graph."""
    owner, subject, target = arguments(batch)
    label = [vocabulary.labels[entry] for entry in batch.label.tolist()]
    objects: Counter[str] = Counter()
    facts = set()
    for node in range(int(batch.offsets[graph]) + 1, int(batch.offsets[graph + 1])):
        if batch.kind[node] == NodeKind.OBJECT:
            objects[label[node]] += 1
        elif batch.kind[node] == NodeKind.ATTRIBUTE:
            facts.add((label[owner[node]], label[node]))
        elif batch.kind[node] == NodeKind.RELATION:
            facts.add((label[subject[node]], label[node], label[target[node]]))
    return objects, facts


def test_views_of_the_world_in_a_batch(corpus: Path) -> None:
    module = data(corpus)
    batch = module.pack("train", np.arange(30), 0)
    graphs = batch.graphs
    assert batch.scenes.tolist() == list(range(30))
    of_view = [(graphs.view == each).nonzero().squeeze(1).tolist() for each in View]
    assert [len(of_view[View.SAID]), len(of_view[View.SHOWN])] == [30, 30] and len(of_view[View.EDITED]) >= 24
    for part in (View.SAID, View.SHOWN, View.EDITED):
        for graph in of_view[part]:
            objects, found = read(graphs, module.vocabulary, graph)
            whole_objects, whole = read(graphs, module.vocabulary, int(batch.items[graph]))
            assert objects <= whole_objects
            if part == View.SHOWN:
                assert (objects, found) == (whole_objects, whole)
            elif part == View.SAID:
                assert found < whole
            else:
                said = next(g for g in of_view[View.SAID] if batch.items[g] == batch.items[graph])
                said_objects, said_facts = read(graphs, module.vocabulary, said)
                assert objects == said_objects and found - whole
                assert len(found - said_facts) in (1, 2)


def test_counterparts_stand_for_the_same(corpus: Path) -> None:
    batch = data(corpus).pack("train", np.arange(30), 0)
    graphs = batch.graphs
    view = graphs.view[graphs.node_graph]
    twin = graphs.counterpart
    assert bool((twin[view == View.WHOLE] == -1).all())
    for here, there in ((View.SAID, View.SHOWN), (View.SHOWN, View.SAID), (View.EDITED, View.SHOWN)):
        nodes = ((view == here) & (twin >= 0)).nonzero().squeeze(1)
        assert bool((view[twin[nodes]] == there).all())
        assert bool((graphs.kind[nodes] == graphs.kind[twin[nodes]]).all())
        items = torch.from_numpy(batch.items)[graphs.node_graph]
        assert bool((items[nodes] == items[twin[nodes]]).all())
        if here != View.EDITED:
            assert bool((graphs.label[nodes] == graphs.label[twin[nodes]]).all())
            assert bool((twin[twin[nodes]] == nodes).all())
        assert bool((twin[graphs.graph_nodes[graphs.view == here]] >= 0).all())
    # All that a text says is shown in the world, and not the other way round.
    assert bool((twin[view == View.SAID] >= 0).all()) and not bool((twin[view == View.SHOWN] >= 0).all())


def same(one: GraphBatch, other: GraphBatch) -> bool:
    names = (
        "label",
        "kind",
        "view",
        "counterpart",
        "edge_type",
        "has_box",
        "has_span",
        "modality",
        "offsets",
        "mention",
    )
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in names)


DROPPING = {"views": 0.5, "grounding": True, "grounding_dropout": 0.4, "modality_dropout": 0.4}


def test_all_is_a_function_of_seed_pass_and_graph(corpus: Path) -> None:
    items = np.arange(20)
    first, again = data(corpus, **DROPPING), data(corpus, **DROPPING)
    packed = [first.pack("train", items, epoch, training=True).graphs for epoch in range(3)]
    assert same(again.pack("train", items, 1, training=True).graphs, packed[1])
    assert not same(packed[0], packed[1]) and not same(packed[1], packed[2])
    assert not same(data(corpus, seed=1, **DROPPING).pack("train", items, 1, training=True).graphs, packed[1])
    # A graph by itself gets what it gets among others, as on another process.
    for item in range(20):
        alone = first.pack("train", np.array([item]), 1, training=True)
        together = first.pack("train", items, 1, training=True)
        mine = [together.graphs.label[together.graphs.node_graph == g] for g in np.flatnonzero(together.items == item)]
        assert torch.equal(torch.cat(mine), alone.graphs.label)
        boxes = [
            together.graphs.has_box[together.graphs.node_graph == g] for g in np.flatnonzero(together.items == item)
        ]
        assert torch.equal(torch.cat(boxes), alone.graphs.has_box)


def test_shares(corpus: Path) -> None:
    module = data(corpus, views=0.3)
    counts = [int((module.pack("train", np.arange(38), epoch).graphs.view == View.SAID).sum()) for epoch in range(20)]
    assert 0.2 < sum(counts) / 20 / 38 < 0.4


def test_views_have_no_words_and_do_not_change_the_graphs_they_are_of(corpus: Path) -> None:
    with_views = data(corpus, grounding=True).pack("train", np.arange(30), 0, training=True).graphs
    without = data(corpus, grounding=True, views=0.0).pack("train", np.arange(30), 0, training=True).graphs
    n = without.num_nodes
    assert bool((with_views.kind[n:] != NodeKind.WORD).all()) and bool((without.kind == NodeKind.WORD).any())
    for name in ("label", "kind", "box", "has_box", "has_span", "modality", "mention", "text"):
        assert torch.equal(getattr(with_views, name)[:n], getattr(without, name)), name


def test_nothing_says_where_in_a_text_and_an_edit_shows_what_the_truth_does(corpus: Path) -> None:
    settings = {"grounding": True, "grounding_dropout": 0.5}
    batch = data(corpus, **settings).pack("train", np.arange(38), 0, training=True)
    graphs = batch.graphs
    view = graphs.view[graphs.node_graph]
    assert not bool(graphs.has_span[(view == View.SAID) | (view == View.EDITED)].any())
    assert bool(graphs.has_box[view == View.SHOWN].any()) and not bool(graphs.has_box[view == View.SAID].any())
    modality: dict[tuple[int, int], list[int]] = {}
    for graph in range(graphs.num_graphs):
        nodes = slice(int(graphs.offsets[graph]), int(graphs.offsets[graph + 1]))
        modality[int(batch.items[graph]), int(graphs.view[graph])] = graphs.modality[nodes].tolist()
    edited = {item: seen for (item, part), seen in modality.items() if part == View.EDITED}
    assert all(seen == modality[item, View.SAID] for item, seen in edited.items())
    hidden = [not any(seen) for seen in edited.values()]
    assert 0.2 < np.mean(hidden) < 0.8


def test_grounding_dropout_is_of_whole_graphs_in_training_and_leaves_words_their_places(corpus: Path) -> None:
    module = data(corpus, views=0.0, grounding=True, grounding_dropout=0.5)
    plain, dropped = (module.pack("train", np.arange(38), 0, training=flag).graphs for flag in (False, True))
    words = plain.kind == NodeKind.WORD
    assert torch.equal(plain.has_span[words], dropped.has_span[words])
    shown = [
        bool(dropped.has_box[(dropped.node_graph == graph) & (dropped.kind == NodeKind.OBJECT)].any())
        for graph in range(38)
    ]
    assert 8 < sum(shown) < 30
    for graph, there in enumerate(shown):
        nodes = ~words & (plain.node_graph == graph)
        assert torch.equal(dropped.has_box[nodes], plain.has_box[nodes] & there)
        assert torch.equal(dropped.modality[nodes], plain.modality[nodes] * there)
    assert torch.equal(plain.label, dropped.label)


def test_modality_dropout_leaves_what_one_medium_says_or_shows(corpus: Path) -> None:
    module = data(corpus, views=0.0, grounding=True, modality_dropout=1.0)
    batch = module.pack("train", np.arange(38), 0, training=True).graphs
    plain = module.pack("train", np.arange(38), 0).graphs
    media = Counter()
    for graph in range(38):
        nodes = (batch.node_graph == graph) & (batch.kind != NodeKind.WORD)
        found = set(batch.modality[nodes].tolist()) - {0}
        texts = set(batch.text[batch.node_graph == graph].tolist()) - {-1}
        assert len(found) == 1
        is_text = found == {1}
        # What is left of a text has that text beside it; a picture has none.
        assert len(texts) == is_text
        objects, facts = read(batch, module.vocabulary, graph)
        all_objects, all_facts = read(plain, module.vocabulary, graph)
        assert facts < all_facts if is_text else (objects, facts) == (all_objects, all_facts)
        assert bool((batch.mention[(batch.node_graph == graph) & (batch.kind == NodeKind.WORD)] >= 0).any()) == is_text
        media[is_text] += 1
    assert min(media.values()) > 8
    assert bool((plain.modality == 6).any())  # several media: nothing is dropped in validation


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"views": 1.5}, "views is 1.5; expected a share"),
        ({"modality_dropout": -1}, "modality_dropout is -1"),
        ({"grounding_dropout": 0.5}, "grounding_dropout drops what grounding: false does not show"),
    ],
)
def test_wrong_settings(corpus: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data(corpus, **settings)


def test_views_where_they_are_wanted_and_only_there(corpus: Path, tmp_path: Path) -> None:
    data(corpus).check_views(True)
    data(corpus, views=0.0).check_views(False)
    with pytest.raises(ValueError, match=r"Alignment has no pairs with data\.views 0"):
        data(corpus, views=0.0).check_views(True)
    with pytest.raises(ValueError, match="nothing learns from views"):
        data(corpus).check_views(False)
    with CorpusWriter(tmp_path / "corpus") as writer:
        writer.write_all(world.scenes(4, "train", 0))
    with pytest.raises(ValueError, match="none of the first 500 training graphs has a picture or film and a text"):
        data(tmp_path / "corpus").check_views(True)
