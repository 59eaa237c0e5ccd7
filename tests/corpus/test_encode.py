import json

import pytest
from corpus_samples import small_graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import scene_graphs

from usg.corpus.decode import decode
from usg.corpus.encode import encode
from usg.corpus.schema import SCHEMA
from usg.graph import Box, Grounding, Mask, SceneGraph, SceneObject, Source, TextSpan, TimeSpan, Track, TrackPoint

PROPERTY = settings(
    max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


@PROPERTY
@given(st.lists(scene_graphs(), max_size=4))
def test_decode_undoes_encode(graphs: list[SceneGraph]) -> None:
    table = encode(graphs)
    assert table.schema == SCHEMA
    table.validate(full=True)
    assert decode(table) == graphs


@PROPERTY
@given(st.lists(scene_graphs(), min_size=3, max_size=5))
def test_a_slice_of_rows_is_a_slice_of_graphs(graphs: list[SceneGraph]) -> None:
    assert decode(encode(graphs).slice(1, 2)) == graphs[1:3]


def test_every_region_comes_back() -> None:
    box, mask = Box(0.1, 0.2, 3, 4), Mask(4, 6, "04")
    regions = [
        None,
        TextSpan(((0, 2), (5, 7))),
        box,
        mask,
        Track((TrackPoint(0, 0.0, box), TrackPoint(3, 0.12, mask))),
        TimeSpan(0.5, 1.5),
    ]
    sources = (Source("t", "text", text="a dog runs"), Source("v", "video", duration=2.0, fps=25.0))
    groundings = tuple(Grounding("t" if isinstance(region, TextSpan) else "v", region) for region in regions)
    graph = SceneGraph(sources, (SceneObject("o", "dog", groundings=groundings),))
    (back,) = decode(encode([graph]))
    assert [each.region for each in back.objects[0].groundings] == regions


def test_ends_are_positions() -> None:
    row = encode([small_graph(0)]).to_pylist()[0]
    assert (row["relations"][0]["subject"], row["relations"][0]["object"]) == (0, 1)
    assert [each["object"] for each in row["attributes"]] == [0, 2]
    assert [each["source"] for each in row["objects"][0]["groundings"]] == [0, 1]
    assert json.loads(row["metadata"])["index"] == 0


def test_no_graphs_make_no_rows() -> None:
    assert encode([]).num_rows == 0
    assert decode(encode([])) == []


def test_metadata_that_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode([SceneGraph(metadata={"score": float("nan")})])
