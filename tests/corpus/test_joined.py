from dataclasses import fields

import numpy as np
import pytest

from usg import world
from usg.corpus import Corpus, CorpusWriter, JoinedCorpus
from usg.graph import Attribute, SceneGraph, SceneObject


def written(folder, graphs, size=1000):
    with CorpusWriter(folder, row_group=size) as writer:
        writer.write_all(graphs)
    return Corpus(folder)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora with other labels each, and all their graphs in one."""
    folder = tmp_path_factory.mktemp("joined")
    first = list(world.scenes(7, "train", 0, captions=1, questions=1))
    second = [
        SceneGraph(objects=[SceneObject("a", name)], attributes=[Attribute("x", "a", "shy", kind=kind)])
        for name, kind in [("aardvark", "mood"), ("zebra", None), ("dog", "colour")]
    ]
    joined = JoinedCorpus([written(folder / "a", first, 3), written(folder / "b", second)])
    return joined, written(folder / "both", first + second)


def test_reads_as_one_corpus_of_the_same_graphs_does(corpora):
    joined, both = corpora
    assert list(joined) == list(both)
    assert (joined[-1], joined[2:5]) == (both[-1], both[2:5])
    assert (joined.labels, joined.kinds, joined.statistics) == (both.labels, both.kinds, both.statistics)
    assert [joined.metadata(i) for i in (0, 9)] == [both.metadata(i) for i in (0, 9)]
    assert joined.row_group_starts.tolist() == [0, 3, 6, 7, 10]
    assert joined.num_elements.tolist() == both.num_elements.tolist()


@pytest.mark.parametrize("numbers", [[8, 0, 3, 9, 1, 8], [2, 1], [7, 9], []])
def test_columns_are_those_of_one_corpus(corpora, numbers):
    joined, both = corpora
    ours, theirs = joined.columns(numbers), both.columns(numbers)
    for field in fields(ours):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name.endswith("groundings"):
            for part in fields(mine):
                np.testing.assert_array_equal(getattr(mine, part.name), getattr(other, part.name))
        else:
            np.testing.assert_array_equal(mine, other)


def test_refuses_nothing_and_what_is_outside(corpora):
    joined, _ = corpora
    with pytest.raises(ValueError, match="no corpus to join"):
        JoinedCorpus([])
    for call in (lambda: joined[10], lambda: joined[-11], lambda: joined.columns([0, 10]), lambda: joined.metadata(10)):
        with pytest.raises(IndexError, match=r"graph -?1. is outside the corpora, which have 10"):
            call()
