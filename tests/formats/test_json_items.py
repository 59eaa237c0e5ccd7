"""Items of an array in a large JSON text."""

import json

import pytest

from usg.formats.json_items import items


def test_items_are_those_of_the_json_module() -> None:
    data = {"a": {"annotations": [1]}, "annotations": [1.5, "x]\\", [], {"b": None}], "c": [2]}
    for indent in (None, 2):
        assert list(items(json.dumps(data, indent=indent), "annotations")) == data["annotations"]
    assert list(items(" [ ] ", "annotations")) == []
    with pytest.raises(ValueError, match="no 'annotations' among the keys"):
        list(items("{ }", "annotations"))
