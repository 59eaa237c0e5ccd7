"""detectron2: a contract with objects that have its attributes, and with its own structures where they import."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from usg.graph import Box
from usg.graph.rle import decode_mask
from usg.parsers.image import ImageParser
from usg.parsers.image.detectors import detectron2
from usg.parsers.image.detectors.detectron2 import Detectron2Detector, from_instances, from_panoptic

THINGS, STUFF = ["person", "dining_table"], ["sky-other-merged", "grass-merged"]


class Instances:
    """As detectron2.structures.Instances: fields by attribute, `has` says which there are."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def has(self, name: str) -> bool:
        return name in self.__dict__


def instances(masks: bool = True) -> Instances:
    fields: dict[str, Any] = {
        "pred_boxes": SimpleNamespace(tensor=torch.tensor([[0.0, 0.0, 4.0, 3.0], [2.0, 1.0, 8.0, 6.0]])),
        "scores": torch.tensor([0.9, 0.4]),
        "pred_classes": torch.tensor([1, 0]),
    }
    if masks:
        fields["pred_masks"] = torch.zeros(2, 6, 8, dtype=torch.bool)
        fields["pred_masks"][0, :3, :4] = True
    return Instances(**fields)


def test_instances_are_regions() -> None:
    found = from_instances(instances(), ["person", "dining table"])
    assert found.labels == ("dining table", "person")
    assert found.scores == pytest.approx([0.9, 0.4])
    assert found.boxes.tolist() == [[0, 0, 4, 3], [2, 1, 8, 6]]
    assert found.masks is not None and decode_mask(found.masks[0]).sum() == 12
    assert from_instances(instances(masks=False), THINGS).masks is None


def test_no_instances_are_no_regions() -> None:
    empty = Instances(
        pred_boxes=SimpleNamespace(tensor=torch.zeros(0, 4)), scores=torch.zeros(0), pred_classes=torch.zeros(0),
        pred_masks=torch.zeros(0, 6, 8),
    )  # fmt: skip
    assert len(from_instances(empty, THINGS)) == 0


def test_things_and_stuff_of_a_panoptic_output() -> None:
    segmentation = torch.zeros(6, 8, dtype=torch.int64)
    segmentation[:2] = 1
    segmentation[3:5, 2:4] = 2
    segments = [
        {"id": 1, "isthing": False, "category_id": 0, "area": 16},
        {"id": 2, "isthing": True, "category_id": 1, "score": 0.75, "instance_id": 0},
        {"id": 3, "isthing": True, "category_id": 0, "score": 0.5},  # covered by others
    ]
    found = from_panoptic(segmentation, segments, ["person", "dining table"], ["sky", "grass"])
    assert found.labels == ("sky", "dining table")
    assert found.scores.tolist() == [1.0, 0.75]
    assert found.boxes.tolist() == [[0, 0, 8, 2], [2, 3, 4, 5]]
    assert len(from_panoptic(torch.zeros(2, 2), [], THINGS, STUFF)) == 0


def test_a_class_without_a_name_is_told() -> None:
    with pytest.raises(ValueError, match="class 1 has no name among the 1 known; give class_names or stuff_names"):
        from_instances(instances(), ["person"])


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A predictor in place of detectron2's, and what it was given."""
    given: dict[str, Any] = {"output": {"instances": instances()}}

    def predict(image: np.ndarray) -> Any:
        given["image"] = image
        return given["output"]

    def predictor(cfg: Any, weights: Any, device: str) -> Any:
        catalogue = SimpleNamespace(thing_classes=given.get("things", THINGS), stuff_classes=STUFF)
        return predict, catalogue, "mask_rcnn model_final.pkl"

    monkeypatch.setattr(detectron2, "_predictor", predictor)
    return given


def test_a_predictor_gives_a_graph(built: dict[str, Any]) -> None:
    parser = ImageParser(Detectron2Detector("mask_rcnn.yaml", "model_final.pkl"), threshold=0.5)
    graph = parser(Image.new("RGB", (8, 6), "red"))
    assert [(obj.label, obj.groundings[0].region) for obj in graph.objects] == [("dining table", Box(0, 0, 4, 3))]
    assert graph.sources[0].parser_version == "mask_rcnn model_final.pkl"
    assert built["image"].shape == (6, 8, 3) and built["image"][0, 0].tolist() == [0, 0, 255]  # BGR


def test_the_panoptic_output_is_read_where_there_is_one(built: dict[str, Any]) -> None:
    segments = [{"id": 1, "isthing": False, "category_id": 1}]
    built["output"]["panoptic_seg"] = (torch.ones(6, 8), segments)
    graph = ImageParser(Detectron2Detector("panoptic.yaml"))(Image.new("RGB", (8, 6)))
    assert [obj.label for obj in graph.objects] == ["grass"]


def test_a_model_without_class_names_is_told(built: dict[str, Any]) -> None:
    built["things"] = []
    with pytest.raises(ValueError, match="has no class names; give them in order as class_names"):
        Detectron2Detector("mask_rcnn.yaml")
    assert Detectron2Detector("mask_rcnn.yaml", class_names=["man", "dog"])


def test_an_output_of_another_kind_is_told(built: dict[str, Any]) -> None:
    built["output"] = {"sem_seg": torch.zeros(2, 6, 8)}
    with pytest.raises(ValueError, match="gives sem_seg; expected instances or panoptic_seg"):
        ImageParser(Detectron2Detector("semantic.yaml"))(Image.new("RGB", (8, 6)))


def test_without_detectron2_the_way_to_it_is_told() -> None:
    try:
        import detectron2  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(
            ImportError, match="detectron2 is not installed and on no package index: build it from source"
        ):
            Detectron2Detector("mask_rcnn.yaml")
    else:
        pytest.skip("detectron2 is installed")


@pytest.mark.peers
def test_its_own_structures_are_read() -> None:
    structures = pytest.importorskip("detectron2.structures", exc_type=ImportError)
    own = structures.Instances((6, 8))
    own.pred_boxes = structures.Boxes(torch.tensor([[0.0, 0.0, 4.0, 3.0]]))
    own.scores, own.pred_classes = torch.tensor([0.9]), torch.tensor([1])
    own.pred_masks = torch.ones(1, 6, 8, dtype=torch.bool)
    found = from_instances(own, ["person", "dining table"])
    assert found.labels == ("dining table",) and found.boxes.tolist() == [[0, 0, 4, 3]]
    assert found.masks is not None and decode_mask(found.masks[0]).all()
