"""Small corpora with questions, and a small encoder, shared by the tests of this folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from usg.batch import Vocabulary
from usg.corpus import CorpusWriter
from usg.downstream.data import QADataModule
from usg.graph import Attribute, Relation, SceneGraph, SceneObject
from usg.nn import GraphTransformer, GraphTransformerConfig

LABELS = ("dog", "cat", "ball", "cup", "hat")
COLOURS = ("red", "green", "blue")


def toy_scene(seed: int) -> SceneGraph:
    """Two or three different things, each of one colour, and a relation; questions about colours and existence."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(LABELS)[: int(rng.integers(2, 4))]
    objects = [SceneObject(f"o{i}", str(label)) for i, label in enumerate(chosen)]
    attributes = [Attribute(f"a{i}", f"o{i}", str(rng.choice(COLOURS)), kind="colour") for i in range(len(objects))]
    questions = [
        {"question": f"What colour is the {obj.label}?", "answer": attribute.value, "type": "query", "depth": 0}
        for obj, attribute in zip(objects, attributes, strict=True)
    ]
    for label in rng.permutation(LABELS)[:2]:
        answer = "yes" if label in chosen else "no"
        questions.append({"question": f"Is there a {label}?", "answer": answer, "type": "exist", "depth": 0})
    relations = [Relation("r0", "o0", "left of", "o1")]
    return SceneGraph(objects=objects, attributes=attributes, relations=relations, metadata={"questions": questions})


def write(folder: Path, graphs: Sequence[SceneGraph]) -> str:
    with CorpusWriter(folder) as writer:
        writer.write_all(graphs)
    return str(folder)


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def corpora(tmp_path_factory) -> dict[str, str]:
    """Paths of train, val and test, of 300, 40 and 60 toy scenes."""
    folder = tmp_path_factory.mktemp("corpora")
    sizes = {"train": (0, 300), "val": (1000, 40), "test": (2000, 60)}
    return {
        name: write(folder / name, [toy_scene(seed) for seed in range(first, first + count)])
        for name, (first, count) in sizes.items()
    }


@pytest.fixture
def data(corpora) -> QADataModule:
    return QADataModule(**corpora, labels=400, per_scene=None)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory) -> str:
    """The folder of an encoder with random weights, whose vocabulary lacks the answer `no` and the word `hat`."""
    graphs = [toy_scene(seed) for seed in range(50)]
    texts = ["what colour is the a is there yes"]
    full = Vocabulary.from_graphs(graphs, texts)
    keep = [i for i, label in enumerate(full.labels) if label not in ("no", "hat")]
    vocabulary = replace(full, labels=tuple(full.labels[i] for i in keep), counts=full.counts[keep])
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoder")
    GraphTransformer(GraphTransformerConfig(dim=48, layers=2, heads=4), vocabulary).save_pretrained(folder)
    return str(folder)
