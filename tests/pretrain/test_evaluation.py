"""The table of masked prediction: what is hidden is hidden, and its figures are those of the guesses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from usg.batch import Vocabulary
from usg.batch.vocabulary import MASK_INDEX
from usg.graph import NodeKind, SceneGraph
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.pretrain.evaluation import evaluate_masked, guess, guess_top, hide
from usg.pretrain.examples import masked_examples
from usg.world import scenes

TRAIN = list(scenes(200, "train", 0))
TEST = list(scenes(30, "iid", 1))


@pytest.fixture(scope="module")
def model() -> GraphTransformer:
    torch.manual_seed(0)
    return GraphTransformer(GraphTransformerConfig(dim=32, layers=2, heads=2), Vocabulary.from_graphs(TRAIN))


@pytest.mark.parametrize("kind", [NodeKind.OBJECT, NodeKind.ATTRIBUTE, NodeKind.RELATION])
def test_a_guess_does_not_depend_on_what_is_hidden(model: GraphTransformer, kind: NodeKind) -> None:
    field, name = {
        NodeKind.OBJECT: ("objects", "label"),
        NodeKind.ATTRIBUTE: ("attributes", "value"),
        NodeKind.RELATION: ("relations", "predicate"),
    }[kind]
    examples = masked_examples(TEST, per_graph=1)[kind]
    other = TRAIN[0].objects[0].label if kind == NodeKind.OBJECT else "left of"
    changed = []
    for example in examples:
        elements = tuple(
            replace(e, **{name: other}, groundings=()) if e.id == example.element.id else e
            for e in getattr(example.graph, field)
        )
        changed.append(replace(example, graph=replace(example.graph, **{field: elements})))
    assert guess(model, examples, grounding=True) == guess(model, changed, grounding=True)


def test_hiding_masks_the_label_and_drops_its_span_and_box(model: GraphTransformer) -> None:
    examples = masked_examples(TEST, per_graph=1)[NodeKind.OBJECT]
    batch = model.pack([example.graph for example in examples], grounding=True)
    hidden, nodes = hide(batch, examples)
    assert bool((hidden.label[nodes] == MASK_INDEX).all()) and bool(batch.has_box[nodes].all())
    assert not bool(hidden.has_box[nodes].any()) and not bool(hidden.has_span[nodes].any())
    assert bool(batch.modality[nodes].all()) and not bool(hidden.modality[nodes].any())
    answers = [model.vocabulary.index(example.answer) for example in examples]
    assert batch.label[nodes].tolist() == answers


def test_guesses_do_not_depend_on_the_batch(model: GraphTransformer) -> None:
    examples = masked_examples(TEST, per_graph=1)[NodeKind.ATTRIBUTE]
    assert guess(model, examples, batch_size=7) == guess(model, examples, batch_size=64)
    tops = guess_top(model, examples, k=3)
    assert [top[0] for top in tops] == guess(model, examples) and all(len(set(top)) == 3 for top in tops)


def test_the_table_counts_right_guesses_and_knows_the_ceiling(model: GraphTransformer, tmp_path: Path) -> None:
    table = evaluate_masked(model, TRAIN, TEST, per_graph=1, ceiling=lambda example: example.answer)
    examples = masked_examples(TEST, per_graph=1)[NodeKind.OBJECT]
    right = np.mean([g == e.answer for g, e in zip(guess(model, examples), examples, strict=True)])
    assert table.cells["model"]["object"].value == pytest.approx(right)
    assert table.cells["exact_ceiling"]["object"].value == 1.0 and "relation" not in table.cells["exact_ceiling"]
    assert {
        "majority",
        "slot_prior",
        "naive_bayes",
        "naive_bayes_co_objects",
        "bag_of_nodes",
        "model_shuffled_edges",
    } <= set(table.cells)
    assert list(table.cells["freq"]) == ["relation"]
    difference = table.over_naive_bayes["object"]
    assert difference.value == pytest.approx(
        table.cells["model"]["object"].value - table.cells["naive_bayes"]["object"].value
    )
    text = table.to_text()
    assert "naive_bayes" in text and f"{100 * right:.1f}" in text
    table.write_json(tmp_path / "table.json", "usg pretrain test", seed=3)
    written = json.loads((tmp_path / "table.json").read_text())
    assert {"command", "commit", "date", "machine", "protocol", "n", "metrics", "baselines"} <= set(written)
    assert written["seed"] == 3
    assert written["metrics"]["object_accuracy"]["value"] == pytest.approx(right)


def test_nothing_to_hide_is_an_error(model: GraphTransformer) -> None:
    with pytest.raises(ValueError, match="no node to hide"):
        evaluate_masked(model, TRAIN, [SceneGraph()])


def test_graphs_that_training_has_are_counted_apart(model: GraphTransformer) -> None:
    twins = [replace(graph, metadata={}) for graph in TRAIN[:10]]
    table = evaluate_masked(model, TRAIN, [*TEST, *twins], per_graph=1)
    assert table.over_naive_bayes["object"].n == 40 and table.over_naive_bayes_unseen["object"].n == 30
    assert "new graphs" in table.to_text()
    assert not evaluate_masked(model, TRAIN, TEST, per_graph=1).over_naive_bayes_unseen
