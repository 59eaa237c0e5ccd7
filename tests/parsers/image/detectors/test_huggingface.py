"""Detectors of transformers: tiny models whose heads are set so that what they must find is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_vision
import torch
import transformers
from PIL import Image

from usg.graph.rle import decode_mask
from usg.parsers.image import ImageParser
from usg.parsers.image.detectors.grounding_dino import PhraseScores
from usg.parsers.image.detectors.huggingface import HuggingFaceDetector

Models = Callable[[str], Path]
PICTURES = [Image.new("RGB", (90, 60), "white"), Image.effect_noise((40, 70), 80).convert("RGB")]


def detector(models: Models, kind: str, **settings: Any) -> HuggingFaceDetector:
    return HuggingFaceDetector(models(kind), **settings)


def zero(parameters: Iterable[torch.nn.Parameter]) -> None:
    with torch.no_grad():
        for parameter in parameters:
            parameter.zero_()


def test_detr_gives_boxes_in_pixels_of_each_picture(models: Models) -> None:
    found = detector(models, "detr")
    model = found._model
    zero(model.bbox_predictor.layers[-1].parameters())  # sigmoid(0): centre, half the width, half the height
    zero(model.class_labels_classifier.parameters())
    with torch.no_grad():
        model.class_labels_classifier.bias.copy_(torch.tensor([0.0, 0.0, 5.0, 0.0, 0.0]))
    first, second = found.detect(PICTURES, 0.5)
    assert first.labels == ("dining table",)  # all seven queries have one box, which is one thing
    # The first is padded to the shape of a batch; what was padded must not count.
    assert first.boxes[0] == pytest.approx([22.5, 15, 67.5, 45], abs=1e-3)
    assert second.boxes[0] == pytest.approx([10, 17.5, 30, 52.5], abs=1e-3)
    assert first.scores[0] == pytest.approx(float(torch.tensor([0.0, 0.0, 5.0, 0.0, 0.0]).softmax(0)[2]), abs=1e-5)
    assert len(found.detect(PICTURES[:1], float(first.scores[0]))[0]) == 1  # what equals the threshold stays


def test_a_class_that_is_not_applicable_is_left_out(models: Models) -> None:
    found = detector(models, "detr")
    zero(found._model.class_labels_classifier.parameters())
    with torch.no_grad():
        found._model.class_labels_classifier.bias[0] = 9.0  # "N/A"
    assert [len(each) for each in found.detect(PICTURES, 0.0)] == [0, 0]


@pytest.mark.parametrize("kind", ["detr", "rt_detr_v2", "d_fine", "mask2former"])
def test_a_threshold_leaves_out_what_scores_less(kind: str, models: Models) -> None:
    found = detector(models, kind)
    (low,), (high,) = found.detect(PICTURES[:1], 0.0), found.detect(PICTURES[:1], 1.0)
    assert len(low) >= len(high) == 0


def test_mask2former_gives_masks_that_cover_the_picture_once(models: Models) -> None:
    found = detector(models, "mask2former")
    tiny_vision.decide(found._model)
    for picture, each in zip(PICTURES, found.detect(PICTURES, 0.5), strict=True):
        assert len(each) >= 1 and set(each.labels) == {"dog"}
        assert each.masks is not None
        arrays = [decode_mask(mask) for mask in each.masks]
        assert all(array.shape == (picture.height, picture.width) for array in arrays)
        assert sum(array.astype(int) for array in arrays).max() == 1  # type: ignore[union-attr]
        for array, box in zip(arrays, each.boxes.astype(int), strict=True):
            x0, y0, x1, y1 = box
            assert array[y0:y1, x0:x1].sum() == array.sum()


def test_owlv2_boxes_are_of_the_picture_not_of_its_padded_square(models: Models) -> None:
    found = detector(models, "owlv2", labels=["dog", "dining table"])
    zero(found._model.box_head.dense2.parameters())  # leaves the patch that each query stands for
    (first,) = found.detect(PICTURES[:1], 0.0)
    # Of 4 x 4 patches of a square as wide as the picture, 90 pixels; none overlaps another by more than a third.
    centres = {tuple(((box[:2] + box[2:]) / 2 / 22.5).round().tolist()) for box in first.boxes}
    assert centres == {(x, y) for x in (1.0, 2.0, 3.0, 4.0) for y in (1.0, 2.0, 3.0, 4.0)}
    graph = ImageParser(found, threshold=0.0)(PICTURES[0])
    assert max(obj.groundings[0].region.y1 for obj in graph.objects) <= 60  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["owlv2", "grounding_dino"])
def test_what_is_asked_for_is_what_is_found(kind: str, models: Models) -> None:
    asked = detector(models, kind, labels=["Dog", "dining_table"])
    assert asked.labels == ("dog", "dining table")
    for each in asked.detect(PICTURES, 0.0):
        assert len(each) >= 1 and set(each.labels) <= {"dog", "dining table"}
    other = asked.with_labels(["cat"])
    assert other._model is asked._model and asked.labels == ("dog", "dining table")
    assert {label for each in other.detect(PICTURES, 0.0) for label in each.labels} == {"cat"}


def test_open_vocabulary_detectors_find_one_thing_once(models: Models) -> None:
    asked = detector(models, "grounding_dino", labels=["dog"])
    assert len(asked.detect(PICTURES[:1], 0.0)[0]) > 1
    with torch.no_grad():  # boxes are sums with the reference points, which a large bias drowns
        for head in asked._model.bbox_embed:
            head.layers[-1].bias.fill_(50.0)
    assert len(asked.detect(PICTURES[:1], 0.0)[0]) == 1


def test_a_label_of_grounding_dino_is_scored_by_its_best_token() -> None:
    words = tiny_vision.tokenizer()
    phrases = PhraseScores.of(["dog", "dining table", "red cat"], words, 64)
    assert phrases.prompt == "dog. dining table. red cat."
    names = words.convert_ids_to_tokens(words(phrases.prompt)["input_ids"])
    assert [[names[i] for i in tokens] for tokens in phrases.tokens] == [["dog"], ["dining", "table"], ["red", "cat"]]
    logits = torch.full((1, 2, len(names)), -9.0)
    logits[0, 0, phrases.tokens[1][1]] = 2.0  # "table"
    logits[0, 0, phrases.tokens[0][0]] = 1.0
    logits[0, 1, 2] = 7.0  # a full stop belongs to no label
    outputs = type(
        "Outputs", (), {"logits": logits, "pred_boxes": torch.tensor([[[0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 0.2, 0.2]]])}
    )
    logits[0, 1, phrases.tokens[0][0] + 1] = 7.0
    (found,) = phrases.detections(outputs, [(60, 90)], 0.1, 0.7)
    assert found.labels == ("dining table",)
    assert found.boxes.tolist() == [[0, 0, 90, 60]]
    assert found.scores[0] == pytest.approx(float(torch.tensor(2.0).sigmoid()))


def test_labels_that_do_not_fit_are_told(models: Models) -> None:
    with pytest.raises(ValueError, match=r"30 labels are 62 tokens; the model reads 40"):
        PhraseScores.of([f"dog{i}" for i in range(30)], tiny_vision.tokenizer(), 40)
    with pytest.raises(ValueError, match="detr finds its own classes and takes no labels"):
        detector(models, "detr").with_labels(["dog"])
    with pytest.raises(ValueError, match="owlv2 has no classes; give labels, not class_names"):
        detector(models, "owlv2", class_names=["dog"])
    with pytest.raises(ValueError, match="labels are empty"):
        detector(models, "owlv2", labels=[])


def unnamed(models: Models, folder: Path) -> Path:
    shutil.copytree(models("detr"), folder)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {str(i): f"LABEL_{i}" for i in range(4)}
    config["label2id"] = {f"LABEL_{i}": i for i in range(4)}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_model_without_class_names_is_told_and_can_be_given_them(models: Models, tmp_path: Path) -> None:
    folder = unnamed(models, tmp_path / "unnamed")
    with pytest.raises(ValueError, match=r"unnamed has no class names; its classes are called LABEL_0, LABEL_1"):
        HuggingFaceDetector(folder)
    named = HuggingFaceDetector(folder, class_names=["cat", "dog", "man", "cup"])
    assert {label for each in named.detect(PICTURES, 0.0) for label in each.labels} <= {"cat", "dog", "man", "cup"}


@pytest.mark.parametrize("head", ["bbox_predictor.layers.2.bias", "class_labels_classifier.bias"])
def test_a_model_that_gives_nan_is_told_for_that_picture(head: str, models: Models) -> None:
    found = detector(models, "detr")
    with torch.no_grad():
        found._model.get_parameter(head).fill_(float("nan"))
    told: list[str] = []
    graphs = list(ImageParser(found, threshold=0.0).pipe(PICTURES, on_error=lambda _, reason: told.append(reason)))
    assert [len(graph) for graph in graphs] == [0, 0]
    assert told and all("not finite; the detector failed on this picture" in reason for reason in told)


def test_a_folder_of_another_model_is_told(models: Models, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"holds no detector that can be loaded: ViTModel is no detector; expected one"
    ):
        HuggingFaceDetector(models("vit"))
    with pytest.raises(ValueError, match="holds no detector that can be loaded"):
        HuggingFaceDetector(tmp_path)


def test_what_it_finds_is_what_transformers_says(models: Models) -> None:
    """The published way of use, picture by picture."""
    found = detector(models, "rt_detr_v2")
    processor = transformers.AutoImageProcessor.from_pretrained(models("rt_detr_v2"))
    model = transformers.AutoModelForObjectDetection.from_pretrained(models("rt_detr_v2")).eval()
    for picture, each in zip(PICTURES, found.detect(PICTURES, 0.1), strict=True):
        with torch.inference_mode():
            outputs = model(**processor(images=picture, return_tensors="pt"))
        sizes = torch.tensor([(picture.height, picture.width)])
        (expected,) = processor.post_process_object_detection(outputs, threshold=0.1, target_sizes=sizes)
        best: dict[tuple[float, ...], tuple[float, int]] = {}
        for box, score, label in zip(expected["boxes"], expected["scores"], expected["labels"], strict=True):
            if label:  # 0 is "N/A"
                best.setdefault(tuple(box.tolist()), (float(score), int(label)))
        assert len(best) == len(each) > 1
        assert each.boxes == pytest.approx(np.array(list(best)), abs=1e-2)
        assert each.scores == pytest.approx([score for score, _ in best.values()], abs=1e-4)
        words = {1: "person", 2: "dining table", 3: "dog"}
        assert list(each.labels) == [words[label] for _, label in best.values()]


def test_masks_of_a_large_picture_have_its_size(models: Models) -> None:
    found = detector(models, "mask2former")
    tiny_vision.decide(found._model)
    (each,) = found.detect([Image.new("RGB", (3000, 40), "white")], 0.5)
    assert each.masks and {(mask.width, mask.height) for mask in each.masks} == {(3000, 40)}
