"""Labels as words, and names of classes that say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usg.parsers.image.labels import checked_labels, class_names, label_words, labels_from, labels_of


def test_categories_of_coco_are_words(shared_data: Path) -> None:
    file = shared_data / "vision" / "coco" / "panoptic_coco_categories.json"
    words = [label_words(category["name"]) for category in json.loads(file.read_text())]
    assert not [word for word in words if "-" in word or "_" in word]
    assert {"sky", "wall", "dining table", "water", "tree"} <= set(words)


def test_a_class_without_a_name_is_never_a_label() -> None:
    assert class_names(["N/A", "person", "LABEL_2"], None, "it") == (None, "person", None)
    assert class_names([], ["Dog", "traffic_light"], "it") == ("dog", "traffic light")
    assert class_names(["LABEL_0", "LABEL_1"], ["dog", "cat"], "it") == ("dog", "cat")


def test_a_detector_without_class_names_is_told() -> None:
    with pytest.raises(ValueError, match=r"tiny has no class names; its classes are called LABEL_0, LABEL_1, \.\.\."):
        class_names(["LABEL_0", "LABEL_1"], None, "tiny")
    with pytest.raises(ValueError, match=r"tiny has no class names; give them in order as class_names"):
        class_names([], None, "tiny")
    with pytest.raises(ValueError, match="1 class_names for tiny, which has 2 classes"):
        class_names(["LABEL_0", "LABEL_1"], ["dog"], "tiny")
    with pytest.raises(TypeError, match="class_names are the string 'dog'"):
        class_names([], "dog", "tiny")


def test_labels_are_checked() -> None:
    with pytest.raises(TypeError, match="labels are the string 'dog'; give a list"):
        checked_labels("dog")
    with pytest.raises(TypeError, match="labels hold 3"):
        checked_labels([3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="labels hold ' ', which is empty"):
        checked_labels(["dog", " "])
    with pytest.raises(ValueError, match="labels are empty"):
        checked_labels([])


def test_labels_come_from_a_list_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("dog\n\nteddy bear, brown\n")
    assert labels_from(str(tmp_path / "names.txt")) == ("dog", "teddy bear, brown")
    assert labels_from("dog, teddy bear,") == ("dog", "teddy bear")
    assert len(labels_from(",".join(["dog"] * 3000))) == 3000


def test_a_caption_without_things_is_told() -> None:
    with pytest.raises(ValueError, match="no thing is named in the caption '!'; give labels"):
        labels_of("!")
