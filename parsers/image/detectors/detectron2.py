"""Models of detectron2: boxes and masks from its `Instances`, things and stuff from its panoptic output.

detectron2 is on no package index and in no extra; its own instructions say how to build it. Its models return

    instances      pred_boxes (tensor (n, 4), xyxy, pixels), scores (n,), pred_classes (n,), perhaps pred_masks
    panoptic_seg   segment numbers (h, w), and for each segment id, isthing, category_id, and a score if it is a thing

The panoptic output is read where there is one. Class names come from the catalogue entry of the training set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from usg.graph.rle import encode_mask, mask_box
from usg.parsers.image.detector import Detections, nothing
from usg.parsers.image.labels import class_names as named_classes

if TYPE_CHECKING:
    from PIL.Image import Image


class Detectron2Detector:
    """A model of detectron2.

    Args:
        cfg: its configuration: a `CfgNode`, or a YAML file.
        weights: a checkpoint, instead of `MODEL.WEIGHTS`.
        class_names: of things by number; those of the catalogue when None.
        stuff_names: of stuff by number, likewise.
        device: where it runs, as "cpu" or "cuda".

    Raises:
        ImportError: detectron2 is not installed.
        FileNotFoundError: there is no such file.
        TypeError: `cfg` is neither.
        ValueError: there are no weights, detectron2 cannot load a file, or the classes have no names.
    """

    def __init__(
        self,
        cfg: Any,
        weights: str | os.PathLike[str] | None = None,
        *,
        class_names: Sequence[str] | None = None,
        stuff_names: Sequence[str] | None = None,
        device: str = "cpu",
    ) -> None:
        self._predict, catalogue, self.version = _predictor(cfg, weights, device)
        things = list(getattr(catalogue, "thing_classes", None) or [])
        stuff = list(getattr(catalogue, "stuff_classes", None) or [])
        self._things = named_classes(things, class_names, self.version)
        self._stuff = named_classes(stuff, stuff_names, f"the stuff of {self.version}") if stuff or stuff_names else ()

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture that score at least the threshold; pictures are read one by one."""
        results = []
        for image in images:
            output = self._predict(
                np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
            )  # BGR, as DefaultPredictor reads
            if output.get("panoptic_seg") is not None:
                segmentation, segments = output["panoptic_seg"]
                found = from_panoptic(segmentation, segments, self._things, self._stuff)
            elif output.get("instances") is not None:
                found = from_instances(output["instances"], self._things)
            else:
                raise ValueError(f"{self.version} gives {', '.join(output)}; expected instances or panoptic_seg")
            results.append(found.select(np.flatnonzero(found.scores >= threshold)))
        return results


def from_instances(instances: Any, names: Sequence[str | None]) -> Detections:
    """The regions of `Instances`.

    Args:
        instances: with pred_boxes, scores, pred_classes, and perhaps pred_masks.
        names: of the classes by number.

    Raises:
        ValueError: a class has no name, or a number is not finite.
    """
    boxes = _array(instances.pred_boxes.tensor)
    labels = [_name(int(number), names) for number in _array(instances.pred_classes)]
    masks = None
    if instances.has("pred_masks"):
        masks = [encode_mask(mask != 0) for mask in _array(instances.pred_masks)]
    return Detections(boxes.reshape(-1, 4), _array(instances.scores), labels, masks)


def from_panoptic(
    segmentation: Any, segments: Sequence[Mapping[str, Any]], things: Sequence[str | None], stuff: Sequence[str | None]
) -> Detections:
    """The regions of a panoptic output: masks, and the boxes around them.

    Args:
        segmentation: segment numbers, (h, w).
        segments: for each its id, isthing, category_id, and score; stuff has none, which counts as 1: it has passed
            the model's own threshold.
        things: names of things by number.
        stuff: names of stuff by number.

    Raises:
        ValueError: a class has no name.
    """
    numbers = _array(segmentation)
    boxes, scores, labels, masks = [], [], [], []
    for segment in segments:
        inside: NDArray[np.bool_] = numbers == segment["id"]
        box = mask_box(inside)
        if box is None:
            continue
        boxes.append(box.xyxy)
        scores.append(float(segment.get("score", 1.0)))
        labels.append(_name(int(segment["category_id"]), things if segment["isthing"] else stuff))
        masks.append(encode_mask(inside))
    return Detections(boxes, scores, labels, masks) if boxes else nothing()


def _name(number: int, names: Sequence[str | None]) -> str:
    name = names[number] if 0 <= number < len(names) else None
    if name is None:
        raise ValueError(f"class {number} has no name among the {len(names)} known; give class_names or stuff_names")
    return name


def _array(tensor: Any) -> NDArray[Any]:
    return np.asarray(tensor.cpu())


def _predictor(
    cfg: Any, weights: str | os.PathLike[str] | None, device: str
) -> tuple[Callable[[NDArray[Any]], dict[str, Any]], Any, str]:
    """What runs a model, the catalogue entry with its class names, and its name."""
    try:
        from detectron2.config import get_cfg
        from detectron2.data import MetadataCatalog
        from detectron2.engine import DefaultPredictor
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "detectron2":
            raise
        raise ImportError(
            "detectron2 is not installed and on no package index: build it from source, as its documentation says"
        ) from error
    name = "detectron2"
    if isinstance(cfg, str | os.PathLike):
        name = os.path.splitext(os.path.basename(os.fspath(cfg)))[0]
        loaded = get_cfg()
        _loaded(cfg, "configuration", lambda: loaded.merge_from_file(os.fspath(cfg)))
    elif hasattr(cfg, "clone"):
        loaded = cfg.clone()
        loaded.defrost()
    else:
        raise TypeError(f"cfg is {type(cfg).__name__}; expected a CfgNode of detectron2, or a YAML file")
    loaded.MODEL.DEVICE = device
    if weights is not None:
        loaded.MODEL.WEIGHTS = os.fspath(weights)
    if not loaded.MODEL.WEIGHTS:
        raise ValueError(f"{name} has no weights, so it would guess; give weights, or set MODEL.WEIGHTS")
    catalogue = MetadataCatalog.get(loaded.DATASETS.TEST[0]) if len(loaded.DATASETS.TEST) else None
    predict = _loaded(loaded.MODEL.WEIGHTS, "checkpoint", lambda: DefaultPredictor(loaded))
    return predict, catalogue, f"{name} {os.path.basename(loaded.MODEL.WEIGHTS)}"


def _loaded(path: str | os.PathLike[str], kind: str, load: Callable[[], Any]) -> Any:
    """What `load` makes of a file or address; detectron2 raises anything, AssertionError and KeyError among them."""
    path = os.fspath(path)
    if "://" not in path and not os.path.isfile(path):
        raise FileNotFoundError(f"no file {path}; pass a {kind} of detectron2")
    try:
        return load()
    except ImportError:  # a missing package is not the file's fault
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} is no {kind} that detectron2 loads: {type(error).__name__}: {reason}") from error
