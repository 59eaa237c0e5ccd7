"""Models of detectron2 for real: Mask R-CNN and panoptic FPN, small, random, saved and loaded, on the photographs.

detectron2 is in no extra, so these are skipped where it does not import: `make test-peers PEERS_PYTHON=...`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from usg.graph import Box, Mask, SceneGraph, from_json, to_json
from usg.graph.rle import decode_mask, encode_mask, mask_box
from usg.parsers.image import ImageParser
from usg.parsers.image.detectors.detectron2 import Detectron2Detector
from usg.parsers.image.inputs import find_images
from usg.parsers.image.loading import load_image

pytestmark = pytest.mark.peers

THINGS, STUFF = ["person", "dining_table", "dog"], ["things", "sky-other-merged", "grass-merged"]
WORDS, STUFF_WORDS = ["person", "dining table", "dog"], ["things", "sky", "grass"]


@pytest.fixture(scope="module")
def photographs(shared_data: Path) -> list[str]:
    return find_images([str(shared_data / "vision" / "skimage")])


def save(folder: Path, architecture: str) -> tuple[Path, Path]:
    """A configuration and a checkpoint of a small model whose classes are those of the catalogue entry "tiny"."""
    for module in ("config", "checkpoint", "data", "engine", "modeling"):
        pytest.importorskip(f"detectron2.{module}", exc_type=ImportError)
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.config import get_cfg
    from detectron2.data import MetadataCatalog
    from detectron2.modeling import build_model

    MetadataCatalog.get("tiny").set(thing_classes=THINGS, stuff_classes=STUFF)
    cfg = get_cfg()
    cfg.DATASETS.TEST = ("tiny",)
    cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST = 128, 256
    cfg.TEST.DETECTIONS_PER_IMAGE = 10
    model = cfg.MODEL
    model.DEVICE, model.WEIGHTS, model.META_ARCHITECTURE, model.MASK_ON = "cpu", "", architecture, True
    levels = ["p2", "p3", "p4", "p5"]
    model.BACKBONE.NAME = "build_resnet_fpn_backbone"
    model.RESNETS.DEPTH, model.RESNETS.RES2_OUT_CHANNELS = 18, 64
    model.RESNETS.OUT_FEATURES = model.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"]
    model.FPN.OUT_CHANNELS = 32
    model.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]]
    model.RPN.IN_FEATURES = [*levels, "p6"]
    model.ROI_HEADS.NAME, model.ROI_HEADS.IN_FEATURES, model.ROI_HEADS.NUM_CLASSES = "StandardROIHeads", levels, 3
    model.ROI_BOX_HEAD.NAME, model.ROI_BOX_HEAD.NUM_FC, model.ROI_BOX_HEAD.FC_DIM = "FastRCNNConvFCHead", 1, 32
    model.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    model.ROI_MASK_HEAD.NAME, model.ROI_MASK_HEAD.NUM_CONV = "MaskRCNNConvUpsampleHead", 1
    model.ROI_MASK_HEAD.CONV_DIM = 32
    model.SEM_SEG_HEAD.IN_FEATURES, model.SEM_SEG_HEAD.CONVS_DIM, model.SEM_SEG_HEAD.NUM_CLASSES = levels, 32, 3
    model.PANOPTIC_FPN.COMBINE.INSTANCES_CONFIDENCE_THRESH = 0.0
    torch.manual_seed(0)
    DetectionCheckpointer(build_model(cfg), str(folder)).save("model_final")
    (folder / "tiny.yaml").write_text(cfg.dump())
    return folder / "tiny.yaml", folder / "model_final.pth"


def detector(folder: Path, architecture: str) -> Detectron2Detector:
    return Detectron2Detector(*save(folder, architecture))


def own_output(found: Detectron2Detector, file: str) -> Any:
    """What the model says by itself; detectron2's own demo gives it BGR."""
    return found._predict(np.ascontiguousarray(np.asarray(load_image(file))[:, :, ::-1]))


def masks_of(graph: SceneGraph) -> list[np.ndarray]:
    """The pixels of each object; none where only a box grounds it."""
    width, height = graph.sources[0].width, graph.sources[0].height
    found = []
    for obj in graph.objects:
        box, *rest = (grounding.region for grounding in obj.groundings)
        assert isinstance(box, Box) and 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height  # type: ignore[operator]
        mask = rest[0] if rest else encode_mask(np.zeros((height, width), bool))  # type: ignore[arg-type]
        assert isinstance(mask, Mask) and (mask.width, mask.height) == (width, height)
        found.append(decode_mask(mask))
    return found


def test_mask_rcnn_gives_its_own_boxes_and_masks(photographs: list[str], tmp_path: Path) -> None:
    found = detector(tmp_path, "GeneralizedRCNN")
    graphs = list(ImageParser(found, relations="geometry", threshold=0.0).pipe(photographs, batch_size=3))
    for file, graph in zip(photographs, graphs, strict=True):
        own = own_output(found, file)["instances"]
        assert graph.sources[0].uri == file and graph.sources[0].parser_version == "tiny model_final.pth + geometry"
        assert len(graph) == len(own) == 10 and graph.relations
        assert [obj.label for obj in graph.objects] == [WORDS[k] for k in own.pred_classes]
        assert [obj.score for obj in graph.objects] == pytest.approx(own.scores.tolist(), abs=1e-6)
        boxes = [obj.groundings[0].region.xyxy for obj in graph.objects]  # type: ignore[union-attr]
        assert np.allclose(boxes, own.pred_boxes.tensor.numpy(), atol=0.006)  # hundredths of a pixel
        assert all(np.array_equal(a, b) for a, b in zip(masks_of(graph), own.pred_masks.numpy(), strict=True))
        assert sum(len(obj.groundings) == 2 for obj in graph.objects) >= 5
        assert from_json(to_json(graph)) == graph


def test_panoptic_fpn_gives_things_and_stuff_that_share_no_pixel(photographs: list[str], tmp_path: Path) -> None:
    found = detector(tmp_path, "PanopticFPN")
    for file, graph in zip(photographs, ImageParser(found, threshold=0.0).pipe(photographs), strict=True):
        numbers, segments = own_output(found, file)["panoptic_seg"]
        by_score = sorted(segments, key=lambda segment: -segment.get("score", 1.0))
        names = [WORDS[s["category_id"]] if s["isthing"] else STUFF_WORDS[s["category_id"]] for s in by_score]
        assert [obj.label for obj in graph.objects] == names
        assert {"sky", "grass"} < set(names)  # and things
        masks = masks_of(graph)
        assert all(np.array_equal(a, numbers.numpy() == s["id"]) for a, s in zip(masks, by_score, strict=True))
        assert np.sum(masks, axis=0).max() == 1
        for mask, obj in zip(masks, graph.objects, strict=True):
            assert obj.groundings[0].region == mask_box(mask)


def test_a_threshold_keeps_what_scores_more(photographs: list[str], tmp_path: Path) -> None:
    found = detector(tmp_path, "GeneralizedRCNN")
    scores = own_output(found, photographs[0])["instances"].scores.tolist()
    graph = ImageParser(found, threshold=(scores[4] + scores[5]) / 2)(photographs[0])
    assert [obj.score for obj in graph.objects] == pytest.approx(scores[:5], abs=1e-6)


def test_a_configuration_in_memory_and_names_that_are_given(photographs: list[str], tmp_path: Path) -> None:
    file, weights = save(tmp_path, "GeneralizedRCNN")
    from detectron2.config import get_cfg

    cfg = get_cfg()
    cfg.merge_from_file(str(file))
    cfg.DATASETS.TEST, cfg.MODEL.WEIGHTS = (), str(weights)
    cfg.freeze()
    with pytest.raises(ValueError, match="has no class names; give them in order as class_names"):
        Detectron2Detector(cfg)
    graph = ImageParser(Detectron2Detector(cfg, class_names=["man", "desk", "cat"]))(photographs[0])
    assert graph.objects and {obj.label for obj in graph.objects} <= {"man", "desk", "cat"}
    assert graph.sources[0].parser_version == "detectron2 model_final.pth"


def test_what_is_no_model_is_told_in_a_line(tmp_path: Path) -> None:
    file, weights = save(tmp_path, "GeneralizedRCNN")
    (tmp_path / "notes.txt").write_text("notes")
    wrong: list[tuple[Any, Any, type[Exception], str]] = [
        (tmp_path / "no.yaml", weights, FileNotFoundError, "no.yaml; pass a configuration of detectron2"),
        (tmp_path / "notes.txt", weights, ValueError, "notes.txt is no configuration that detectron2 loads"),
        (file, tmp_path / "no.pth", FileNotFoundError, "no.pth; pass a checkpoint of detectron2"),
        (file, tmp_path / "notes.txt", ValueError, "notes.txt is no checkpoint that detectron2 loads"),
        (file, None, ValueError, "tiny has no weights, so it would guess; give weights"),
        (3, weights, TypeError, "cfg is int; expected a CfgNode"),
    ]
    for cfg, checkpoint, error, reason in wrong:
        with pytest.raises(error, match=reason) as told:
            Detectron2Detector(cfg, checkpoint)
        assert "\n" not in str(told.value)
