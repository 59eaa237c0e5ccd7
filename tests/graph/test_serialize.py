"""The JSON form: round trips, the shipped schema, and a located message for everything that does not fit."""

import copy
import json
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from strategies import scene_graphs

from usg.graph import (
    Attribute,
    Box,
    GraphError,
    Grounding,
    Mask,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    Track,
    TrackPoint,
    from_dict,
    from_json,
    json_schema,
    to_dict,
    to_json,
)

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def full() -> SceneGraph:
    """A graph in which every field is set."""
    track = Track((TrackPoint(0, 0.0, Box(0, 0, 1, 1)), TrackPoint(5, 0.2, Mask(4, 6, "abc"))))
    return SceneGraph(
        sources=(
            Source("t", "text", text="two dogs, no cat", parser="spacy", parser_version="3.8"),
            Source("i", "image", uri="a.png", width=640, height=480),
            Source("v", "video", duration=2.5, fps=25.0),
        ),
        objects=(
            SceneObject("o0", "dog", score=0.5, groundings=(Grounding("i", Box(1, 2, 3.5, 4), "hound", 0.9),)),
            SceneObject("o1", "cat", negated=True, groundings=(Grounding("t", TextSpan(((10, 12), (13, 16)))),)),
        ),
        attributes=(
            Attribute("a0", "o0", "two", "count", 2, score=1.0, groundings=(Grounding("i", Mask(2, 3, "01")),)),
        ),
        relations=(
            Relation("r0", "o0", "near", "o1", True, 0.1, TimeSpan(0, 1.5), (Grounding("v", track), Grounding("t"))),
        ),
        metadata={"split": "iid", "questions": [{"question": "?", "depth": 1}]},
    )


GOLDEN = {
    "schema": "usg.scene_graph",
    "version": "1.0",
    "sources": [
        {"id": "t", "modality": "text", "text": "two dogs, no cat", "parser": "spacy", "parser_version": "3.8"},
        {"id": "i", "modality": "image", "uri": "a.png", "width": 640, "height": 480},
        {"id": "v", "modality": "video", "duration": 2.5, "fps": 25.0},
    ],
    "objects": [
        {
            "id": "o0",
            "label": "dog",
            "score": 0.5,
            "groundings": [{"source": "i", "region": {"box": [1, 2, 3.5, 4]}, "label": "hound", "score": 0.9}],
        },
        {
            "id": "o1",
            "label": "cat",
            "negated": True,
            "groundings": [{"source": "t", "region": {"text": [[10, 12], [13, 16]]}}],
        },
    ],
    "attributes": [
        {
            "id": "a0",
            "object": "o0",
            "value": "two",
            "kind": "count",
            "number": 2,
            "score": 1.0,
            "groundings": [{"source": "i", "region": {"mask": {"size": [2, 3], "counts": "01"}}}],
        }
    ],
    "relations": [
        {
            "id": "r0",
            "subject": "o0",
            "predicate": "near",
            "object": "o1",
            "negated": True,
            "score": 0.1,
            "time": [0, 1.5],
            "groundings": [
                {
                    "source": "v",
                    "region": {
                        "track": [
                            {"frame": 0, "seconds": 0.0, "box": [0, 0, 1, 1]},
                            {"frame": 5, "seconds": 0.2, "mask": {"size": [4, 6], "counts": "abc"}},
                        ]
                    },
                },
                {"source": "t"},
            ],
        }
    ],
    "metadata": {"split": "iid", "questions": [{"question": "?", "depth": 1}]},
}


def test_the_written_form_is_the_documented_one() -> None:
    assert to_dict(full()) == GOLDEN
    assert from_dict(GOLDEN) == full()
    assert full().to_dict() == GOLDEN
    assert SceneGraph.from_dict(GOLDEN) == full()
    VALIDATOR.validate(GOLDEN)


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@given(scene_graphs())
def test_round_trip_and_schema(graph: SceneGraph) -> None:
    data = to_dict(graph)
    VALIDATOR.validate(data)
    assert from_dict(data) == graph
    line = to_json(graph)
    assert "\n" not in line
    assert from_json(line) == graph
    assert from_json(line.encode()) == graph


def test_reading_leaves_the_data_as_it_is() -> None:
    data = copy.deepcopy(GOLDEN)
    from_dict(data)["o0"]
    assert data == GOLDEN
    written = to_dict(full())
    written["metadata"]["questions"].append("changed")
    assert full() == from_dict(GOLDEN)


def test_absent_fields_are_left_out_and_null_reads_as_absent() -> None:
    assert to_dict(SceneGraph()) == {"schema": "usg.scene_graph", "version": "1.0", "objects": []}
    data = {**to_dict(SceneGraph()), "objects": [{"id": "o", "label": "x", "score": None}]}
    assert from_dict(data).objects == (SceneObject("o", "x"),)


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOLDEN with the value at a path such as objects.0.label replaced, or removed when it is `...`."""
    data = copy.deepcopy(GOLDEN)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = data
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


NAN = float("nan")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", ..., "no 'schema' among the keys"),
        ("schema", "coco", 'schema is \'coco\'; expected {"schema": "usg.scene_graph"'),
        ("version", "1.3", "version is '1.3', and this program reads '1.0': .* newer usg; install that one"),
        ("version", "0.9", "version is '0.9', and this program reads '1.0'; convert"),
        ("version", 1, "version is 1, and"),
        ("version", ..., "version is None, and"),
        ("objects", ..., "no 'objects' among the keys"),
        ("objects", {"o0": "dog"}, "objects: is dict, expected a list"),
        ("relation", [], "unknown key 'relation', did you mean 'relations'?"),
        ("objects.1", "cat", "objects[1]: is 'cat', expected an object with keys"),
        ("objects.1.lable", "cat", "objects[1]: unknown key 'lable', did you mean 'label'?"),
        ("objects.1.id", ..., "objects[1]: 'id' is missing"),
        ("objects.1.id", "o0", "objects[1] 'o0': id 'o0' is used twice"),
        ("objects.1.id", 7, "objects[1] 7: id 7 is not a non-empty string"),
        ("objects.1.label", "x" * 10_000, "objects[1] 'o1': label 'xxxxxxxxxxxxxxxxxxxxxxxx'... has 10000 characters"),
        ("objects.1.label", " ", "objects[1] 'o1': label is empty"),
        ("objects.1.label", None, "objects[1] 'o1': label None is NoneType, expected str"),
        ("objects.1.label", "\ud800", "objects[1] 'o1': label '\\ud800' is not valid Unicode"),
        ("objects.0.score", NAN, "objects[0] 'o0': score nan is not in [0, 1]"),
        ("objects.0.score", True, "objects[0] 'o0': score True is not in [0, 1]"),
        ("objects.0.negated", "no", "objects[0] 'o0': negated 'no' is not True or False"),
        ("objects.0.groundings", {}, "objects[0].groundings: is dict, expected a list"),
        ("objects.0.groundings.0.where", 1, "objects[0].groundings[0]: unknown key 'where'"),
        (
            "objects.0.groundings.0.source",
            "j",
            "objects[0] 'o0'.groundings[0]: source 'j' is not a source of the graph",
        ),
        (
            "objects.0.groundings.0.region",
            [1, 2],
            "objects[0].groundings[0].region: is [1, 2], expected an object with",
        ),
        (
            "objects.0.groundings.0.region",
            {"bbox": []},
            "groundings[0].region: unknown key 'bbox', did you mean 'box'?",
        ),
        (
            "objects.0.groundings.0.region.box.0",
            NAN,
            "objects[0].groundings[0].region: box (nan, 2, 3.5, 4) has a coordinate that is not finite",
        ),
        ("objects.0.groundings.0.region.box.0", 9, "objects[0].groundings[0].region: box (9, 2, 3.5, 4) is inverted"),
        (
            "objects.0.groundings.0.region.box.0",
            "9",
            "objects[0].groundings[0].region: Box x0 is '9', expected a number",
        ),
        (
            "objects.0.groundings.0.region.box.0",
            ...,
            "objects[0].groundings[0].region: is [2, 3.5, 4], expected 4 numb",
        ),
        (
            "objects.1.groundings.0.region.text",
            [[3, 2]],
            "objects[1].groundings[0].region: text span [(3, 2)] is not asc",
        ),
        (
            "objects.1.groundings.0.region.text",
            [3, 2],
            "objects[1].groundings[0].region: text span [3, 2] is not pairs",
        ),
        (
            "objects.1.groundings.0.region.text",
            [[0, 99]],
            "groundings[0]: text span ends at 99, but the text has 16 code",
        ),
        (
            "attributes.0.groundings.0.region.mask.size",
            [0, 3],
            "attributes[0].groundings[0].region: mask of 0 x 3 pixels",
        ),
        ("attributes.0.groundings.0.region.mask.rle", "", "attributes[0].groundings[0].region: mask is {"),
        (
            "attributes.0.object",
            "o9",
            "attributes[0] 'a0': object 'o9' is not an object of the graph (it has 'o0', 'o1')",
        ),
        ("attributes.0.object", ["o0"], "attributes[0] 'a0': object ['o0'] is not an object of the graph"),
        ("attributes.0.number", NAN, "attributes[0] 'a0': number nan is not a finite number"),
        ("relations.0.subject", "a0", "relations[0] 'r0': subject 'a0' is not an object of the graph"),
        ("relations.0.time", [2, 1], "relations[0].time: time span [2, 1) is not finite and ascending"),
        ("relations.0.time", 3, "relations[0].time: is 3, expected 2 numbers"),
        (
            "relations.0.groundings.0.region.track.1.frame",
            0,
            "relations[0].groundings[0].region: track frames [0, 0] are not ascending",
        ),
        (
            "relations.0.groundings.0.region.track.1.seconds",
            NAN,
            "relations[0].groundings[0].region.track[1]: track point at frame 5, nan s",
        ),
        ("sources.1.width", NAN, "sources[1] 'i': width nan is not a number >= 0"),
        ("sources.1.modality", "picture", "sources[1] 'i': modality 'picture' is not one of text, image, video"),
        ("sources.1.id", "t", "sources[1] 't': id 't' is used twice"),
        ("sources.0.text", 3, "sources[0] 't': text 3 is int, expected str"),
        ("metadata", [], "metadata is list, expected a mapping"),
        ("metadata.questions.0.depth", NAN, "metadata.questions[0].depth: is nan, which JSON cannot hold"),
    ],
)
def test_what_does_not_fit_is_located(path: str, value: Any, message: str) -> None:
    with pytest.raises(GraphError) as error:
        from_dict(changed(path, value))
    text = str(error.value)
    assert "\n" not in text
    head, _, tail = message.partition(" .* ")
    assert head in text
    assert tail in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty text"),
        (" \n", "empty text"),
        ("{", "not JSON: "),
        ("[]", "a scene graph is list; expected {"),
        ('"x"', "a scene graph is str"),
        ("{}", "no 'schema' among the keys []"),
    ],
)
def test_texts_that_are_no_graph(text: str, message: str) -> None:
    with pytest.raises(GraphError) as error:
        from_json(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a": [1, NAN]}, "metadata.a[1]: is nan, which JSON cannot hold"),
        ({"a": {"b": {1: 2}}}, "metadata.a.b: key 1 is int, expected str"),
        ({"a": {1, 2}}, "metadata.a: is set, which JSON cannot hold"),
        ({"a": np.int64(3)}, "metadata.a: is int64, which JSON cannot hold"),
    ],
)
def test_metadata_that_json_cannot_hold_is_refused_when_written(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError) as error:
        to_json(SceneGraph(metadata=metadata))
    assert str(error.value) == message


def test_numpy_numbers_become_plain() -> None:
    box = Box(*np.array([0.5, 1, 2, 3], dtype=np.float32))
    span = TextSpan(((np.int64(0), np.int64(3)),))
    graph = SceneGraph(
        (Source("i", "image"), Source("t", "text")),
        (SceneObject("o", "x", groundings=(Grounding("i", box), Grounding("t", span))),),
    )
    assert from_dict(json.loads(to_json(graph))) == graph
