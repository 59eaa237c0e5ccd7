"""Every photograph, drawing and rendered scene of the shared data through detectors: the shapes are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_vision

from usg.graph import Box, Mask, SceneGraph, from_json, to_json
from usg.graph.rle import decode_mask
from usg.parsers.image import ImageParser
from usg.parsers.image.detectors.huggingface import HuggingFaceDetector
from usg.parsers.image.inputs import find_images
from usg.parsers.image.loading import load_image


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[str]:
    """PNG, JPEG and animated GIF; RGB, RGBA, grey and palette; from 64 to 1920 pixels wide."""
    found = find_images([str(shared_data / "vision")])
    assert {Path(file).suffix for file in found} >= {".png", ".jpg", ".gif"} and len(found) >= 30
    return found


def check(graph: SceneGraph, file: str, masks: bool) -> None:
    """The source is the picture; boxes lie in it, masks have its size and lie in their boxes."""
    (source,) = graph.sources
    assert (source.uri, (source.width, source.height)) == (file, load_image(file).size)
    for obj in graph.objects:
        box, *rest = (grounding.region for grounding in obj.groundings)
        assert isinstance(box, Box) and obj.score is not None and 0 <= obj.score <= 1
        assert 0 <= box.x0 < box.x1 <= source.width and 0 <= box.y0 < box.y1 <= source.height
        assert len(rest) == masks
        for mask in rest:
            assert isinstance(mask, Mask) and (mask.width, mask.height) == (source.width, source.height)
            pixels = decode_mask(mask)
            inside = pixels[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
            assert pixels.sum() == inside.sum() > 0
    assert from_json(to_json(graph)) == graph


def test_regions_that_need_no_labels(files: list[str]) -> None:
    graphs = list(ImageParser("setok", relations="geometry", max_objects=20).pipe(files))
    assert len(graphs) == len(files)
    for file, graph in zip(files, graphs, strict=True):
        check(graph, file, masks=True)
        assert len(graph) >= 2, file


@pytest.mark.parametrize("kind", ["rt_detr_v2", "mask2former"])
def test_a_tiny_detector_of_hugging_face(kind: str, files: list[str], models: Callable[[str], Path]) -> None:
    detector = HuggingFaceDetector(models(kind))
    if kind == "mask2former":
        tiny_vision.decide(detector._model)
    graphs = list(ImageParser(detector, relations="geometry", threshold=0.0, max_objects=5).pipe(files, batch_size=4))
    assert len(graphs) == len(files)
    for file, graph in zip(files, graphs, strict=True):
        check(graph, file, masks=kind == "mask2former")
        assert {obj.label for obj in graph.objects} <= {"person", "dining table", "dog"}
        assert len(graph) >= 1, file
