"""Exported detectors, run by onnxruntime: the YOLO family, and DETR and its descendants.

How a picture goes in and what comes out is told from the names and shapes of inputs and outputs
(usg/parsers/image/detectors/onnx_layouts.py has the table), or given as `layout`. Class names are looked for in the
file's own metadata ("names", as Ultralytics writes it) and in a config.json beside it ("id2label", as Optimum does).

| layout | the picture goes in | normalised by |
|---|---|---|
| yolo... | in proportion, with grey margins ("letterbox") | x / 255 |
| detr, deployed | stretched | x / 255, and preprocessor_config.json beside the file, where there is one |
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from usg.names import unknown_name
from usg.parsers.image.detector import Detections
from usg.parsers.image.detectors.boxes import suppress
from usg.parsers.image.detectors.onnx_layouts import DETR, LAYOUTS, Layout, layout_of, read_output
from usg.parsers.image.labels import class_names as named_classes

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 640  # pixels, where the file takes any size
_GREY = 114  # of the margins, as these models were trained
_DUPLICATES = 0.7


class OnnxDetector:
    """A detector in a file .onnx.

    Args:
        path: the file.
        class_names: of its classes by number; those in or beside the file when None.
        layout: what comes out, one of `onnx_layouts.LAYOUTS`; told from the file when None.
        side: pixels of the square that goes in, where the file takes any size.
        providers: onnxruntime's execution providers; the processor when None.

    Attributes:
        version: the name of the file.
        labels: the names of its classes.

    Raises:
        FileNotFoundError: there is no such file.
        LookupError: there is no such layout.
        ValueError: it is no model, its layout cannot be told, or its classes have no names.

    Example:
        >>> OnnxDetector("nothing.onnx")
        Traceback (most recent call last):
        FileNotFoundError: no file nothing.onnx; pass an exported detector
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        class_names: Sequence[str] | None = None,
        layout: Layout | None = None,
        side: int = _SIDE,
        providers: Sequence[str] | None = None,
    ) -> None:
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"no file {file}; pass an exported detector")
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(file, providers=list(providers or ["CPUExecutionProvider"]))
        except Exception as error:  # onnxruntime's errors have no common type but Exception
            raise ValueError(
                f"{file} is no model that onnxruntime runs: {' '.join(str(error).split())[:200]}"
            ) from error
        self.version = file.name
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.labels = named_classes(_names(file, self._session.get_modelmeta()), class_names, self.version)
        shapes = {each.name: tuple(each.shape) for each in outputs}
        self._layout = layout_of(shapes, len(self.labels), self.version) if layout is None else layout
        if self._layout not in LAYOUTS:
            raise LookupError(unknown_name("layout", self._layout, LAYOUTS))
        self._input_names = [each.name for each in inputs]
        height, width = inputs[0].shape[2:] if len(inputs[0].shape) == 4 else (None, None)
        self._size = tuple(each if isinstance(each, int) and each > 0 else side for each in (height, width))
        self._half = inputs[0].type == "tensor(float16)"
        self._mean, self._std = _normalisation(file)

    def detect(self, images: Sequence[Image], threshold: float) -> list[Detections]:
        """The regions of each picture that score at least the threshold; pictures are read one by one."""
        return [self._regions(image, threshold) for image in images]

    def _regions(self, image: Image, threshold: float) -> Detections:
        height, width = self._size
        pixels, scale, margin = self._pixels(image)
        feeds: dict[str, NDArray[Any]] = {self._input_names[0]: pixels}
        if len(self._input_names) > 1:  # RT-DETR's deployment takes the size of the picture, Optimum's DETR a mask
            sizes = np.array([[image.width, image.height]], dtype=np.int64)
            mask = np.ones((1, height, width), dtype=np.int64)
            feeds[self._input_names[1]] = sizes if self._layout == "deployed" else mask
        names = [each.name for each in self._session.get_outputs()]
        outputs = dict(zip(names, self._session.run(None, feeds), strict=True))
        found = read_output(outputs, self._layout, len(self.labels), self.version)
        boxes = self._to_picture(found.boxes, image, scale, margin)
        named = np.array([self._name(number) is not None for number in found.classes], dtype=bool)
        # A NaN is not less than the threshold: it stays, and Detections say so.
        kept = np.flatnonzero(named & ~(found.scores < threshold))
        if self._layout in ("yolo", "yolo-objectness"):
            kept = kept[suppress(boxes[kept], found.scores[kept], found.classes[kept], _DUPLICATES)]
        return Detections(boxes[kept], found.scores[kept], [self._name(found.classes[i]) or "" for i in kept])

    def _pixels(self, image: Image) -> tuple[NDArray[Any], float, tuple[int, int]]:
        """What goes in, (1, 3, h, w), with the scale and the left and upper margin of a letterbox."""
        from PIL import Image

        height, width = self._size
        scale, margin = 1.0, (0, 0)
        if self._layout in DETR:
            placed = image.resize((width, height), Image.Resampling.BILINEAR)
        else:
            scale = min(width / image.width, height / image.height)
            size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
            margin = (width - size[0]) // 2, (height - size[1]) // 2
            placed = Image.new("RGB", (width, height), (_GREY, _GREY, _GREY))
            placed.paste(image.resize(size, Image.Resampling.BILINEAR), margin)
        pixels = np.asarray(placed, dtype=np.float32) / 255
        if self._layout in DETR:
            pixels = (pixels - self._mean) / self._std
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        return batch.astype(np.float16 if self._half else np.float32), scale, margin

    def _to_picture(
        self, boxes: NDArray[np.float64], image: Image, scale: float, margin: tuple[int, int]
    ) -> NDArray[np.float64]:
        """Boxes as the model gives them, in pixels of the picture."""
        if self._layout == "deployed":
            return boxes
        if self._layout == "detr":
            return boxes * np.array([image.width, image.height] * 2)
        return (boxes - np.array([*margin, *margin])) / scale

    def _name(self, number: int) -> str | None:
        if not 0 <= number < len(self.labels):
            raise ValueError(
                f"class {number} is none of the {len(self.labels)} of {self.version}; give all class_names"
            )
        return self.labels[number]


def _names(file: Path, meta: Any) -> list[str]:
    """Class names from the metadata of a file, or the configuration beside it; none where there are none."""
    stored = meta.custom_metadata_map.get("names")
    config = file.with_name("config.json")
    table: Any = {}
    try:
        if stored:
            table = ast.literal_eval(stored)
        elif config.is_file():
            table = json.loads(config.read_text(encoding="utf-8")).get("id2label") or {}
    except (ValueError, SyntaxError, AttributeError) as error:
        raise ValueError(f"the class names of {file.name} cannot be read: {error}; give class_names") from error
    if isinstance(table, list | tuple):
        return [str(name) for name in table]
    numbered = {int(number): str(name) for number, name in table.items()}
    return [numbered.get(number, "N/A") for number in range(max(numbered, default=-1) + 1)]


def _normalisation(file: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation by channel, of preprocessor_config.json beside the file."""
    config = file.with_name("preprocessor_config.json")
    settings = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    if not settings.get("do_normalize"):
        return np.zeros(3, np.float32), np.ones(3, np.float32)
    return np.array(settings["image_mean"], np.float32), np.array(settings["image_std"], np.float32)
