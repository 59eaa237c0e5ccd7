"""Alignment is CLIP's loss with edits, learns what can be known, and nothing but the views tells a pair."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lightning.pytorch import Trainer

from usg.batch import GraphBatch, View
from usg.corpus import CorpusWriter
from usg.graph import Attribute, Box, Grounding, NodeKind, Relation, SceneGraph, SceneObject, Source, TextSpan
from usg.graph.subgraph import rename
from usg.nn import GraphTransformer
from usg.pretrain.data import GraphDataModule
from usg.pretrain.module import PretrainingModule
from usg.pretrain.objectives import Alignment, Draws, Endpoint, MaskedCaption, MaskedNode
from usg.training.optimizer import OptimizerSettings
from usg.training.quiet import quiet_lightning

THINGS = ["ball", "cup", "hat", "dog", "box", "pen"]
COLOURS = ["red", "green", "blue", "brown"]


def scenes(n: int) -> Iterator[SceneGraph]:
    """Three coloured things and one relation, all equally likely; a text says two of them: no edit is unlikely."""
    rng = np.random.default_rng(0)
    said = (Grounding("text", TextSpan([(0, 1)])),)
    for _ in range(n):
        where = [said, said, ()]
        objects = [
            SceneObject(f"o{i}", label, groundings=(*where[i], Grounding("image", Box(i, i, 4 + i, 5))))
            for i, label in enumerate(rng.choice(THINGS, 3, replace=False).tolist())
        ]
        attributes = [
            Attribute(f"a{i}", f"o{i}", str(rng.choice(COLOURS)), kind="colour", groundings=where[i]) for i in range(3)
        ]
        relations = [Relation("r", "o0", str(rng.choice(["on", "under"])), "o1", groundings=said)]
        sources = [Source("image", "image", width=9, height=9), Source("text", "text", text="x marks it")]
        yield SceneGraph(sources, objects, attributes, relations)


SCENES = list(scenes(40))


def data(folder: Path, graphs: list[SceneGraph], **settings: object) -> GraphDataModule:
    with CorpusWriter(folder / "corpus") as writer:
        writer.write_all(graphs)
    return GraphDataModule(str(folder / "corpus"), cache=str(folder), **{"views": 1.0, "holdout": 4, **settings})  # type: ignore[arg-type]


def aligned(module: GraphDataModule, *others: torch.nn.Module, **settings: float) -> PretrainingModule:
    """A pretraining that is ready to compute its losses."""
    built = PretrainingModule(dim=32, layers=2, heads=2, objectives=[*others, Alignment(**settings)])  # type: ignore[list-item]
    torch.manual_seed(0)
    built.encoder = GraphTransformer(built.config, module.vocabulary)
    for objective in built.objectives:
        objective.build(32)  # type: ignore[operator]
    return built


def losses(built: PretrainingModule, batch: GraphBatch) -> tuple[float, dict[str, float]]:
    loss, figures = built.losses(batch, Draws(0, batch))
    return float(loss.detach()), {name: float(value.detach()) for name, value in figures.items()}


@torch.no_grad()
def test_it_is_the_formula(tmp_path: Path) -> None:
    module = data(tmp_path, SCENES, grounding=True)
    built = aligned(module, object_weight=0.3, temperature=0.1)
    batch = module.pack("train", np.arange(16), 0).graphs
    loss, figures = losses(built, batch)

    states = built.model(batch)
    objective: Alignment = built.objectives[0]  # type: ignore[assignment]
    view = batch.view[batch.node_graph]
    graphs = {part: F.normalize(objective.graph(states[batch.graph_nodes[batch.view == part]]), dim=1) for part in View}
    texts, pictures, edits = (graphs[part].double() for part in (View.SAID, View.SHOWN, View.EDITED))
    assert len(texts) == len(pictures) == 16 and len(edits) >= 12
    right = torch.arange(16)
    to_pictures = F.cross_entropy(texts @ pictures.T / 0.1, right)
    item = module.pack("train", np.arange(16), 0).items
    texts_of, own = item[(batch.view == View.SAID).numpy()], item[(batch.view == View.EDITED).numpy()]
    place = torch.tensor([int(np.flatnonzero(texts_of == number)[0]) for number in own])
    mean = pictures.mean(0)
    to_edits = (pictures - mean) @ edits.T + texts[place] @ mean
    to_texts = F.cross_entropy(torch.cat([pictures @ texts.T, to_edits], dim=1) / 0.1, right)
    assert figures["alignment/graph_loss"] == pytest.approx(float(to_pictures + to_texts) / 2, rel=1e-5)

    nodes = ((view == View.SAID) & (batch.kind == NodeKind.OBJECT)).nonzero().squeeze(1)
    assert len(nodes) == 32
    said, shown = (F.normalize(objective.object(states[n]), dim=1).double() for n in (nodes, batch.counterpart[nodes]))
    scores, right = said @ shown.T / 0.1, torch.arange(32)
    objects = float(F.cross_entropy(scores, right) + F.cross_entropy(scores.T, right)) / 2
    assert figures["alignment/object_loss"] == pytest.approx(objects, rel=1e-5)
    assert loss == pytest.approx(figures["alignment/graph_loss"] + 0.3 * objects, rel=1e-5)

    true = ((texts[place] - edits) * (pictures[place] - mean)).sum(1) > 1e-5
    assert figures["alignment/edit_accuracy"] == pytest.approx(float(true.double().mean()))


def test_nothing_is_gained_by_telling_edits_whatever_the_picture() -> None:
    objective = Alignment()
    generator = torch.Generator().manual_seed(0)
    said, shown, false = (F.normalize(torch.randn(6, 8, generator=generator), dim=1) for _ in range(3))
    false.requires_grad_()
    for pictures, matters in ((shown, True), (shown[:1].expand(6, 8), False)):
        loss, figures = objective._contrast("graph", said, pictures, torch.tensor(10.0), said, false, pictures)
        (gradient,) = torch.autograd.grad(loss, false)
        assert bool((gradient.abs() > 1e-4).any()) == matters
        assert (float(figures["edit_accuracy"]) > 0) == matters


def renamed(graph: SceneGraph) -> SceneGraph:
    return rename(graph, {element.id: f"{element.id}_{graph.objects[0].label}" for element in graph.elements()})


def mixed(graph: SceneGraph) -> SceneGraph:
    """The same graph in another order of nodes, the same in all graphs."""
    return replace(graph, objects=graph.objects[::-1], attributes=graph.attributes[1:] + graph.attributes[:1])


def retold(graph: SceneGraph) -> SceneGraph:
    """Other words around what the text grounds."""
    return replace(graph, sources=(graph.sources[0], replace(graph.sources[1], text="x says nothing of it")))


@pytest.mark.parametrize("change", [renamed, mixed, retold])
def test_ids_order_and_words_tell_nothing(tmp_path: Path, change: Callable[[SceneGraph], SceneGraph]) -> None:
    plain = data(tmp_path / "plain", SCENES, grounding=True)
    other = data(tmp_path / "other", [change(graph) for graph in SCENES], grounding=True)
    other.use_vocabulary(plain.vocabulary)
    built = aligned(plain)
    found = []
    for module in (plain, other):
        batch = module.pack("train", np.arange(32), 0).graphs
        # Edits are drawn by place: they are left out.
        edited = batch.view[batch.node_graph] == View.EDITED
        found.append(losses(built, replace(batch, view=batch.view.masked_fill(batch.view == View.EDITED, View.WHOLE))))
        assert bool(edited.any())
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)


def test_other_objectives_ask_nothing_of_views(tmp_path: Path) -> None:
    module = data(tmp_path, SCENES)
    built = aligned(module, MaskedNode(share=0.5), Endpoint(rate=1.0, share=-0.5), MaskedCaption(other_rate=0.5))
    batch = module.pack("train", np.arange(32), 0).graphs
    *asked, last = built.corrupt(batch, Draws(0, batch))
    for targets in asked:
        assert len(targets) and bool((batch.view[batch.node_graph[targets.nodes]] == View.WHOLE).all())
    views = batch.view[batch.node_graph] != View.WHOLE
    assert torch.equal(last.batch.label[views], batch.label[views])
    assert not torch.equal(last.batch.label, batch.label)


def test_a_batch_without_pairs_has_no_loss_and_uses_all_weights(tmp_path: Path) -> None:
    text_only = [SceneGraph(graph.sources[1:], [SceneObject("o", "cup")]) for graph in SCENES]
    module = data(tmp_path, text_only)
    built = aligned(module)
    batch = module.pack("train", np.arange(8), 0).graphs
    assert batch.num_graphs == 8
    loss, figures = built.losses(batch, Draws(0, batch))
    assert float(loss.detach()) == 0 and figures == {}
    loss.backward()
    assert all(weight.grad is not None for weight in built.objectives.parameters())


def test_one_pair_alone_is_found(tmp_path: Path) -> None:
    module = data(tmp_path, SCENES)
    batch = module.pack("train", np.arange(1), 0).graphs
    _, figures = losses(aligned(module), batch)
    assert figures["alignment/object_accuracy"] <= 1 and math.isfinite(figures["alignment/graph_loss"])


@pytest.mark.parametrize("wrong", [{"object_weight": -1.0}, {"temperature": 0.0}, {"temperature": 2.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Alignment"):
        Alignment(**wrong)


def test_it_learns_which_text_is_true_of_a_picture(tmp_path: Path) -> None:
    """Of a text and its edit, and among 32 scenes; with the pictures of other scenes it is chance again."""
    quiet_lightning()
    module = data(tmp_path, list(scenes(600)), batch_size=32, holdout=100, captions=False)
    settings = OptimizerSettings(learning_rate=5e-3, warmup_steps=10)
    learner = PretrainingModule(dim=32, layers=3, heads=2, objectives=[Alignment()], optimizer=settings)
    trainer = Trainer(
        max_steps=200,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        check_val_every_n_epoch=None,
        val_check_interval=200,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path / "run",
    )
    trainer.fit(learner, module)
    figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert figures["val/alignment/edit_accuracy"] > 0.9  # half by chance
    assert figures["val/alignment/graph_accuracy"] > 0.8  # one in 32 by chance
    assert figures["val/alignment/object_accuracy"] > 0.8

    held_out = module.pack("train", np.arange(500, 600), 0)
    objective: Alignment = learner.objectives[0]  # type: ignore[assignment]
    with torch.no_grad():
        states = learner.model.eval()(held_out.graphs)[held_out.graphs.graph_nodes]
        z = F.normalize(objective.graph(states), dim=1)
    view = held_out.graphs.view
    texts, pictures, edits = (z[view == part] for part in (View.SAID, View.SHOWN, View.EDITED))
    own = torch.from_numpy(held_out.items[(view == View.EDITED).numpy()] - 500)
    shares = [
        float(((texts[own] * shown).sum(1) > (edits * shown).sum(1)).double().mean())
        for shown in (pictures[own], pictures[own.roll(1)])
    ]
    assert shares[0] > 0.9 and 0.3 < shares[1] < 0.7
