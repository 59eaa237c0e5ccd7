"""Detectors of the Hugging Face hub, through transformers and without torchvision.

What a checkpoint is, is told from the architecture in its configuration, by transformers' own tables:

| its table | such as | finds |
|---|---|---|
| object detection | DETR, RT-DETR v2, D-FINE, YOLOS | boxes of its own classes |
| universal segmentation | Mask2Former, MaskFormer | panoptic masks of its own classes, boxes around them |
| zero-shot object detection | OWLv2, Grounding DINO | boxes of any `labels`, near-duplicates suppressed |

Boxes and masks are of the whole upright picture, whatever size the model reads. Labels are the model's class names as
words; a checkpoint that was saved without names (LABEL_0, ...) needs `class_names`.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from usg.graph.rle import encode_mask, mask_box
from usg.parsers.image.detector import Detections, nothing
from usg.parsers.image.detectors.boxes import suppress
from usg.parsers.image.detectors.grounding_dino import PhraseScores
from usg.parsers.image.detectors.masks import enlarged, working_size
from usg.parsers.image.labels import a_photo_of, checked_labels, class_names
from usg.parsers.pretrained import load_pretrained, version_of

if TYPE_CHECKING:
    from PIL.Image import Image

_TABLES = {
    "boxes": "MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES",
    "masks": "MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING_NAMES",
    "words": "MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING_NAMES",
}
_SAME = 0.999  # intersection over union of one box with itself, but for rounding
_DUPLICATES = 0.7  # intersection over union from which on an open-vocabulary detector has found one thing twice


class HuggingFaceDetector:
    """A detector of transformers.

    Args:
        model: a folder of save_pretrained, with its processor, or owner/name on the hub.
        labels: what an open-vocabulary model looks for; `usg.parsers.image.labels.labels_of` takes them from a caption.
        class_names: of the classes of a model that was saved without them, by number.
        device: where the model runs, as "cpu" or "cuda".

    Attributes:
        version: the model's name, with its revision where it has one.
        labels: what it looks for, or the names of its classes.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give it.
        ValueError: the folder holds no detector, its classes have no names, an open-vocabulary model is given no labels
            or too many, or another model is given some.

    Example:
        >>> HuggingFaceDetector("no/such/folder")
        Traceback (most recent call last):
        FileNotFoundError: no folder no/such/folder with a detector; pass one of save_pretrained, or ...
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        labels: Iterable[str] | None = None,
        class_names: Sequence[str] | None = None,
        device: str = "cpu",
    ) -> None:
        self._kind, self._processor, self._model = load_pretrained(model, "detector", _load)
        self._model.to(device).eval()
        self._device = device
        self.version = version_of(model, self._model)
        self.labels: tuple[str | None, ...] = ()
        self._phrases: PhraseScores | None = None
        if self._kind != "words":
            if labels is not None:
                raise ValueError(
                    f"{self.version} finds its own classes; leave out labels, which are of OWLv2 and the like"
                )
            self.labels = self._class_names(class_names)
        elif class_names is not None:
            raise ValueError(f"{self.version} has no classes; give labels, not class_names")
        elif labels is None:
            raise ValueError(
                f"{self.version} finds what it is asked for; give labels (--labels), such as ['dog', 'cat']"
            )
        else:
            self._look_for(labels)

    def with_labels(self, labels: Iterable[str]) -> HuggingFaceDetector:
        """The same open-vocabulary model, not loaded again, that looks for other labels.

        Raises:
            ValueError: the model finds its own classes, or the labels are none or too many.
        """
        if self._kind != "words":
            raise ValueError(f"{self.version} finds its own classes and takes no labels")
        other = copy.copy(self)
        other._look_for(labels)
        return other

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture that score at least the threshold."""
        import torch

        texts = self._texts(len(images)) if self._kind == "words" else {}
        inputs = self._processor(images=list(images), return_tensors="pt", **texts).to(self._device)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        _check(outputs)
        sizes = [(image.height, image.width) for image in images]
        if self._kind == "masks":
            working = [working_size(image.width, image.height) for image in images]
            results = self._processor.post_process_panoptic_segmentation(
                outputs, threshold=threshold, target_sizes=working, label_ids_to_fuse=set()
            )
            return [self._segments(result, image) for result, image in zip(results, images, strict=True)]
        if self._phrases is not None:
            return self._phrases.detections(outputs, sizes, threshold, _DUPLICATES)
        # What equals the threshold stays: transformers keeps what is more.
        below = float(np.nextafter(np.float32(threshold), np.float32(-1)))
        results = self._post_process(outputs, below, torch.tensor(sizes))
        return [self._regions(result) for result in results]

    def _post_process(self, outputs: Any, threshold: float, sizes: Any) -> Any:
        processor = getattr(self._processor, "image_processor", self._processor)
        return processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=sizes)

    def _regions(self, result: Any) -> Detections:
        boxes, scores = result["boxes"].float().cpu().numpy(), result["scores"].float().cpu().numpy()
        numbers = result["labels"].cpu().numpy()
        # DETR has numbers of classes that COCO dropped, "N/A".
        named = np.array([i for i, k in enumerate(numbers) if self._name(k) is not None], dtype=np.int64)
        if self._kind == "words":
            named = named[suppress(boxes[named], scores[named], numbers[named], _DUPLICATES)]
        else:  # RT-DETR and its like give a query with each class that scores enough: one box is one thing
            named = named[suppress(boxes[named], scores[named], np.zeros(len(named)), _SAME)]
        return Detections(boxes[named], scores[named], [self._name(numbers[i]) or "" for i in named])

    def _segments(self, result: Any, image: Image) -> Detections:
        segmentation = enlarged(result["segmentation"].cpu().numpy(), image.width, image.height)
        boxes, scores, labels, masks = [], [], [], []
        for segment in result["segments_info"]:
            inside = segmentation == segment["id"]
            box, name = mask_box(inside), self._name(segment["label_id"])
            if box is not None and name is not None:
                boxes.append(box.xyxy)
                scores.append(float(segment["score"]))
                labels.append(name)
                masks.append(encode_mask(inside))
        return Detections(boxes, scores, labels, masks) if boxes else nothing()

    def _name(self, number: int) -> str | None:
        return self.labels[number] if 0 <= number < len(self.labels) else None

    def _class_names(self, given: Sequence[str] | None) -> tuple[str | None, ...]:
        names = self._model.config.id2label or {}
        ordered = [str(names.get(number, "N/A")) for number in range(max(names, default=-1) + 1)]
        return class_names(ordered, given, self.version)

    def _look_for(self, labels: Iterable[str]) -> None:
        words = checked_labels(labels)
        self.labels = words
        self._phrases = None
        if hasattr(self._model.config, "max_text_len"):  # of Grounding DINO, which reads all labels as one text
            self._phrases = PhraseScores.of(words, self._processor.tokenizer, self._model.config.max_text_len)

    def _texts(self, n: int) -> dict[str, Any]:
        if self._phrases is not None:
            return {"text": [self._phrases.prompt] * n, "padding": True}
        return {
            "text": [[a_photo_of(label or "") for label in self.labels]] * n,
            "padding": "max_length",
            "truncation": True,
        }


def _check(outputs: Any) -> None:
    """Post-processing leaves out what scores NaN, as if nothing were there."""
    for name in ("logits", "pred_boxes", "class_queries_logits", "masks_queries_logits"):
        tensor = getattr(outputs, name, None)
        if tensor is not None and bool(tensor.isnan().any()):
            raise ValueError(f"{name} has NaN, not finite; the detector failed on this picture")


def _load(name: str, offline: bool) -> tuple[str, Any, Any]:
    """Kind, processor and model of a checkpoint."""
    import transformers
    from transformers.models.auto import modeling_auto

    config = transformers.AutoConfig.from_pretrained(name, local_files_only=offline)
    architecture = (config.architectures or ["no architecture"])[0]
    listed = {kind: getattr(modeling_auto, table).values() for kind, table in _TABLES.items()}
    kind = next((kind for kind, names in listed.items() if architecture in names), None)
    if kind is None:
        raise ValueError(
            f"{architecture} is no detector; expected one for object detection (DETR, RT-DETR, D-FINE), universal "
            "segmentation (Mask2Former) or zero-shot object detection (OWLv2, Grounding DINO)"
        )
    model = getattr(transformers, architecture).from_pretrained(name, local_files_only=offline)
    loader = transformers.AutoProcessor if kind == "words" else transformers.AutoImageProcessor
    return kind, loader.from_pretrained(name, local_files_only=offline), model
