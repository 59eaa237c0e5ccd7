"""Exported detectors: small files made here, whose answers are the mean colours of what goes in."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from usg.parsers.image import ImageError, ImageParser
from usg.parsers.image.detectors.huggingface import HuggingFaceDetector
from usg.parsers.image.detectors.onnx import OnnxDetector
from usg.parsers.image.detectors.onnx_layouts import layout_of, read_output

COLOURS = ["red", "green", "blue"]
SIDE = 64
NAMES = "{0: 'red', 1: 'green', 2: 'blue'}"  # as Ultralytics writes them


def save(
    path: Path,
    nodes: list[Any],
    constants: dict[str, Any],
    outputs: dict[str, list[int]],
    names: object = None,
    inputs: Sequence[str] = (),
    types: Mapping[str, int] = MappingProxyType({}),
) -> Path:
    """A model of the nodes; its input is called images, and `means` is its mean red, green, blue, (1, 3)."""
    mean = helper.make_node("ReduceMean", ["images"], ["means"], axes=[2, 3], keepdims=0)
    read = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])]
    read += [helper.make_tensor_value_info(name, TensorProto.INT64, [1, 2]) for name in inputs]
    written = [
        helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), shape)
        for name, shape in outputs.items()
    ]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph([mean, *nodes], "detector", read, written, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": str(names)})
    onnx.save(model, path)
    return path


def yolo(path: Path, boxes: list[list[float]], names: object = NAMES) -> Path:
    """(1, 4 + 3, n): the classes of every candidate score the mean red, green, blue."""
    n = len(boxes)
    nodes = [
        helper.make_node("Reshape", ["means", "shape"], ["column"]),
        helper.make_node("Expand", ["column", "wide"], ["scores"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = {
        "boxes": np.array(boxes, np.float32).T[None], "shape": np.array([1, 3, 1]), "wide": np.array([1, 3, n]),
    }  # fmt: skip
    return save(path, nodes, constants, {"output0": [1, 7, n]}, names)


def detr(path: Path, classes: int = 3) -> Path:
    """logits (1, 1, classes) and pred_boxes (1, 1, 4), a quarter of the picture in the upper left."""
    nodes = [helper.make_node("Unsqueeze", ["means", "axis"], ["three"])]
    if classes == 3:
        nodes.append(helper.make_node("Identity", ["three"], ["logits"]))
    else:
        nodes.append(helper.make_node("Concat", ["three", "nothing"], ["logits"], axis=2))
    nodes.append(helper.make_node("Identity", ["box"], ["pred_boxes"]))
    constants = {
        "axis": np.array([1]), "nothing": np.zeros((1, 1, 1), np.float32),
        "box": np.array([[[0.25, 0.25, 0.5, 0.5]]], np.float32),
    }  # fmt: skip
    return save(path, nodes, constants, {"logits": [1, 1, classes], "pred_boxes": [1, 1, 4]})


def test_yolo_reads_rgb_and_names_what_it_finds(tmp_path: Path) -> None:
    detector = OnnxDetector(yolo(tmp_path / "tiny.onnx", [[32, 32, 16, 8]]))
    assert detector.labels == ("red", "green", "blue") and detector.version == "tiny.onnx"
    for colour in ("red", "blue"):
        (found,) = detector.detect([Image.new("RGB", (SIDE, SIDE), colour)], 0.5)
        assert found.labels == (colour,) and found.scores[0] == pytest.approx(1.0)
        assert found.boxes.tolist() == [[24, 28, 40, 36]]


def test_yolo_boxes_come_back_from_the_letterbox(tmp_path: Path) -> None:
    """128 x 64 in a square of 64: half the size, 64 x 32, with 16 grey rows above and below."""
    detector = OnnxDetector(yolo(tmp_path / "tiny.onnx", [[32, 32, 64, 32]]))
    (found,) = detector.detect([Image.new("RGB", (128, 64), "red")], 0.5)
    assert found.boxes.tolist() == [[0, 0, 128, 64]]
    assert found.scores[0] == pytest.approx((1 + 114 / 255) / 2, abs=1e-3)


def test_yolo_finds_one_thing_once(tmp_path: Path) -> None:
    detector = OnnxDetector(yolo(tmp_path / "tiny.onnx", [[20, 20, 16, 16], [20, 21, 16, 16], [50, 50, 16, 16]]))
    assert len(detector.detect([Image.new("RGB", (SIDE, SIDE), "red")], 0.5)[0]) == 2


def test_a_threshold_leaves_out_what_scores_less(tmp_path: Path) -> None:
    detector = OnnxDetector(yolo(tmp_path / "tiny.onnx", [[32, 32, 16, 8]]))
    assert len(detector.detect([Image.new("RGB", (SIDE, SIDE), (100, 0, 0))], 0.5)[0]) == 0


def test_detr_boxes_are_shares_of_the_stretched_picture(tmp_path: Path) -> None:
    detector = OnnxDetector(detr(tmp_path / "model.onnx"), class_names=COLOURS)
    (found,) = detector.detect([Image.new("RGB", (100, 40), "blue")], 0.0)
    assert found.labels == ("blue",) and found.boxes.tolist() == [[0, 0, 50, 20]]
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)  # a sigmoid of the logit 1


def test_detr_with_a_class_for_nothing_takes_a_softmax(tmp_path: Path) -> None:
    detector = OnnxDetector(detr(tmp_path / "model.onnx", classes=4), class_names=COLOURS)
    (found,) = detector.detect([Image.new("RGB", (100, 40), "red")], 0.0)
    assert found.scores[0] == pytest.approx(np.e / (np.e + 3), abs=1e-6)


def test_names_and_normalisation_stand_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "red", "2": "blue", "1": "N/A"}}))
    settings = {"do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    detector = OnnxDetector(detr(tmp_path / "model.onnx"))
    assert detector.labels == ("red", None, "blue")
    (found,) = detector.detect([Image.new("RGB", (10, 10), "black")], 0.0)
    assert found.scores[0] == pytest.approx(1 / (1 + np.e), abs=1e-6)  # -1 instead of 0
    assert len(detector.detect([Image.new("RGB", (10, 10), "lime")], 0.0)[0]) == 0  # the class without a name


def deployed(path: Path) -> Path:
    """One region, the whole picture by the size that is told, of the class of the strongest colour."""
    nodes = [
        helper.make_node("Cast", ["orig_target_sizes"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["zeros", "size"], ["whole"], axis=1),
        helper.make_node("Unsqueeze", ["whole", "axis"], ["boxes"]),
        helper.make_node("ReduceMax", ["means"], ["scores"], axes=[1], keepdims=1),
        helper.make_node("ArgMax", ["means"], ["labels"], axis=1, keepdims=1),
    ]
    constants = {"zeros": np.zeros((1, 2), np.float32), "axis": np.array([1])}
    return save(
        path, nodes, constants, {"labels": [1, 1], "boxes": [1, 1, 4], "scores": [1, 1]},
        inputs=["orig_target_sizes"], types={"labels": TensorProto.INT64},
    )  # fmt: skip


def test_a_deployed_rt_detr_is_told_the_size_of_the_picture(tmp_path: Path) -> None:
    detector = OnnxDetector(deployed(tmp_path / "deployed.onnx"), class_names=COLOURS)
    (found,) = detector.detect([Image.new("RGB", (100, 40), "blue")], 0.5)
    assert found.labels == ("blue",) and found.boxes.tolist() == [[0, 0, 100, 40]]


def test_the_other_layouts_of_yolo() -> None:
    objectness = np.array([[[10, 10, 4, 4, 0.5, 0.2, 0.8], [20, 20, 4, 4, 0.1, 0.9, 0.1]]], np.float32)
    found = read_output({"output": objectness}, "yolo-objectness", 2, "it")
    assert found.scores == pytest.approx([0.4, 0.09]) and found.classes.tolist() == [1, 0]
    assert found.boxes[0].tolist() == [8, 8, 12, 12]
    end = np.array([[[1, 2, 3, 4, 0.7, 2]]], np.float32)
    found = read_output({"output0": end}, "yolo-end-to-end", 80, "it")
    assert (found.boxes.tolist(), found.classes.tolist()) == ([[1, 2, 3, 4]], [2])
    assert found.scores == pytest.approx([0.7])


@pytest.mark.parametrize(
    ("shapes", "classes", "layout"),
    [
        ({"output0": (1, 84, 8400)}, 80, "yolo"),
        ({"output0": ("batch", 84, "anchors")}, 80, "yolo"),
        ({"output": (1, 25200, 85)}, 80, "yolo-objectness"),
        ({"output0": (1, 300, 6)}, 80, "yolo-end-to-end"),
        ({"logits": (1, 300, 80), "pred_boxes": (1, 300, 4)}, 80, "detr"),
        ({"labels": (1, 300), "boxes": (1, 300, 4), "scores": (1, 300)}, 80, "deployed"),
    ],
)
def test_the_layout_is_told_from_the_outputs(shapes: Any, classes: int, layout: str) -> None:
    assert layout_of(shapes, classes, "it") == layout


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model\.onnx has no class names; give them in order as class_names"):
        OnnxDetector(detr(tmp_path / "model.onnx"))
    with pytest.raises(ValueError, match=r"output0 \(1, 7, 1\) of tiny\.onnx, 2 classes, are of no known layout"):
        OnnxDetector(yolo(tmp_path / "tiny.onnx", [[1, 1, 1, 1]], names=["a", "b"]))
    with pytest.raises(ValueError, match=r"the class names of broken\.onnx cannot be read"):
        OnnxDetector(yolo(tmp_path / "broken.onnx", [[1, 1, 1, 1]], names="{0: "))
    (tmp_path / "text.onnx").write_text("text")
    with pytest.raises(ValueError, match=r"text\.onnx is no model that onnxruntime runs"):
        OnnxDetector(tmp_path / "text.onnx")
    with pytest.raises(LookupError, match="unknown layout 'yolov8'; did you mean 'yolo'"):
        read_output({}, "yolov8", 80, "it")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leave out labels, or name the classes with class_names"):
        ImageParser(tmp_path / "text.onnx", labels=["dog"])


def test_boxes_that_are_nan_are_told(tmp_path: Path) -> None:
    parser = ImageParser(yolo(tmp_path / "tiny.onnx", [[np.nan, 32, 16, 8]]))
    with pytest.raises(ImageError, match=r"tiny\.onnx: box 0 is .*nan.* not finite"):
        parser(Image.new("RGB", (SIDE, SIDE), "red"))


def test_a_wrong_number_of_class_names_is_told(tmp_path: Path) -> None:
    picture = Image.new("RGB", (SIDE, SIDE), "blue")
    file = yolo(tmp_path / "tiny.onnx", [[32, 32, 16, 8]], names=["a", "b"])
    with pytest.raises(
        ImageError, match=r"output0 \(1, 7, 1\) of tiny\.onnx are not of the layout yolo: 3 scores for 2"
    ):
        ImageParser(OnnxDetector(file, layout="yolo"))(picture)
    with pytest.raises(ImageError, match=r"class 2 is none of the 1 of deployed\.onnx; give all class_names"):
        ImageParser(OnnxDetector(deployed(tmp_path / "deployed.onnx"), class_names=["red"]))(picture)
    with pytest.raises(LookupError, match="unknown layout 'yolo8'; did you mean 'yolo'"):
        OnnxDetector(file, layout="yolo8")  # type: ignore[arg-type]


def test_an_exported_d_fine_finds_what_transformers_finds(models: Callable[[str], Path], tmp_path: Path) -> None:
    names = ["cat", "person", "table", "dog"]
    theirs = HuggingFaceDetector(models("d_fine"), class_names=names)

    class Exported(torch.nn.Module):
        def __init__(self, model: torch.nn.Module) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            outputs = self.model(pixel_values)
            return outputs.logits, outputs.pred_boxes

    with warnings.catch_warnings():  # of tracing, and of the exporter that needs no further package
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported(HuggingFaceDetector(models("d_fine"))._model), (torch.rand(1, 3, SIDE, SIDE),),
            tmp_path / "model.onnx", input_names=["pixel_values"], output_names=["logits", "pred_boxes"], dynamo=False,
        )  # fmt: skip
    whirl = Image.effect_mandelbrot((90, 60), (-2, -1.5, 1, 1.5), 40).convert("RGB")
    for picture in (whirl, Image.linear_gradient("L").convert("RGB")):
        (expected,) = theirs.detect([picture], 0.0)
        (found,) = OnnxDetector(tmp_path / "model.onnx", class_names=names).detect([picture], 0.0)
        # transformers keeps as many pairs of query and class as there are queries, so it may say less.
        order = np.argsort(-found.scores, kind="stable")[: len(expected)]
        assert len(order) == len(expected) > 1
        assert [found.labels[i] for i in order] == list(expected.labels)
        assert found.scores[order] == pytest.approx(expected.scores, abs=1e-4)
        assert found.boxes[order] == pytest.approx(expected.boxes, abs=0.01)
