"""Attributes and relations by CLIP and SigLIP: the formulas with known evidence, and tiny models end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from usg.parsers.image import Detections, ImageParser
from usg.parsers.image.image_text import ImageText
from usg.parsers.image.zero_shot import VALUES, ZeroShotAttributes, ZeroShotRelations, nearest_pairs


class Known(ImageText):
    """Evidence is the share of a crop's pixels in the colour that a text names, times ten; size that of a crop."""

    version = "known"

    def __init__(self, said: dict[str, float]) -> None:
        self.said, self.seen = said, []  # type: ignore[var-annotated]

    def crops(self, crops: Sequence[Image.Image]) -> Any:
        self.seen += [crop.size for crop in crops]
        return np.stack([np.asarray(crop).reshape(-1, 3).mean(0) / 255 for crop in crops])

    def evidence(self, crops: Any, texts: Sequence[str]) -> Any:
        return np.array([[self.said.get(text, 0.0) for text in texts]] * len(crops))


FOUND = Detections([[10, 10, 30, 30], [60, 20, 80, 40]], [0.9, 0.8], ["dog", "apples"])


def test_a_value_is_weighed_against_its_kind_and_no_value(picture: Image.Image) -> None:
    head = ZeroShotAttributes(
        Known({"a photo of a red dog": np.log(6.0), "a photo of blue apples": np.log(2.0)}),
        values={"colour": ["red", "blue"], "pattern": ["striped"]},
    )
    scores = {(s.object, s.value): s.score for s in head.attributes([picture], [FOUND])[0]}
    assert scores[0, "red"] == pytest.approx(6 / 8)
    assert scores[0, "blue"] == pytest.approx(1 / 8)
    assert scores[1, "blue"] == pytest.approx(2 / 4)
    assert scores[0, "striped"] == pytest.approx(1 / 2)


def test_predicates_are_weighed_each_by_itself_and_in_both_directions(picture: Image.Image) -> None:
    model = Known({"a dog holding apples": np.log(3.0), "a dog next to apples": np.log(4.0), "apples on a dog": -2.0})
    head = ZeroShotRelations(model, predicates=["holding", "next to", "on"], margin=0)
    scores = {(r.subject, r.predicate): r.score for r in head.relations([picture], [FOUND])[0]}
    assert scores[0, "holding"] == pytest.approx(3 / 4)
    assert scores[0, "next to"] == pytest.approx(4 / 5)
    assert scores[0, "on"] == pytest.approx(1 / 2)
    assert scores[1, "on"] < 0.2
    assert model.seen == [(70, 30)]  # around both


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_tiny_models_say_something_of_everything(
    kind: str, models: Callable[[str], Path], picture: Image.Image
) -> None:
    model = ImageText(models(kind), batch_size=2)
    values = ZeroShotAttributes(model).attributes([picture], [FOUND])[0]
    assert len(values) == 2 * sum(map(len, VALUES.values()))
    for i in range(2):
        for of_kind in VALUES:
            assert 0 < sum(v.score for v in values if v.object == i and v.kind == of_kind) < 1
    relations = ZeroShotRelations(model, predicates=["on", "holding"]).relations([picture], [FOUND])[0]
    assert [(r.subject, r.predicate, r.object) for r in relations] == [
        (0, "on", 1), (0, "holding", 1), (1, "on", 0), (1, "holding", 0),
    ]  # fmt: skip
    assert all(0 < r.score < 1 for r in relations)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_the_same_text_and_crop_have_the_same_vector_in_any_batch(
    kind: str, models: Callable[[str], Path], picture: Image.Image
) -> None:
    together, alone = ImageText(models(kind), batch_size=8), ImageText(models(kind), batch_size=1)
    texts = ["a dog", "a photo of a dog on a couch", "a cat"]
    assert np.allclose(together.texts(texts), alone.texts(texts), atol=1e-5)
    crops = [picture, picture.crop((0, 0, 40, 40))]
    assert np.allclose(together.crops(crops), alone.crops(crops), atol=1e-5)
    assert np.allclose(np.linalg.norm(together.crops(crops), axis=1), 1, atol=1e-5)
    assert together.crops([]).shape[0] == 0


def test_evidence_is_that_of_the_model_itself(models: Callable[[str], Path], picture: Image.Image) -> None:
    import torch

    model = ImageText(models("clip"))
    texts = ["a dog", "a cat"]
    inputs = model._processor(text=texts, images=picture, padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model._model(**inputs).logits_per_image.numpy()
    assert np.allclose(model.evidence(model.crops([picture]), texts), logits, atol=1e-4)


def test_heads_of_one_name_share_one_model(models: Callable[[str], Path]) -> None:
    parser = ImageParser("setok", attributes=models("clip"), relations=models("clip"))
    assert isinstance(parser.attributes, ZeroShotAttributes) and isinstance(parser.relations, ZeroShotRelations)
    assert parser.attributes.model is parser.relations.model


def test_the_nearest_pairs_are_looked_at() -> None:
    boxes = np.array([[0, 0, 10, 10], [100, 0, 110, 10], [5, 5, 15, 15], [104, 0, 106, 2]], float)
    assert nearest_pairs(boxes, 2) == [(0, 2), (1, 3)]
    assert len(nearest_pairs(boxes, 100)) == 6
    assert nearest_pairs(boxes[:1], 5) == []


def test_what_is_no_such_model_is_told(models: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match=r"holds no model of pictures and texts .*ViTModel has no image and text"):
        ImageText(models("vit"))
    with pytest.raises(ValueError, match="name kinds with at least one value"):
        ZeroShotAttributes(Known({}), values={"colour": []})
    with pytest.raises(ValueError, match="give a list with at least one"):
        ZeroShotRelations(Known({}), predicates="on")
