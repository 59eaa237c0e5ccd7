"""What comes out of exported detectors, by layout. C is the number of classes, n of candidates.

| layout | outputs | as exported by |
|---|---|---|
| yolo | (1, 4 + C, n): centre form, pixels of the input; class probabilities | YOLOv8, v9, 11, 12 |
| yolo-objectness | (1, n, 5 + C): the same behind an objectness, which multiplies them | YOLOv5, v7, YOLOX decoded |
| yolo-end-to-end | (1, n, 6): xyxy, pixels of the input; score; class number | YOLOv10, 26 |
| detr | logits (1, n, C) or (1, n, C + 1); pred_boxes (1, n, 4): centre form, shares | transformers, Optimum |
| deployed | labels (1, n); boxes (1, n, 4): xyxy, pixels of the picture; scores (1, n) | RT-DETR, D-FINE |

Shares are of the width and height of the picture. DETR has a last class "no object" and a softmax over all, its
descendants sigmoids and no such class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from usg.names import unknown_name
from usg.parsers.image.detectors.boxes import from_centres

Layout: TypeAlias = Literal["yolo", "yolo-objectness", "yolo-end-to-end", "detr", "deployed"]
LAYOUTS: tuple[str, ...] = get_args(Layout)

DETR = ("detr", "deployed")
"""Layouts whose pictures are stretched to the input."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Attributes: boxes (n, 4), xyxy, in the unit of the layout; scores (n,); classes (n,), their numbers."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.int64]


def layout_of(shapes: Mapping[str, tuple[Any, ...]], classes: int, model: str) -> Layout:
    """The layout of a file's outputs.

    Args:
        shapes: of the outputs by name; what is no number may have any size.
        classes: how many there are.
        model: its name, for errors.

    Raises:
        ValueError: none fits, or several do.

    >>> layout_of({"output0": (1, 84, 8400)}, 80, "yolo11n.onnx")
    'yolo'
    >>> layout_of({"output0": (1, 300, 6)}, 1, "mine.onnx")
    Traceback (most recent call last):
    ValueError: the outputs output0 (1, 300, 6) of mine.onnx, 1 classes, may be yolo-objectness or yolo-end-to-end; ...
    """
    if {"logits", "pred_boxes"} <= set(shapes):
        return "detr"
    if {"labels", "boxes", "scores"} <= set(shapes):
        return "deployed"
    fits: list[Layout] = []
    first = next(iter(shapes.values()), ())
    if len(first) == 3:
        if first[1] == 4 + classes:
            fits.append("yolo")
        if first[2] == 5 + classes:
            fits.append("yolo-objectness")
        if first[2] == 6:
            fits.append("yolo-end-to-end")
    if len(fits) == 1:
        return fits[0]
    told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    seen = f"the outputs {told} of {model}, {classes} classes,"
    if fits:
        raise ValueError(f"{seen} may be {' or '.join(fits)}; say which by layout")
    raise ValueError(f"{seen} are of no known layout ({', '.join(LAYOUTS)}); are all class_names given?")


def read_output(outputs: Mapping[str, NDArray[Any]], layout: Layout, classes: int, model: str) -> Found:
    """What a file has found in one picture.

    Args:
        outputs: by name, in order, with a leading 1.
        layout: of them.
        classes: how many there are.
        model: its name, for errors.

    Raises:
        LookupError: there is no such layout.
        ValueError: the outputs have other shapes than their layout.
    """
    if layout not in LAYOUTS:
        raise LookupError(unknown_name("layout", layout, LAYOUTS))
    try:
        if layout == "detr":
            return _detr(outputs["logits"][0], outputs["pred_boxes"][0], classes)
        if layout == "deployed":
            return _found(outputs["boxes"][0], outputs["scores"][0], outputs["labels"][0])
        first = next(iter(outputs.values()))[0].astype(np.float64)
        if layout == "yolo":
            boxes, scores = np.split(first.T, [4], axis=1)
            return _best(from_centres(boxes), _checked(scores, classes))
        if layout == "yolo-objectness":
            boxes, objectness, scores = np.split(first, [4, 5], axis=1)
            return _best(from_centres(boxes), objectness * _checked(scores, classes))
        return _found(first[:, :4], first[:, 4], first[:, 5])
    except (KeyError, IndexError, ValueError) as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in outputs.items())
        raise ValueError(f"the outputs {shapes} of {model} are not of the layout {layout}: {error}") from error


def _checked(scores: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    if scores.shape[1] != classes:
        raise ValueError(f"{scores.shape[1]} scores for {classes} classes")
    return scores


def _detr(logits: NDArray[Any], boxes: NDArray[Any], classes: int) -> Found:
    values = logits.astype(np.float64)
    if values.shape[1] == classes + 1:
        shares = np.exp(values - values.max(1, keepdims=True))
        scores = (shares / shares.sum(1, keepdims=True))[:, :classes]
    elif values.shape[1] == classes:
        scores = 0.5 * (1.0 + np.tanh(0.5 * values))
    else:
        raise ValueError(f"{values.shape[1]} logits for {classes} classes")
    return _best(from_centres(boxes.astype(np.float64)), scores)


def _best(boxes: NDArray[np.float64], scores: NDArray[np.float64]) -> Found:
    """Each candidate with the class that scores most."""
    return Found(boxes, scores.max(1, initial=0.0), scores.argmax(1))


def _found(boxes: NDArray[Any], scores: NDArray[Any], classes: NDArray[Any]) -> Found:
    return Found(boxes.astype(np.float64), scores.astype(np.float64), classes.astype(np.int64))
