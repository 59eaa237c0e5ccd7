"""Labels that were never seen lie near those they share letters with."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from usg.batch import Vocabulary, pack
from usg.graph import SceneGraph, SceneObject
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.nn.label_embedding import LabelEmbedding


def embedding(vocabulary: Vocabulary) -> LabelEmbedding:
    torch.manual_seed(0)
    return GraphTransformer(GraphTransformerConfig(dim=64, layers=1), vocabulary).labels


def unseen_rows(labels: LabelEmbedding, vocabulary: Vocabulary, names: list[str]) -> torch.Tensor:
    batch = pack([SceneGraph(objects=[SceneObject(name, name) for name in names])], vocabulary)
    return labels(batch)[batch.label[1:]]


@torch.no_grad()
def test_shared_stems_are_near() -> None:
    vocabulary = Vocabulary.build({"dog": 1})
    labels = embedding(vocabulary)
    skateboard, skateboarder, elephant = unseen_rows(labels, vocabulary, ["skateboard", "skateboarder", "elephant"])
    near, far = F.cosine_similarity(skateboard, skateboarder, dim=0), F.cosine_similarity(skateboard, elephant, dim=0)
    assert float(near) > float(far) + 0.2


def test_a_seen_row_is_its_id_and_its_ngrams() -> None:
    vocabulary = Vocabulary.build({"dog": 1, "cat": 1})
    labels = embedding(vocabulary)
    for name in ("dog", "cat"):
        i = vocabulary.index(name)
        row = labels.ids[i] + labels.buckets[torch.from_numpy(vocabulary.subwords(name))].mean(0)
        torch.testing.assert_close(labels.known()[i], row)
    torch.testing.assert_close(labels.known()[:3], labels.ids[:3])


def test_an_unseen_row_is_unknown_and_its_ngrams() -> None:
    vocabulary = Vocabulary.build({"dog": 1})
    labels = embedding(vocabulary)
    rows = unseen_rows(labels, vocabulary, ["zebra", "dog", "zoo"])
    for row, name in zip(rows[[0, 2]], ("zebra", "zoo"), strict=True):
        expected = labels.ids[0] + labels.buckets[torch.from_numpy(vocabulary.subwords(name))].mean(0)
        torch.testing.assert_close(row, expected)
    torch.testing.assert_close(rows[1], labels.known()[vocabulary.index("dog")])
