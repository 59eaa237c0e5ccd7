"""Objectives hide what they say, and nothing they leave visible gives the answer away."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from usg.batch import GraphBatch, Vocabulary, pack
from usg.batch.vocabulary import MASK_INDEX
from usg.graph import (
    Attribute,
    Box,
    EdgeType,
    Grounding,
    NodeKind,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
)
from usg.nn import graph_transformer_tiny
from usg.ops import CSR
from usg.pretrain.objectives import Draws, Endpoint, MaskedCaption, MaskedNode, Objective, Targets
from usg.pretrain.objectives.objective import cross_entropy
from usg.pretrain.objectives.structure import arguments, edges_of_type, select_edges, spread_over_copies

CAPTION = "a man riding a brown horse beside a tree"


def scene() -> SceneGraph:
    def seen(start: int, end: int, box: Box) -> tuple[Grounding, ...]:
        return (Grounding("caption0", TextSpan(((start, end),))), Grounding("image", box))

    return SceneGraph(
        sources=(Source("caption0", "text", text=CAPTION), Source("image", "image", width=100, height=100)),
        objects=(
            SceneObject("o0", "man", groundings=seen(2, 5, Box(10, 10, 40, 60))),
            SceneObject("o1", "horse", groundings=seen(21, 26, Box(5, 40, 60, 90))),
            SceneObject("o2", "tree", groundings=seen(36, 40, Box(70, 0, 100, 90))),
        ),
        attributes=(
            Attribute("a0", "o1", "brown", groundings=(Grounding("caption0", TextSpan(((15, 20),))),)),
            Attribute("a1", "o2", "tall"),
        ),
        relations=(
            Relation("r0", "o0", "riding", "o1", groundings=(Grounding("caption0", TextSpan(((6, 12),))),)),
            Relation("r1", "o1", "under", "o0"),
            Relation("r2", "o1", "beside", "o2"),
        ),
    )


VOCABULARY = Vocabulary.from_graphs([scene()])


def batch_of(count: int = 64, captions: bool = False, two_hop: bool = False) -> GraphBatch:
    return pack([scene()] * count, VOCABULARY, words=[0] * count if captions else None, two_hop=two_hop)


def corrupt(objective: Objective, batch: GraphBatch, seed: int = 0) -> Targets:
    draws = Draws(seed, batch)
    return objective.corrupt(batch, draws.graphs(), draws)


def labels(batch: GraphBatch, label: str) -> torch.Tensor:
    return batch.label == VOCABULARY.index(label)


def test_arguments_are_read_back_off_the_edges() -> None:
    owner, subject, target = arguments(batch_of(2))
    assert owner.tolist()[:9] == [-1, -1, -1, -1, 2, 3, -1, -1, -1]
    assert owner.tolist()[9:] == [-1, -1, -1, -1, 11, 12, -1, -1, -1]
    assert subject.tolist()[6:9] == [1, 2, 2]
    assert target.tolist()[6:9] == [2, 1, 3]


def test_every_graph_hides_something_at_about_the_rate_and_the_original_is_untouched() -> None:
    batch = batch_of(400)
    before = batch.label.clone()
    targets = corrupt(MaskedNode(keep_arguments=0.0, guard_pairs=False), batch)
    assert torch.equal(batch.label, before)
    assert torch.unique(batch.node_graph[targets.nodes]).numel() == 400
    assert torch.equal(targets.answers, batch.label[targets.nodes])
    share = len(targets) / (8 * 400)
    assert 0.27 < share < 0.36
    label = targets.batch.label[targets.nodes]
    assert 0.75 < float((label == MASK_INDEX).float().mean()) < 0.85
    assert 0.10 < float((label == targets.answers).float().mean()) < 0.2  # a tenth kept, some swapped for the same


def test_with_a_mask_share_of_one_every_chosen_node_shows_the_mask() -> None:
    targets = corrupt(MaskedNode(mask_share=1.0), batch_of(100))
    assert bool((targets.batch.label[targets.nodes] == MASK_INDEX).all())
    kept_or_swapped = corrupt(MaskedNode(mask_share=0.0), batch_of(100))
    assert not bool((kept_or_swapped.batch.label[kept_or_swapped.nodes] == MASK_INDEX).any())


def test_a_swapped_attribute_gets_a_value_of_its_own_kind() -> None:
    kinds = {"brown": "colour", "red": "colour", "tall": "size", "small": "size", "old": None, "calm": None}
    graphs = [
        SceneGraph(
            objects=(SceneObject("o", "horse"), SceneObject("p", "tree")),
            attributes=tuple(Attribute(f"a{i}", "o", value, kind=kinds[value]) for i, value in enumerate(values)),
        )
        for values in (("brown", "tall", "old"), ("red", "small", "calm"))
    ]
    vocabulary = Vocabulary.from_graphs(graphs)
    batch = pack(graphs * 200, vocabulary)
    targets = corrupt(MaskedNode(attribute_rate=0.5, object_rate=0.5, relation_rate=0.0), batch)
    changed = 0
    for node, answer in zip(targets.nodes.tolist(), targets.answers.tolist(), strict=True):
        now, before = (vocabulary.label(index) for index in (int(targets.batch.label[node]), answer))
        if now not in ("<mask>", before):
            changed += 1
            assert (now in kinds) == (before in kinds) and kinds.get(now) == kinds.get(before)
    assert changed > 20


def test_rates_are_per_kind() -> None:
    targets = corrupt(MaskedNode(object_rate=0, attribute_rate=1.0, relation_rate=0, keep_arguments=0), batch_of())
    assert set(targets.batch.kind[targets.nodes].tolist()) == {NodeKind.ATTRIBUTE}


def test_an_inverse_relation_is_hidden_with_the_one_asked_for() -> None:
    batch = batch_of(200)
    objective = MaskedNode(object_rate=0, attribute_rate=0, relation_rate=0.2, keep_arguments=0)
    targets = corrupt(objective, batch)
    asked = torch.zeros(batch.num_nodes, dtype=torch.bool)
    asked[targets.nodes] = True
    riding, under = labels(batch, "riding"), labels(batch, "under")
    only_riding = batch.node_graph[asked & riding]
    inverse = targets.batch.label[under & torch.isin(batch.node_graph, only_riding)]
    assert bool((inverse[~asked[under & torch.isin(batch.node_graph, only_riding)]] == MASK_INDEX).all())
    open_guard = corrupt(
        MaskedNode(object_rate=0, attribute_rate=0, relation_rate=0.2, keep_arguments=0, guard_pairs=False), batch
    )
    unguarded = open_guard.batch.label[under & torch.isin(batch.node_graph, only_riding)]
    assert float((unguarded == MASK_INDEX).float().mean()) < 0.4


def test_kept_arguments_stay_visible() -> None:
    batch = batch_of(200)
    targets = corrupt(MaskedNode(keep_arguments=1.0), batch)
    asked = torch.zeros(batch.num_nodes, dtype=torch.bool)
    asked[targets.nodes] = True
    for column in arguments(batch):
        owners = column[asked & (column >= 0)]
        assert not bool(asked[owners].any())


def test_boxes_and_spans_that_would_tell_are_dropped() -> None:
    batch = batch_of(300)
    targets = corrupt(MaskedNode(object_rate=0, attribute_rate=0, relation_rate=1.0, drop_boxes=1.0), batch)
    nodes = targets.nodes
    assert bool(batch.has_span[labels(batch, "riding")].all())
    assert not bool(targets.batch.has_span[nodes].any())
    assert not bool(targets.batch.has_box[labels(batch, "man") | labels(batch, "horse")].any())
    some = corrupt(MaskedNode(object_rate=0, attribute_rate=0, relation_rate=1.0, drop_boxes=0.5), batch)
    kept = some.batch.has_box[labels(batch, "man")].float().mean()
    assert 0.1 < float(kept) < 0.5
    objects = corrupt(MaskedNode(object_rate=1.0, attribute_rate=0, relation_rate=0), batch)
    assert not bool(objects.batch.has_box[objects.nodes].any())


def test_copies_are_hidden_together() -> None:
    batch = batch_of(1)
    # An identity edge both ways between the horse (2) and the tree (3), as a graph merged across media would have.
    source = torch.cat([batch.graph.col.long(), torch.tensor([2, 3])])
    target = torch.cat([batch.graph.row_index.long(), torch.tensor([3, 2])])
    graph, order = CSR.from_edges(source, target, batch.num_nodes)
    types = torch.cat([batch.edge_type, torch.full((2,), EdgeType.IDENTITY)])[order]
    joined = replace(batch, graph=graph, edge_type=types)
    chosen = torch.zeros(batch.num_nodes, dtype=torch.bool)
    chosen[2] = True
    assert spread_over_copies(chosen, joined).nonzero().squeeze(1).tolist() == [2, 3]
    assert spread_over_copies(chosen, batch).nonzero().squeeze(1).tolist() == [2]
    objective = MaskedNode(object_rate=0.4, attribute_rate=0, relation_rate=0, keep_arguments=0)
    for seed in range(40):
        targets = corrupt(objective, joined, seed)
        if targets.nodes.tolist() == [2]:
            changed = targets.batch.has_box
            assert not bool(changed[2]) and not bool(changed[3])
            return
    pytest.fail("no seed hid the horse alone")


def test_shares_split_the_batch() -> None:
    first, second = MaskedNode(share=0.5), MaskedCaption(share=-0.5, mention_rate=1.0)
    batch = batch_of(200, captions=True)
    nodes, words = corrupt(first, batch), corrupt(second, batch)
    left = set(batch.node_graph[nodes.nodes].tolist())
    right = set(batch.node_graph[words.nodes].tolist())
    assert not left & right and len(left | right) == 200 and 70 < len(left) < 130


def test_mentions_are_hidden_whole_and_other_words_stay() -> None:
    batch = batch_of(200, captions=True)
    targets = corrupt(MaskedCaption(mention_rate=0.3), batch)
    assert bool((batch.kind[targets.nodes] == NodeKind.WORD).all())
    assert bool((batch.mention[targets.nodes] >= 0).all())
    graph_side = batch.kind != NodeKind.WORD
    assert torch.equal(targets.batch.label[graph_side], batch.label[graph_side])
    hidden = corrupt(MaskedCaption(mention_rate=0.3, hide_node=1.0), batch)
    assert bool((hidden.batch.label[batch.mention[hidden.nodes]] == MASK_INDEX).all())


@pytest.mark.parametrize("two_hop", [False, True])
def test_a_hidden_endpoint_leaves_no_edge_behind(two_hop: bool) -> None:
    batch = batch_of(100, two_hop=two_hop)
    targets = corrupt(Endpoint(rate=0.5), batch)
    cut = targets.batch
    kinds = (EdgeType.SUBJECT_TO_RELATION, EdgeType.OBJECT_TO_RELATION)
    for edge_type in (*kinds, EdgeType.RELATION_TO_SUBJECT, EdgeType.RELATION_TO_OBJECT):
        listener, speaker = edges_of_type(cut, edge_type)
        relation, thing = (listener, speaker) if edge_type in kinds else (speaker, listener)
        hidden = set(zip(targets.nodes.tolist(), targets.answers.tolist(), strict=True))
        assert not hidden & set(zip(relation.tolist(), thing.tolist(), strict=True))
    _, subject, target = arguments(cut)
    assert bool(((subject[targets.nodes] == -1) ^ (target[targets.nodes] == -1)).all())
    if two_hop:
        _, whole_subject, whole_target = arguments(batch)
        pairs = set(zip(whole_subject[targets.nodes].tolist(), whole_target[targets.nodes].tolist(), strict=True))
        for edge_type in (EdgeType.SUBJECT_TO_OBJECT, EdgeType.OBJECT_TO_SUBJECT):
            listener, speaker = edges_of_type(cut, edge_type)
            seen = set(zip(listener.tolist(), speaker.tolist(), strict=True))
            seen |= {(b, a) for a, b in seen}
            assert not pairs & seen


def test_selecting_edges_keeps_the_handle_consistent() -> None:
    batch = batch_of(3)
    keep = torch.rand(batch.num_edges, generator=torch.Generator().manual_seed(0)) < 0.6
    chosen = select_edges(batch.graph, keep)
    rebuilt, _ = CSR.from_edges(batch.graph.col[keep], batch.graph.row_index[keep], batch.num_nodes)
    for name in ("rowptr", "col", "colptr", "row", "position"):
        assert torch.equal(getattr(chosen, name), getattr(rebuilt, name)), name


def test_objectives_can_be_learnt_together_and_report_their_figures() -> None:
    torch.manual_seed(0)
    model = graph_transformer_tiny(VOCABULARY)
    objectives = torch.nn.ModuleList([MaskedNode(), Endpoint(rate=0.5), MaskedCaption()])
    for objective in objectives:
        objective.build(model.config.dim)
    optimizer = torch.optim.AdamW([*model.parameters(), *objectives.parameters()], lr=1e-3)
    batch = batch_of(16, captions=True)
    losses, metrics = [], {}
    for step in range(30):
        draws = Draws(step, batch)
        lots = draws.graphs()
        current, asked = batch, []
        for objective in objectives:
            asked.append(objective.corrupt(current, lots, draws))
            current = asked[-1].batch
        states = model(current)
        loss = torch.zeros(())
        for objective, targets in zip(objectives, asked, strict=True):
            value, figures = objective.loss(model, states, targets)
            loss = loss + objective.weight * value
            metrics[type(objective).__name__] = figures
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert set(metrics["MaskedNode"]) == {
        f"{kind}_{figure}" for kind in ("object", "attribute", "relation") for figure in ("loss", "accuracy")
    }
    assert 0 <= float(metrics["Endpoint"]["accuracy"]) <= 1 and float(metrics["MaskedCaption"]["loss"]) > 0


def test_a_label_never_seen_as_the_kind_counts_as_wrong_and_adds_no_loss() -> None:
    logits = torch.tensor([[0.0, -torch.inf], [1.0, 0.0]])
    loss, figures = cross_entropy(logits, torch.tensor([1, 0]))
    assert torch.isfinite(loss) and float(figures["accuracy"]) == 0.5


@pytest.mark.parametrize("wrong", [{"object_rate": 1.2}, {"share": 0.0}, {"weight": 0.0}, {"keep_arguments": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="MaskedNode"):
        MaskedNode(**wrong)
