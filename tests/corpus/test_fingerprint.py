from pathlib import Path

import pytest
from corpus_samples import small_graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import renamed, scene_graphs

from usg.corpus import Corpus, CorpusWriter
from usg.corpus.fingerprint import graph_hashes, hash_strings
from usg.graph import Attribute, Relation, SceneGraph, SceneObject


def hashes(folder: Path, graphs: list[SceneGraph]) -> list[int]:
    with CorpusWriter(folder, overwrite=True) as writer:
        writer.write_all(graphs)
    corpus = Corpus(folder)
    columns = corpus.columns(slice(None))
    return graph_hashes(columns, hash_strings(columns.labels), hash_strings(columns.kinds)).tolist()


@settings(max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_names_and_order_do_not_count(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    graph = data.draw(scene_graphs())
    first, second = hashes(tmp_path_factory.mktemp("corpus"), [graph, data.draw(renamed(graph))])
    assert first == second


def test_what_is_said_counts(tmp_path: Path) -> None:
    man, dog, dog2 = SceneObject("o0", "man"), SceneObject("o1", "dog"), SceneObject("o2", "dog")

    def graph(*parts: Attribute | Relation, objects: tuple[SceneObject, ...] = (man, dog, dog2)) -> SceneGraph:
        attributes = [part for part in parts if isinstance(part, Attribute)]
        return SceneGraph((), objects, attributes, [part for part in parts if isinstance(part, Relation)])

    red, near = Attribute("a", "o1", "red"), Relation("r", "o0", "near", "o1")
    different = [
        graph(),
        graph(objects=(man, dog)),
        graph(objects=(man, dog, SceneObject("o2", "dog", negated=True))),
        graph(red),
        graph(Attribute("a", "o0", "red")),
        graph(Attribute("a", "o1", "red", kind="colour")),
        graph(Attribute("a", "o1", "red", negated=True)),
        graph(near),
        graph(Relation("r", "o1", "near", "o0")),
        graph(Relation("r", "o0", "near", "o1", negated=True)),
        graph(near, red),
        graph(near, Attribute("a", "o2", "red")),
        graph(near, Relation("s", "o0", "near", "o1")),
        graph(near, Relation("s", "o0", "near", "o2")),
        small_graph(0),
        small_graph(1),
    ]
    assert len(set(hashes(tmp_path / "c", different))) == len(different)
    # The second dog is as good as the first.
    one, other = hashes(
        tmp_path / "c", [graph(red, near), graph(Attribute("a", "o2", "red"), Relation("r", "o0", "near", "o2"))]
    )
    assert one == other


def test_numbers_are_the_same_in_every_process() -> None:
    assert hash_strings(["cat"]).tolist() == [3686158003148265519]  # BLAKE2b-64, big end first
