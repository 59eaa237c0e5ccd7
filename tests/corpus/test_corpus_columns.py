from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from corpus_samples import small_graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import scene_graphs

from usg.corpus import Corpus, CorpusWriter, GraphColumns, GroundingColumns
from usg.graph import MODALITIES, Box, Grounding, SceneGraph, TextSpan, TimeSpan, Track

MakeCorpus = Callable[..., Path]
NAN = float("nan")


def assert_grounded(columns: GroundingColumns, groundings: list[tuple[Grounding, ...]], ids: list[list[str]]) -> None:
    """`ids` are the ids of the sources of each element's graph."""
    flat = list(chain(*groundings))
    assert columns.count.tolist() == [len(each) for each in groundings]
    owners = [of_graph for of_graph, each in zip(ids, groundings, strict=True) for _ in each]
    expected = [of_graph.index(each.source) for of_graph, each in zip(owners, flat, strict=True)]
    assert columns.source.tolist() == expected
    boxes, times, spans = [], [], []
    for region in (each.region for each in flat):
        if isinstance(region, Track):
            first = region.points[0].region
            boxes.append(first.xyxy if isinstance(first, Box) else (NAN,) * 4)
            times.append(region.time)
        else:
            boxes.append(region.xyxy if isinstance(region, Box) else (NAN,) * 4)
            times.append((region.start, region.end) if isinstance(region, TimeSpan) else (NAN,) * 2)
        spans.append(region.spans if isinstance(region, TextSpan) else ())
    np.testing.assert_array_equal(columns.box, np.array(boxes).reshape(-1, 4))
    np.testing.assert_array_equal(columns.time, np.array(times).reshape(-1, 2))
    assert columns.span_count.tolist() == [len(each) for each in spans]
    np.testing.assert_array_equal(columns.span, np.array(list(chain(*spans)), int).reshape(-1, 2))


def assert_columns(columns: GraphColumns, graphs: list[SceneGraph]) -> None:
    """The columns hold exactly these graphs."""
    sources = list(chain(*(graph.sources for graph in graphs)))
    objects = list(chain(*(graph.objects for graph in graphs)))
    attributes = list(chain(*(graph.attributes for graph in graphs)))
    relations = list(chain(*(graph.relations for graph in graphs)))
    at = [{obj.id: i for i, obj in enumerate(graph.objects)} for graph in graphs]
    assert len(columns) == len(graphs)
    for name in ("sources", "objects", "attributes", "relations"):
        assert getattr(columns, f"num_{name}").tolist() == [len(getattr(graph, name)) for graph in graphs]
    assert columns.source_id.tolist() == [each.id for each in sources]
    assert columns.source_uri.tolist() == [each.uri for each in sources]
    assert columns.source_text.tolist() == [each.text for each in sources]
    assert [MODALITIES[i] for i in columns.source_modality] == [each.modality for each in sources]
    sizes = [(each.width, each.height) for each in sources]
    np.testing.assert_array_equal(columns.source_size, np.array(sizes, float).reshape(-1, 2))
    np.testing.assert_array_equal(columns.source_duration, np.array([each.duration for each in sources], float))
    assert [columns.labels[code] for code in columns.object_label] == [each.label for each in objects]
    assert columns.object_negated.tolist() == [each.negated for each in objects]
    assert [columns.labels[code] for code in columns.attribute_value] == [each.value for each in attributes]
    kinds = [None if code < 0 else columns.kinds[code] for code in columns.attribute_kind]
    assert kinds == [each.kind for each in attributes]
    assert columns.attribute_negated.tolist() == [each.negated for each in attributes]
    owner = [table[each.object] for table, graph in zip(at, graphs, strict=True) for each in graph.attributes]
    assert columns.attribute_object.tolist() == owner
    assert [columns.labels[code] for code in columns.relation_predicate] == [each.predicate for each in relations]
    ends = [(t[each.subject], t[each.object]) for t, graph in zip(at, graphs, strict=True) for each in graph.relations]
    assert list(zip(columns.relation_subject.tolist(), columns.relation_object.tolist(), strict=True)) == ends
    assert columns.relation_negated.tolist() == [each.negated for each in relations]
    for name, elements in (("attribute", attributes), ("relation", relations)):
        times = [(NAN, NAN) if each.time is None else (each.time.start, each.time.end) for each in elements]
        np.testing.assert_array_equal(getattr(columns, f"{name}_time"), np.array(times).reshape(-1, 2))
    for name in ("object", "attribute", "relation"):
        rows = [(graph, getattr(graph, f"{name}s")) for graph in graphs]
        ids = [[source.id for source in graph.sources] for graph, elements in rows for _ in elements]
        grounded = [each.groundings for _, elements in rows for each in elements]
        assert_grounded(getattr(columns, f"{name}_groundings"), grounded, ids)


@settings(max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(graphs=st.lists(scene_graphs(), min_size=1, max_size=6), data=st.data())
def test_columns_hold_what_the_graphs_hold(
    graphs: list[SceneGraph], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    with CorpusWriter(folder, graphs_per_shard=4, row_group=2) as writer:
        writer.write_all(graphs)
    corpus = Corpus(folder)
    assert_columns(corpus.columns(slice(None)), graphs)
    chosen = data.draw(st.lists(st.integers(-len(graphs), len(graphs) - 1), max_size=8))
    assert_columns(corpus.columns(chosen), [graphs[i] for i in chosen])


def test_any_order_and_repeats_over_many_row_groups(make_corpus: MakeCorpus) -> None:
    corpus = Corpus(make_corpus(graphs=50, shard=20, row_group=6))
    wanted = np.random.default_rng(1).integers(0, 50, 80)
    assert_columns(corpus.columns(wanted), [small_graph(int(i)) for i in wanted])
    assert_columns(corpus.columns(slice(40, 3, -7)), [small_graph(i) for i in range(40, 3, -7)])


def test_the_label_list_is_one_object(make_corpus: MakeCorpus) -> None:
    corpus = Corpus(make_corpus())
    assert corpus.columns([0, 1]).labels is corpus.columns([5]).labels is corpus.labels
    assert list(corpus.labels) == sorted({"cat", "mat", "red", "odd", "on", *(f"thing {i}" for i in range(10))})
