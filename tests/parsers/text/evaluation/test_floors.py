"""Floors: the nearest training graph against its definition worked out plainly, and the bag of words."""

from collections import Counter

import numpy as np
import pytest

from usg.formats.factual_csv import read_row
from usg.graph import SceneGraph
from usg.parsers.text.evaluation.captions import words_of
from usg.parsers.text.evaluation.floors import BAG, NEAREST, NearestTrainGraph, bag_of_content_words, floor_facts

WORDS = ["a", "the", "man", "dog", "cat", "horse", "rides", "near", "on", "grass", "brown", "two"]


def plain_nearest(train: list[str], caption: str) -> int:
    """tf-idf vectors over all words, one by one."""
    texts = [words_of(text) for text in train]
    words = sorted({word for text in texts for word in text})
    idf = {w: np.log((1 + len(texts)) / (1 + sum(w in text for text in texts))) + 1 for w in words}

    def vector(text: list[str]) -> np.ndarray:
        counts = Counter(text)
        found = np.array([counts[word] * idf[word] for word in words])
        return found / max(float(np.linalg.norm(found)), 1e-9)

    query = vector(words_of(caption))
    return int(np.argmax([round(float(vector(text) @ query), 9) for text in texts]))


def test_the_nearest_graph_is_that_of_the_definition() -> None:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, generator.integers(2, 7))) for _ in range(80)]
    train = [read_row("1", "2", text, f"( thing{i} )") for i, text in enumerate(texts[:60])]
    nearest = NearestTrainGraph(train)
    for query in texts[60:]:
        assert nearest(query).objects == {(f"thing{plain_nearest(texts[:60], query)}",)}


def test_a_training_caption_gets_its_own_graph() -> None:
    train = [read_row("1", "2", text, f"( thing{i} )") for i, text in enumerate(["a dog", "a cat on grass", "two men"])]
    assert NearestTrainGraph(train)("a cat on grass").objects == {("thing1",)}


def test_no_caption_to_look_among() -> None:
    with pytest.raises(ValueError, match="no training graph has a caption"):
        NearestTrainGraph([SceneGraph()])


def test_floors_with_and_without_training_graphs() -> None:
    assert list(floor_facts(["a dog"], None)) == [BAG]
    both = floor_facts(["a dog", "two cats"], [read_row("1", "2", "a dog", "( dog , is , wet )")])
    assert list(both) == [NEAREST, BAG]
    assert [sorted(facts.all) for facts in both[NEAREST]] == [[("dog",), ("dog", "wet")]] * 2
    assert bag_of_content_words("the and of").all == frozenset()
