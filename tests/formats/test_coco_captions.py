"""COCO captions: what is a caption, and what is said of the rest."""

from __future__ import annotations

import json

import pytest

from usg.formats import Problems
from usg.formats.coco_captions import CocoCaption, read_coco_captions

ROWS = [{"image_id": 9, "id": 3, "caption": "A dog"}, {"caption": "A cat"}, {"image_id": 9}, {"caption": None}, None]


@pytest.mark.parametrize("data", [ROWS, {"images": [], "annotations": ROWS}])
def test_captions_are_given_and_the_rest_is_told_by_number(data: object) -> None:
    problems = Problems()
    found = list(read_coco_captions(json.dumps(data), "captions.json", problems))
    assert found == [CocoCaption("A dog", "9", "3", 1), CocoCaption("A cat", None, "2", 2)]
    assert problems.first == [
        "captions.json: annotation 3: no 'caption' in image_id; are these captions?",
        "captions.json: annotation 4: the caption is NoneType None, expected a string",
        "captions.json: annotation 5: no 'caption' in NoneType; are these captions?",
    ]


def test_bytes_that_are_not_utf_8_spoil_their_own_caption() -> None:
    problems = Problems()
    text = b'[{"caption": "a \xff"}, {"caption": "b"}]'.decode("utf-8", "surrogateescape")
    assert [each.text for each in read_coco_captions(text, "x", problems)] == ["b"]
    assert problems.first == ["x: annotation 1: not UTF-8"]


def test_captions_before_a_break_are_given_first() -> None:
    captions = read_coco_captions('[{"caption": "a"}, {"capt', "x", Problems(strict=True))
    assert next(captions).text == "a"
    with pytest.raises(ValueError, match="cut short or broken at character 19; 1 annotations were read"):
        next(captions)


def test_a_strict_collector_names_the_annotation_alone() -> None:
    with pytest.raises(ValueError, match=r"captions\?$"):
        list(read_coco_captions("[{}]", "x", Problems(strict=True)))
