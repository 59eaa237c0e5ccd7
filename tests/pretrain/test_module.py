"""The pretraining module: losses, what is drawn when, and that it learns."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer

from usg.batch import Vocabulary, pack
from usg.corpus import CorpusWriter
from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject
from usg.nn import GraphTransformer
from usg.pretrain.callbacks import MaskedPictures
from usg.pretrain.data import GraphDataModule
from usg.pretrain.evaluation import guess
from usg.pretrain.examples import masked_examples
from usg.pretrain.module import PretrainingModule
from usg.pretrain.objectives import Draws, Endpoint, MaskedNode
from usg.training.optimizer import OptimizerSettings
from usg.training.quiet import quiet_lightning

COLOUR = {"ball": "red", "cup": "green", "hat": "blue", "dog": "brown"}


def scenes(n: int) -> Iterator[SceneGraph]:
    """Two things, each of its own colour: a hidden colour follows from the label, a hidden label from the colour."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        labels = [str(label) for label in rng.choice(list(COLOUR), 2)]
        objects = [SceneObject(f"o{i}", label) for i, label in enumerate(labels)]
        attributes = [Attribute(f"a{i}", f"o{i}", COLOUR[label], kind="colour") for i, label in enumerate(labels)]
        yield SceneGraph(objects=objects, attributes=attributes, relations=[Relation("r", "o0", "near", "o1")])


def module(graphs: list[SceneGraph], **settings: object) -> PretrainingModule:
    built = PretrainingModule(**{"dim": 32, "layers": 1, "heads": 2, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    built.encoder = GraphTransformer(built.config, Vocabulary.from_graphs(graphs))
    for objective in built.objectives:
        objective.build(built.config.dim)  # type: ignore[operator]
    return built


def test_masks_are_a_function_of_the_seed() -> None:
    graphs = list(scenes(8))
    built = module(graphs)
    batch = pack(graphs, built.model.vocabulary)
    losses = [float(built.losses(batch, Draws(step, batch))[0].detach()) for step in (5, 5, 6)]
    assert losses[0] == losses[1] != losses[2]


def test_the_loss_is_the_weighted_sum() -> None:
    graphs = list(scenes(8))
    built = module(graphs, objectives=[MaskedNode(weight=2.0), Endpoint(rate=1.0, weight=0.25)])
    batch = pack(graphs, built.model.vocabulary)
    loss, figures = built.losses(batch, Draws(0, batch))
    nodes = sum(figures[f"masked_node/{kind}_loss"] for kind in ("object", "attribute", "relation"))
    assert float(loss.detach()) == pytest.approx(float(2 * nodes + 0.25 * figures["endpoint/loss"]), rel=1e-5)


def test_graphs_with_nothing_to_hide_give_a_loss_of_zero() -> None:
    built = module(list(scenes(2)))
    batch = pack([SceneGraph(), SceneGraph()], built.model.vocabulary)
    loss, figures = built.losses(batch, Draws(0, batch))
    loss.backward()
    assert float(loss.detach()) == 0
    assert figures == {}


def test_objectives_of_one_class_have_names_of_their_own() -> None:
    built = PretrainingModule(objectives=[MaskedNode(share=0.5), Endpoint(), MaskedNode(share=-0.5)])
    assert built.objective_names == ["masked_node", "endpoint", "masked_node2"]
    with pytest.raises(ValueError, match="objectives is empty"):
        PretrainingModule(objectives=[])


def test_size_and_its_replacements() -> None:
    config = PretrainingModule(size="small", layers=2, dropout=0.1).config
    assert (config.dim, config.layers, config.heads, config.dropout) == (256, 2, 8, 0.1)
    with pytest.raises(LookupError, match="did you mean 'small'"):
        PretrainingModule(size="smal")


def test_the_encoder_is_not_there_before_the_data() -> None:
    with pytest.raises(RuntimeError, match="when the vocabulary is known"):
        PretrainingModule().model  # noqa: B018


def test_it_learns_what_can_be_known_and_draws_it(tmp_path: Path) -> None:
    quiet_lightning()
    with CorpusWriter(tmp_path / "corpus") as writer:
        writer.write_all(scenes(200))
    data = GraphDataModule(str(tmp_path / "corpus"), batch_size=32, holdout=20, cache=str(tmp_path))
    settings = OptimizerSettings(learning_rate=5e-3, warmup_steps=10)
    learner = PretrainingModule(dim=32, layers=2, heads=2, objectives=[MaskedNode()], optimizer=settings)
    trainer = Trainer(
        max_steps=100,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        check_val_every_n_epoch=None,
        val_check_interval=100,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path / "run",
        callbacks=[MaskedPictures(every=60)],
    )
    trainer.fit(learner, data)
    for kind in (NodeKind.OBJECT, NodeKind.ATTRIBUTE):
        examples = masked_examples(data.validation_graphs(20))[kind]
        guesses = guess(learner.model, examples)
        right = np.mean([answer == example.answer for answer, example in zip(guesses, examples, strict=True)])
        assert right > 0.95  # one in four or so by chance
    assert float(trainer.callback_metrics["val/masked_node/attribute_accuracy"]) > 0.6

    names = sorted(file.name for file in (tmp_path / "run" / "pictures").iterdir())
    assert names == [f"step_{step:06}_{kind}.svg" for step in (60, 100) for kind in ("attribute", "object", "relation")]
    picture = (tmp_path / "run" / "pictures" / "step_000100_attribute.svg").read_text()
    assert picture.startswith("<svg")
    assert "masked attribute" in picture
    loaded = GraphTransformer.from_pretrained(tmp_path / "run" / "model")
    assert loaded.vocabulary == learner.model.vocabulary
