"""What a graph transformer must not care about, and what it must."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import random

import pytest
import torch
from torch import Tensor

from usg.batch import GraphBatch, Vocabulary
from usg.graph import Attribute, Box, EdgeType, Grounding, NodeKind, Relation, SceneGraph, SceneObject, Source
from usg.nn import (
    SIZES,
    GraphTransformer,
    GraphTransformerConfig,
    graph_transformer_base,
    graph_transformer_small,
    graph_transformer_tiny,
    sized_config,
)
from usg.ops import CSR
from usg.world.scene import sample_graphs

GRAPHS = [SceneGraph(), *sample_graphs(6, "iid", 0)]
VOCABULARY = Vocabulary.from_graphs(GRAPHS[:5], ["what colour is the dog", "is there a ball"])


@pytest.fixture
def model() -> GraphTransformer:
    return build()


def build(two_hop: bool = False, dense: bool = False, dropout: float = 0.0) -> GraphTransformer:
    """A small model in float64 whose edge tables and biases are far from their start."""
    torch.manual_seed(0)
    config = GraphTransformerConfig(dim=32, layers=3, heads=4, two_hop=two_hop, dense=dense, dropout=dropout)
    model = GraphTransformer(config, VOCABULARY).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3) if parameter.dim() < 2 else parameter.data.mul_(8)
    return model


def close(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_the_order_of_nodes_and_graphs_only_orders_the_states(model: GraphTransformer) -> None:
    words = ["what colour is the <mask>" if i % 2 else None for i in range(len(GRAPHS))]
    batch = model.pack(GRAPHS, words)
    order = torch.randperm(batch.num_nodes, generator=torch.Generator().manual_seed(1))
    close(model(permuted(batch, order)), model(batch)[order])


@pytest.mark.parametrize(("two_hop", "dense"), [(False, False), (True, False), (False, True)])
def test_the_order_of_elements_and_graphs_does_not_matter(two_hop: bool, dense: bool) -> None:
    model = build(two_hop, dense)
    graphs = [shuffled(graph, seed) for seed, graph in enumerate(GRAPHS)][::-1]
    states = by_id(model(model.pack(GRAPHS)), GRAPHS)
    others = by_id(model(model.pack(graphs)), graphs)[::-1]
    for one, other in zip(states, others, strict=True):
        assert one.keys() == other.keys()
        for id in one:
            close(one[id], other[id])


@pytest.mark.parametrize(("two_hop", "dense"), [(False, False), (True, False), (False, True)])
def test_packing_changes_nothing(two_hop: bool, dense: bool) -> None:
    model = build(two_hop, dense)
    words = [["is there a zebra", "what colour"] if i % 2 else None for i in range(len(GRAPHS))]
    together = model(model.pack(GRAPHS, words))
    alone = [model(model.pack([graph], [text])) for graph, text in zip(GRAPHS, words, strict=True)]
    close(together, torch.cat(alone))


def test_who_does_what_to_whom_matters(model: GraphTransformer) -> None:
    def scene(subject: str, object: str) -> SceneGraph:
        return SceneGraph(
            objects=[SceneObject("a", "dog"), SceneObject("b", "ball")],
            attributes=[Attribute("c", "a", "red"), Attribute("d", "b", "red")],
            relations=[Relation("r", subject, "above", object)],
        )

    one, other = model(model.pack([scene("a", "b"), scene("b", "a")])).chunk(2)
    assert bool(((one - other).abs().amax(dim=1) > 1e-7).all())  # what is not heard differs by nothing, in float64


def test_attributes_belong_to_their_object(model: GraphTransformer) -> None:
    def scene(owner: str) -> SceneGraph:
        return SceneGraph(
            objects=[SceneObject("a", "dog"), SceneObject("b", "ball")], attributes=[Attribute("c", owner, "red")]
        )

    one, other = model(model.pack([scene("a"), scene("b")])).chunk(2)
    assert distance(one[1], other[1]) > 1e-4


def test_words_do_not_change_the_graph(model: GraphTransformer) -> None:
    plain = model(model.pack(GRAPHS))
    batch = model.pack(GRAPHS, [["is there a <mask>", "zebra"]] * len(GRAPHS))
    close(model(batch)[batch.kind != NodeKind.WORD], plain)


def test_questions_on_one_graph_do_not_hear_each_other(model: GraphTransformer) -> None:
    one, two = "what colour is the dog? <mask>", "is there a ball? <mask>"
    both = model.pack([GRAPHS[2]], [[one, two]])
    states = model(both)
    for text, question in enumerate((one, two)):
        alone = model.pack([GRAPHS[2]], [question])
        close(states[both.text == text], model(alone)[alone.text == 0])


def test_words_hear_the_graph_and_their_order(model: GraphTransformer) -> None:
    batch = model.pack([GRAPHS[1], GRAPHS[2], GRAPHS[2]], ["is it a dog", "is it a dog", "dog a it is"])
    states = model(batch)
    first, second, third = (states[batch.text == text] for text in range(3))
    assert distance(first, second) > 1e-3
    assert distance(second, third.flip(0)) > 1e-3


def test_absent_is_not_zero(model: GraphTransformer) -> None:
    def scene(*regions: Box) -> SceneGraph:
        groundings = tuple(Grounding("i", region) for region in regions or (None,))
        return SceneGraph(
            sources=[Source("i", "image", width=8, height=8)], objects=[SceneObject("a", "dog", groundings=groundings)]
        )

    absent, zero = model(model.pack([scene(), scene(Box(0, 0, 0, 0))], grounding=True)).chunk(2)
    assert distance(absent, zero) > 1e-2


def test_every_feature_is_heard(model: GraphTransformer) -> None:
    batch = model.pack([GRAPHS[1]], grounding=True)
    states = model(batch)
    n = batch.num_nodes
    changes = {
        "label": batch.label.roll(1),
        "kind": (batch.kind + 1) % 5,
        "attribute_kind": batch.label,
        "modality": (batch.modality + 1) % 7,
        "negated": ~batch.negated,
        "box": torch.rand(n, 4),
        "has_box": ~batch.has_box,
        "has_time": ~batch.has_time,
        "has_span": ~batch.has_span,
    }
    for name, value in changes.items():
        assert distance(model(dataclasses.replace(batch, **{name: value})), states) > 1e-3, name


def test_the_kind_of_an_attribute_is_heard_even_if_its_value_is_hidden(model: GraphTransformer) -> None:
    def scene(kind: str | None) -> SceneGraph:
        return SceneGraph(objects=[SceneObject("a", "dog")], attributes=[Attribute("c", "a", "<mask>", kind=kind)])

    without, colour, size = model(model.pack([scene(None), scene("colour"), scene("size")])).chunk(3)
    assert distance(without[2], colour[2]) > 1e-3
    assert distance(size[2], colour[2]) > 1e-3


def test_every_weight_learns() -> None:
    model = build()
    batch = model.pack(GRAPHS, ["what <mask>"] * len(GRAPHS), grounding=True)
    model.label_logits(model(batch), None)[:, 3:].logsumexp(-1).sum().backward()
    untaught = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert not untaught - {"nodes.time.linear.weight", "nodes.time.linear.bias"}  # these scenes have no times


def test_logits_are_of_the_kind(model: GraphTransformer) -> None:
    states = model(model.pack(GRAPHS))
    for kind in (NodeKind.OBJECT, NodeKind.ATTRIBUTE, NodeKind.RELATION, NodeKind.WORD):
        logits = model.label_logits(states, kind)
        assert torch.equal(logits.isfinite().all(dim=0), torch.from_numpy(VOCABULARY.of_kind(kind)))
        assert torch.equal(logits.isfinite().any(dim=0), torch.from_numpy(VOCABULARY.of_kind(kind)))
    assert model.label_logits(states).isfinite().any(dim=0).nonzero().flatten().tolist() == list(
        range(3, len(VOCABULARY))
    )
    with pytest.raises(ValueError, match="no graph to predict"):
        model.label_logits(states, NodeKind.GRAPH)


def test_the_kept_label_table_is_never_stale(model: GraphTransformer) -> None:
    batch = model.pack(GRAPHS)
    states = model(batch)

    def logits_with_no_memory(of: Tensor) -> Tensor:
        return copy.deepcopy(model).label_logits(of, NodeKind.OBJECT)

    def loss() -> Tensor:
        logits = model.label_logits(states.detach(), NodeKind.OBJECT)
        close(logits, logits_with_no_memory(states.detach()))
        return logits.logsumexp(-1).sum()

    loss().backward()
    loss().backward()  # the graph of the first table is gone by now
    with torch.no_grad():
        loss()
        model.labels.ids.add_(1.0)
    loss().backward()
    model.float()
    assert model.label_logits(states.detach().float(), NodeKind.OBJECT).dtype == torch.float32


def test_a_batch_of_another_vocabulary_is_refused(model: GraphTransformer) -> None:
    other = GraphTransformer(model.config, Vocabulary.build({"dog": 1}))
    with pytest.raises(ValueError, match="packed with a vocabulary of 4 strings"):
        model(other.pack(GRAPHS[:2]))


def test_dropout_only_in_training() -> None:
    model = build(dropout=0.5)
    batch = model.pack(GRAPHS)
    assert not torch.equal(model(batch), model(batch))
    model.eval()
    assert torch.equal(model(batch), model(batch))


def test_copies_and_pickles(model: GraphTransformer) -> None:
    batch = model.pack(GRAPHS)
    states = model(batch)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(batch), states)


def test_sizes() -> None:
    vocabulary = Vocabulary.build({"dog": 1}, buckets=1)
    with torch.device("meta"):
        tiny, small = graph_transformer_tiny(vocabulary), graph_transformer_small(vocabulary, dropout=0.1)
        base = graph_transformer_base(vocabulary)
    assert tiny.num_parameters == pytest.approx(1e6, rel=0.2)
    assert small.num_parameters == pytest.approx(5e6, rel=0.1)
    assert base.num_parameters == pytest.approx(40e6, rel=0.1)
    assert {"tiny": tiny.config, "base": base.config} == {name: SIZES[name] for name in ("tiny", "base")}
    assert small.config == sized_config("small", dropout=0.1)
    assert all(config.dropout == 0.0 for config in SIZES.values())


def test_it_starts_near_the_frequencies_of_the_labels() -> None:
    counts = {f"thing {i}": 1 + 50 * i for i in range(40)}
    vocabulary = Vocabulary.build(objects=counts)
    graphs = [SceneGraph(objects=[SceneObject("a", label)]) for label in counts]
    expected = torch.log_softmax(torch.log(torch.tensor([float(counts[name]) for name in vocabulary.labels[3:]])), 0)
    distances = []
    for seed in range(5):
        torch.manual_seed(seed)
        model = graph_transformer_tiny(vocabulary)
        logits = model.label_logits(model(model.pack(graphs)), NodeKind.OBJECT).detach()[:, 3:]
        distances.append((torch.log_softmax(logits, -1) - expected).exp().sub(1).abs().mean())
        rare, frequent = logits[:, -10:].mean(), logits[:, :10].mean()
        assert rare < frequent - 1.0
    assert torch.stack(distances).median() < 3.0


def distance(one: Tensor, other: Tensor) -> float:
    return (one - other).detach().abs().max().item()


def permuted(batch: GraphBatch, order: Tensor) -> GraphBatch:
    """The same batch with node i at the place of node `order[i]`."""
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    graph, edge_order = CSR.from_edges(place[batch.graph.col], place[batch.graph.row_index], batch.num_nodes)
    names = [
        "label",
        "kind",
        "attribute_kind",
        "modality",
        "negated",
        "box",
        "has_box",
        "time",
        "has_time",
        "span",
        "has_span",
        "node_graph",
        "text",
        "mention",
    ]
    nodes = {name: getattr(batch, name)[order] for name in names}
    return dataclasses.replace(batch, graph=graph, edge_type=batch.edge_type[edge_order], **nodes)


def shuffled(graph: SceneGraph, seed: int) -> SceneGraph:
    rng = random.Random(seed)
    parts = {
        name: tuple(rng.sample(getattr(graph, name), len(getattr(graph, name))))
        for name in ("objects", "attributes", "relations")
    }
    return dataclasses.replace(graph, **parts)


def by_id(states: Tensor, graphs: list[SceneGraph]) -> list[dict[str, Tensor]]:
    rows = iter(states)
    return [{id: next(rows) for id in ("<graph>", *(element.id for element in graph.elements()))} for graph in graphs]


def test_edge_types_have_rows() -> None:
    assert GraphTransformerConfig().edge_types == len(EdgeType)
