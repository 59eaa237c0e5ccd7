"""One table of strings: order, kinds, saving, and what does not load."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from usg.batch import Vocabulary, pack
from usg.batch.vocabulary import SPECIALS
from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject, Source


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.build({"ball": 3, "red": 1}, {"red": 2}, {"on": 3}, {"red": 4, "the": 9, "<mask>": 5})


def test_kinds_of_attributes_are_words() -> None:
    graph = SceneGraph(objects=[SceneObject("o", "ball")], attributes=[Attribute("a", "o", "red", kind="colour")])
    vocabulary = Vocabulary.from_graphs([graph])
    assert vocabulary.counts[vocabulary.index("colour"), NodeKind.WORD] == 1
    assert pack([graph], vocabulary).num_unseen == 0


def test_most_frequent_first_then_alphabetical(vocabulary: Vocabulary) -> None:
    assert vocabulary.labels == (*SPECIALS, "the", "red", "ball", "on")
    assert vocabulary.counts[vocabulary.index("red")].tolist() == [0, 1, 2, 0, 4]


def test_kinds_share_entries(vocabulary: Vocabulary) -> None:
    seen = {kind: [vocabulary.label(int(i)) for i in np.flatnonzero(vocabulary.of_kind(kind))] for kind in NodeKind}
    assert seen == {
        NodeKind.GRAPH: [],
        NodeKind.OBJECT: ["red", "ball"],
        NodeKind.ATTRIBUTE: ["red"],
        NodeKind.RELATION: ["on"],
        NodeKind.WORD: ["the", "red"],
    }


def test_unseen_is_entry_zero(vocabulary: Vocabulary) -> None:
    assert vocabulary.index("zebra") == 0
    assert vocabulary.entries(("ball", "zebra")).tolist() == [5, -1]


def test_entries_of_a_tuple_are_kept_per_tuple(vocabulary: Vocabulary) -> None:
    tuples = [("ball",), ("zebra", "on"), (), ("red",), ("the",), ("on",)]
    for _ in range(2):
        assert [vocabulary.entries(labels).tolist() for labels in tuples] == [[5], [-1, 6], [], [4], [3], [6]]
    assert vocabulary.entries(tuples[-1]) is vocabulary.entries(tuples[-1])


def test_min_count_is_over_all_kinds() -> None:
    assert Vocabulary.build({"a": 1, "b": 1}, {"a": 1}, min_count=2).labels == (*SPECIALS, "a")


def test_from_graphs() -> None:
    graph = SceneGraph(
        sources=[Source("c", "text", text="The red ball")],
        objects=[SceneObject("o", "ball")],
        attributes=[Attribute("a", "o", "red")],
        relations=[Relation("r", "o", "on", "o")],
    )
    assert Vocabulary.from_graphs([graph], ["the"]) == Vocabulary.build(
        {"ball": 1}, {"red": 1}, {"on": 1}, {"the": 2, "red": 1, "ball": 1}
    )


def test_save_load_round_trip(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path / "vocab.json")
    loaded = Vocabulary.load(tmp_path / "vocab.json")
    assert loaded == vocabulary
    assert loaded.digest() == vocabulary.digest()
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary


def test_the_digest_tells_what_weights_mean(vocabulary: Vocabulary) -> None:
    more_often = Vocabulary(vocabulary.labels, vocabulary.counts * 2, vocabulary.buckets)
    assert more_often.digest() == vocabulary.digest()
    assert more_often != vocabulary
    others = [
        Vocabulary((*vocabulary.labels[:-1], "under"), vocabulary.counts, vocabulary.buckets),
        Vocabulary(vocabulary.labels, vocabulary.counts, vocabulary.buckets + 1),
        Vocabulary(vocabulary.labels, vocabulary.counts + 1, vocabulary.buckets),
    ]
    assert len({vocabulary.digest(), *(other.digest() for other in others)}) == 4


def test_subword_table_is_the_labels_in_order(vocabulary: Vocabulary) -> None:
    flat, offsets = vocabulary.subword_table()
    for i, label in enumerate(vocabulary.labels):
        assert flat[offsets[i] : offsets[i + 1]].tolist() == vocabulary.subwords(label).tolist()
    assert offsets[len(SPECIALS)] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "other"}, "lacks schema"),
        ({"version": 99}, "version 99"),
        ({"labels": ["a"]}, "starts with"),
        ({"labels": [*SPECIALS, "the", "the", "ball", "on"]}, "'the' occurs twice"),
        ({"counts": {}}, "not a whole vocabulary"),
        ({"buckets": 0}, "0 n-gram buckets"),
    ],
)
def test_what_does_not_load(vocabulary: Vocabulary, tmp_path: Path, change: dict, message: str) -> None:
    path = tmp_path / "vocab.json"
    vocabulary.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        Vocabulary.load(path)


def test_no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no vocabulary at"):
        Vocabulary.load(tmp_path / "vocab.json")
    (tmp_path / "vocab.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        Vocabulary.load(tmp_path / "vocab.json")


def test_state_is_plain_and_whole(vocabulary: Vocabulary) -> None:
    state = json.loads(json.dumps(vocabulary.to_state()))
    assert Vocabulary.from_state(state) == vocabulary
    with pytest.raises(ValueError, match="not whole: KeyError\\('counts'\\)"):
        Vocabulary.from_state({"labels": state["labels"], "buckets": 1})
