"""A corpus's columns and its scene graphs give the same batch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from random_graphs import random_graph
from torch import Tensor

from usg.batch import GraphBatch, Vocabulary, pack, pack_columns
from usg.corpus import Corpus, CorpusWriter

GRAPHS = [random_graph(seed) for seed in range(60)]
VOCABULARY = Vocabulary.from_graphs(GRAPHS[:5], min_count=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    path = tmp_path_factory.mktemp("corpora") / "corpus"
    with CorpusWriter(path, graphs_per_shard=25) as writer:
        writer.write_all(GRAPHS)
    return Corpus(path)


@pytest.mark.parametrize("grounding", [True, False])
@pytest.mark.parametrize("two_hop", [True, False])
def test_the_same_batch(corpus: Corpus, grounding: bool, two_hop: bool) -> None:
    order = np.random.default_rng(0).permutation(len(GRAPHS))
    for chosen in (np.arange(len(GRAPHS)), order, order[:7], np.array([3, 3]), np.array([], dtype=np.int64)):
        graphs = [GRAPHS[i] for i in chosen]
        words = [[0, "is it a zebra?"] if any(s.modality == "text" for s in g.sources) else None for g in graphs]
        options = {"words": words, "grounding": grounding, "two_hop": two_hop, "dense": two_hop}
        assert_equal(pack_columns(corpus.columns(chosen), VOCABULARY, **options), pack(graphs, VOCABULARY, **options))


def assert_equal(one: GraphBatch, other: GraphBatch) -> None:
    for field in dataclasses.fields(GraphBatch):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, Tensor):
            assert a.dtype == b.dtype, field.name
            assert a.equal(b), field.name
    for name in ("rowptr", "col", "colptr", "row", "position"):
        assert getattr(one.graph, name).equal(getattr(other.graph, name)), name
    assert one.vocabulary_size == other.vocabulary_size
