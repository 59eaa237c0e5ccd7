import numpy as np
import pytest
from PIL import Image
from small_network import SMALL, WORDS, small_network

from usg.parsers.image import Detections, ImageParser
from usg.parsers.image.embedded import PictureAttributes, PictureDetector, PictureModel, PictureRelations
from usg.parsers.image.embedded.pairs import GRID

WIDTH = SMALL.embedding + GRID * GRID + sum(map(len, WORDS.values.values()))


@pytest.fixture
def model() -> PictureModel:
    return PictureModel(small_network())


@pytest.fixture
def pictures() -> list[Image.Image]:
    generator = np.random.default_rng(0)
    sizes = [(64, 64), (90, 40), (31, 77)]
    return [Image.fromarray(generator.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]


def test_what_is_found_fits_the_picture(model: PictureModel, pictures: list[Image.Image]) -> None:
    for found, image in zip(PictureDetector(model).detect(pictures, 0.0), pictures, strict=True):
        assert len(found)
        assert found.masks is not None
        assert {(mask.width, mask.height) for mask in found.masks} == {image.size}
        assert found.features is not None
        assert found.features.shape == (len(found), WIDTH)
        assert set(found.labels) <= set(WORDS.labels)
        assert (found.boxes[:, 2] <= image.width).all()
        assert (found.boxes[:, 3] <= image.height).all()


def test_a_batch_finds_what_single_pictures_give(model: PictureModel, pictures: list[Image.Image]) -> None:
    detector = PictureDetector(model, precision="float32")
    together = detector.detect(pictures, 0.0)
    for image, found in zip(pictures, together, strict=True):
        (alone,) = detector.detect([image], 0.0)
        assert alone.labels == found.labels
        np.testing.assert_allclose(alone.boxes, found.boxes, atol=1e-3)
        np.testing.assert_allclose(alone.scores, found.scores, atol=1e-5)


def test_bfloat16_finds_about_the_same(model: PictureModel, pictures: list[Image.Image]) -> None:
    # Scores and classes that differ, as those of trained weights do, so that the order is no chance.
    model.network.dense[-1].weight.data[0] *= 200
    model.network.classes.weight.data *= 20
    exact, fast = (
        PictureDetector(model, precision=precision).detect(pictures[:1], 0.0)[0].select(range(5))
        for precision in ("float32", "bfloat16")
    )
    assert exact.scores[0] > exact.scores[4] + 0.04
    assert exact.labels == fast.labels
    np.testing.assert_allclose(exact.boxes, fast.boxes, atol=0.2)
    np.testing.assert_allclose(exact.scores, fast.scores, atol=0.004)
    assert not (exact.boxes == fast.boxes).all()


def test_without_masks(model: PictureModel, pictures: list[Image.Image]) -> None:
    (found,) = PictureDetector(model, masks=False).detect(pictures[:1], 0.0)
    assert found.masks is None


def test_nothing_is_found_above_every_score(model: PictureModel, pictures: list[Image.Image]) -> None:
    assert [len(found) for found in PictureDetector(model).detect(pictures, 1.0)] == [0, 0, 0]


def test_the_parser_takes_the_heads_of_its_detector(model: PictureModel, pictures: list[Image.Image]) -> None:
    parser = ImageParser(PictureDetector(model), threshold=0.0, max_objects=4)
    graph = parser(pictures[1])
    assert len(graph.objects) == 4
    assert {a.kind for a in graph.attributes} <= set(WORDS.values)
    assert "" not in {a.value for a in graph.attributes}
    assert {r.predicate for r in graph.relations} <= set(WORDS.predicates)
    assert parser.version == "picture + picture attributes + picture relations"


def test_heads_can_be_left_out_or_replaced(model: PictureModel, pictures: list[Image.Image]) -> None:
    parser = ImageParser(PictureDetector(model), attributes="none", relations="geometry", threshold=0.0)
    assert parser.attributes is None
    assert parser.version == "picture + geometry"
    assert not parser(pictures[0]).attributes


def test_predicates_of_ones_own(model: PictureModel, pictures: list[Image.Image]) -> None:
    (found,) = PictureDetector(model).detect(pictures[:1], 0.0)
    said = PictureRelations(model, predicates=["atop", "left of"], least=0.0).relations([pictures[0]], [found])[0]
    assert {relation.predicate for relation in said} == {"atop", "left of"}
    assert len(said) == 2 * len(found) * (len(found) - 1)
    known = {
        (r.subject, r.object): r.score
        for r in PictureRelations(model, least=0.0).relations([pictures[0]], [found])[0]
        if r.predicate == "left of"
    }
    for relation in said:
        if relation.predicate == "left of":
            assert abs(known[relation.subject, relation.object] - relation.score) < 1e-6


def test_probabilities_of_values_sum_to_one_with_that_of_none(model: PictureModel) -> None:
    features = np.zeros((1, WIDTH), np.float32)
    features[0, SMALL.embedding + GRID * GRID :] = np.log([0.2, 0.3, 0.5, 0.9, 0.1, 0.1, 0.2, 0.7])
    found = Detections([[0, 0, 9, 9]], [1.0], ["cat"], features=features)
    said = {
        a.kind: (a.value, round(a.score, 6))
        for a in PictureAttributes(model).attributes([Image.new("RGB", (9, 9))], [found])[0]
    }
    assert said == {"colour": ("red", 0.5), "texture": ("striped", 0.7)}  # it most likely has no state


def test_heads_read_a_batch_as_they_read_each_picture(
    model: PictureModel, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = PictureDetector(model).detect(pictures, 0.0)
    values, predicates = PictureAttributes(model), PictureRelations(model, least=0.0)
    alone = [predicates.relations([image], [each])[0] for image, each in zip(pictures, found, strict=True)]
    assert values.attributes([], []) == predicates.relations([], []) == []
    assert values.attributes(pictures, found) == [values.attributes([pictures[0]], [each])[0] for each in found]
    for most in (10_000, 30):  # together, and one after the other
        monkeypatch.setattr("usg.parsers.image.embedded.heads._PAIRS", most)
        for one, batched in zip(alone, predicates.relations(pictures, found), strict=True):
            assert [(r.subject, r.predicate, r.object) for r in one] == [
                (r.subject, r.predicate, r.object) for r in batched
            ]
            assert [r.score for r in batched] == pytest.approx([r.score for r in one], abs=1e-5)


def test_regions_of_another_detector_are_refused(model: PictureModel) -> None:
    found = Detections([[0, 0, 9, 9]], [1.0], ["cat"])
    for head in (PictureAttributes(model).attributes, PictureRelations(model).relations):
        with pytest.raises(ValueError, match="same weights"):
            head([Image.new("RGB", (9, 9))], [found])


def test_an_unknown_precision(model: PictureModel) -> None:
    with pytest.raises(ValueError, match="precision"):
        PictureDetector(model, precision="float8")  # type: ignore[arg-type]
