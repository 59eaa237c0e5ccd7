"""`ImageParser`: from any picture to a graph, with detectors that do what they should and those that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from usg.graph import Box, Mask, SceneGraph, from_json, to_json
from usg.graph.rle import decode_mask, encode_mask
from usg.parsers.image import Detections, ImageError, ImageParser
from usg.parsers.image.calibration import Calibration
from usg.parsers.image.detector import nothing
from usg.parsers.image.heads import AttributeScore, RelationScore

Picture = Image.Image


class Given:
    """A detector that finds what it is given, and remembers how many pictures it saw together."""

    version = "given 1"

    def __init__(self, find: Callable[[Picture], Detections]) -> None:
        self.find = find
        self.batches: list[int] = []
        self.thresholds: list[float] = []

    def detect(self, images: Sequence[Picture], threshold: float) -> list[Detections]:
        self.batches.append(len(images))
        self.thresholds.append(threshold)
        return [self.find(image) for image in images]


class Heads:
    """Both heads, with the scores they are given."""

    version = "heads 2"

    def __init__(self, values: Sequence[AttributeScore] = (), predicates: Sequence[RelationScore] = ()) -> None:
        self.values, self.predicates = values, predicates

    def attributes(self, images: Sequence[Picture], found: Sequence[Detections]) -> Sequence[Sequence[AttributeScore]]:
        return [self.values for _ in images]

    def relations(self, images: Sequence[Picture], found: Sequence[Detections]) -> Sequence[Sequence[RelationScore]]:
        return [self.predicates for _ in images]


def two(image: Picture) -> Detections:
    masks = [encode_mask(np.eye(image.height, image.width, dtype=bool)) for _ in range(2)]
    return Detections([[0, 0, 4, 2], [1, 1, 3, 3]], [0.7, 0.9], ["dog", "couch"], masks)


def blank(width: int = 8, height: int = 6) -> Picture:
    return Image.new("RGB", (width, height), "white")


def labels(graph: SceneGraph) -> list[str]:
    return [obj.label for obj in graph.objects]


def test_a_graph_says_where_from_and_by_what(tmp_path: Path) -> None:
    blank().save(tmp_path / "a.png")
    heads = Heads([AttributeScore(1, "brown", "colour", 0.8)], [RelationScore(1, "on", 0, 0.6)])
    parser = ImageParser(Given(two), attributes=heads, relations=heads)
    graph = parser(tmp_path / "a.png")
    (source,) = graph.sources
    assert (source.id, source.modality, source.uri) == ("image", "image", str(tmp_path / "a.png"))
    assert (source.width, source.height) == (8, 6)
    assert (source.parser, source.parser_version) == ("usg.image", "given 1 + heads 2 + heads 2")
    assert [(o.id, o.label, o.score) for o in graph.objects] == [("o0", "couch", 0.9), ("o1", "dog", 0.7)]
    box, mask = (grounding.region for grounding in graph.objects[1].groundings)
    assert box == Box(0, 0, 4, 2)
    assert isinstance(mask, Mask) and decode_mask(mask).sum() == 6
    assert graph.attributes[0].object == "o1" and graph.attributes[0].kind == "colour"
    assert graph.triples == [("dog", "on", "couch")]
    assert from_json(to_json(graph)) == graph


def test_heads_see_the_objects_of_the_graph_in_its_order() -> None:
    seen: list[Detections] = []

    class Watching(Heads):
        def attributes(
            self, images: Sequence[Picture], found: Sequence[Detections]
        ) -> Sequence[Sequence[AttributeScore]]:
            seen.extend(found)
            return [() for _ in images]

    ImageParser(Given(two), attributes=Watching(), threshold=0.8)(blank())
    assert [found.labels for found in seen] == [("couch",)]


def test_one_threshold_for_everything() -> None:
    heads = Heads(
        [AttributeScore(0, "red", None, 0.85), AttributeScore(0, "blue", None, 0.2)],
        [RelationScore(0, "on", 1, 0.95), RelationScore(0, "near", 1, 0.75), RelationScore(1, "under", 0, 0.4)],
    )
    sizes = {}
    for threshold in (0.0, 0.5, 0.8):
        graph = ImageParser(Given(two), attributes=heads, relations=heads, threshold=threshold)(blank())
        sizes[threshold] = (len(graph.objects), len(graph.attributes))
        if threshold < 0.8:
            between = [r.predicate for r in graph.relations if (r.subject, r.object) == ("o0", "o1")]
            assert between == ["on", "near"]  # several between one pair, the likeliest first
    assert sizes == {0.0: (2, 2), 0.5: (2, 1), 0.8: (1, 1)}


def test_calibrated_scores_are_what_the_threshold_is_of() -> None:
    rule = Calibration(1.0, -2.0)  # 0.9 means 0.55, 0.7 means 0.24
    detector = Given(two)
    graph = ImageParser(detector, calibration=rule, threshold=0.5)(blank())
    assert labels(graph) == ["couch"]
    assert graph.objects[0].score == pytest.approx(float(rule.probability(0.9)), abs=1e-6)
    assert detector.thresholds == [pytest.approx(rule.score(0.5))]


def test_boxes_are_cut_to_the_picture_and_empty_ones_left_out() -> None:
    boxes = [[-5, -5, 3, 3], [7, 0, 50, 50], [20, 20, 30, 30], [2, 2, 2, 4]]
    found = Detections(boxes, [0.9, 0.8, 0.7, 0.6], ["a", "b", "c", "d"])
    graph = ImageParser(Given(lambda _: found))(blank())
    assert [(o.label, o.groundings[0].region) for o in graph.objects] == [
        ("a", Box(0, 0, 3, 3)),
        ("b", Box(7, 0, 8, 6)),
    ]


def test_the_best_objects_stay() -> None:
    scores = np.linspace(0.5, 1, 30)
    found = Detections([[0, 0, 4, 4]] * 30, scores, [f"thing {i}" for i in range(30)])
    graph = ImageParser(Given(lambda _: found), max_objects=3)(blank())
    assert labels(graph) == ["thing 29", "thing 28", "thing 27"]


def test_a_mask_that_covers_nothing_grounds_nothing() -> None:
    masks = [encode_mask(np.zeros((6, 8), bool)), encode_mask(np.ones((6, 8), bool))]
    found = Detections([[0, 0, 4, 2], [1, 1, 3, 3]], [0.9, 0.7], ["dog", "couch"], masks)
    graph = ImageParser(Given(lambda _: found))(blank())
    assert [len(obj.groundings) for obj in graph.objects] == [1, 2]


def test_nothing_found_is_a_graph_without_objects() -> None:
    graph = ImageParser(Given(lambda _: nothing()), attributes=Heads(), relations="geometry")(blank(1, 1))
    assert len(graph) == 0 and graph.sources[0].width == 1


def test_pictures_are_read_in_batches_in_order_and_lazily() -> None:
    detector = Given(lambda image: Detections([[0, 0, 1, 1]], [0.9], [f"w{image.width}"]))
    made: list[int] = []

    def pictures() -> Any:
        for width in range(1, 8):
            made.append(width)
            yield blank(width)

    graphs = ImageParser(detector).pipe(pictures(), batch_size=3)
    assert labels(next(graphs)) == ["w1"] and made == [1, 2, 3]
    assert [labels(graph)[0] for graph in graphs] == [f"w{width}" for width in range(2, 8)]
    assert detector.batches == [3, 3, 1]


def test_pairs_keep_their_context() -> None:
    pairs = [(blank(2), "a"), (b"no picture", "b")]
    told: list[int] = []
    graphs = ImageParser(Given(two)).pipe(pairs, as_tuples=True, on_error=lambda number, _: told.append(number))
    assert [(len(graph), context) for graph, context in graphs] == [(2, "a"), (0, "b")]
    assert told == [1]


def bad_at_five(image: Picture) -> Detections:
    if image.width == 5:
        return Detections([[0, 0, np.nan, 1]], [0.9], ["dog"])
    return two(image)


def test_a_picture_that_fails_costs_no_neighbour(tmp_path: Path) -> None:
    for width in range(4, 9):
        blank(width).save(tmp_path / f"{width}.png")
    (tmp_path / "6.png").write_text("text")
    told: dict[int, str] = {}
    files = sorted(tmp_path.iterdir())
    graphs = list(ImageParser(Given(bad_at_five)).pipe(files, on_error=told.__setitem__))
    assert [len(graph) for graph in graphs] == [2, 0, 0, 2, 2]
    assert [graph.sources[0].uri for graph in graphs] == list(map(str, files))
    assert told == {
        1: f"{files[1]}: given 1: box 0 is [0.0, 0.0, nan, 1.0], not finite; the detector failed on this picture",
        2: f"{files[2]}: no picture that Pillow reads; it begins with b'text'",
    }


def test_without_on_error_the_first_bad_picture_raises_after_the_good_ones() -> None:
    graphs = ImageParser(Given(bad_at_five)).pipe([blank(4), blank(5)], batch_size=2)
    assert len(next(graphs)) == 2
    with pytest.raises(ImageError, match=r"a Image: given 1: box 0 is .* not finite"):
        next(graphs)
    with pytest.raises(ImageError, match="not finite"):
        ImageParser(Given(bad_at_five))(blank(5))


@pytest.mark.parametrize(
    ("find", "reason"),
    [
        (lambda image: Detections([[0, 0, 1, 1]], [0.5], [""]), "a detector gives words"),
        (lambda image: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda image: two(blank(3, 3)), "mask 0 has 3 x 3 pixels, the picture 8 x 6"),
        (lambda image: Detections([[0, 0, 1, 1]], [0.9], ["x" * 2000]), "label 'x+'... has 2000 characters"),
    ],
)
def test_a_detector_that_fails_is_told_in_a_line(find: Any, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as told:
        ImageParser(Given(find))(blank())
    assert "\n" not in str(told.value)


def test_a_missing_package_is_not_the_fault_of_a_picture() -> None:
    def find(image: Picture) -> Detections:
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy")

    with pytest.raises(ModuleNotFoundError, match="scipy"):
        list(ImageParser(Given(find)).pipe([blank()], on_error=lambda number, reason: None))


def test_a_head_that_fails_is_told_in_a_line() -> None:
    wrong = Heads([AttributeScore(9, "red", None, 0.9)])
    with pytest.raises(ImageError, match="a head names region 9; the regions are 0 to 1"):
        ImageParser(Given(two), attributes=wrong)(blank())

    class Broken(Heads):
        def relations(
            self, images: Sequence[Picture], found: Sequence[Detections]
        ) -> Sequence[Sequence[RelationScore]]:
            return [[RelationScore(0, "on", 1, float("nan"))] for _ in images]

    with pytest.raises(ImageError, match=r"'on' between regions 0 and 1 scores nan, not in \[0, 1\]; the head failed"):
        ImageParser(Given(two), relations=Broken())(blank())


def test_a_detector_that_loses_pictures_is_told() -> None:
    class Short(Given):
        def detect(self, images: Sequence[Picture], threshold: float) -> list[Detections]:
            return []

    with pytest.raises(ImageError, match="0 results for 1 pictures"):
        ImageParser(Short(two))(blank())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"threshold": 1.5}, r"the threshold is 1\.5"), ({"max_objects": 0}, "max_objects is 0")],
)
def test_settings_out_of_range_are_told(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ImageParser(Given(two), **settings)
    with pytest.raises(ValueError, match="batch_size is 0"):
        ImageParser(Given(two)).pipe([], batch_size=0)


def test_what_is_no_picture_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a picture is int"):
        ImageParser(Given(two))(3)  # type: ignore[arg-type]
