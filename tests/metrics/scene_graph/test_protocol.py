"""Protocols: every switch is printed, and wrong values are refused with what would be right."""

from dataclasses import fields

import pytest

from usg.metrics.scene_graph.presets import PRESETS, preset
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.switches import parse_switches, written


@pytest.mark.parametrize("name", PRESETS)
def test_every_switch_is_printed_and_can_be_read_back(name: str) -> None:
    protocol = preset(name)
    text = protocol.to_text()
    assert text.startswith(f"protocol {name} (")
    for each in fields(Protocol):
        if each.name in ("name", "follows"):
            continue
        value = getattr(protocol, each.name)
        assert f"{each.name}={written(value)}" in text
        if each.name != "predicate_groups":
            assert protocol.changed({each.name: written(value)}) is protocol


def test_the_presets_of_the_issue_are_there() -> None:
    assert {"vg150", "psg", "pvsg", "vidvrd", "action-genome", "usg-par"} <= set(PRESETS)
    skip = {name for name, protocol in PRESETS.items() if protocol.empty_prediction == "skip"}
    assert skip == {"vg150", "psg"}


def test_a_changed_protocol_says_so() -> None:
    changed = preset("psg").changed({"region": "box", "recall_at": "20", "predicates": "on,in front of"})
    assert changed.name == "psg with region=box, recall_at=20, predicates=on,in front of"
    assert (changed.recall_at, changed.predicates) == ((20,), ("on", "in front of"))
    assert preset("psg").changed({"iou": 1}).iou == 1.0


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"region": "boxes"}, "region is 'boxes', expected 'box' or 'mask'"),
        ({"iou": "half"}, "iou is 'half', expected a number"),
        ({"one_to_one": "yes"}, "one_to_one is 'yes', expected true or false"),
        ({"unit": "film"}, "films need a vIoU"),
        ({"predicate_classes": "none"}, "needs the number of predicates"),
        ({"recall_at": "0"}, "whole numbers from 1 on"),
        ({"mask_size": "80"}, "expected \\(height, width\\)"),
    ],
)
def test_wrong_values(switches: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        preset("psg").changed(switches)


def test_unknown_names() -> None:
    with pytest.raises(LookupError, match="unknown switch 'iuo'; did you mean 'iou'"):
        preset("psg").changed({"iuo": "1"})
    with pytest.raises(LookupError, match="unknown protocol 'pgs'; did you mean 'psg'"):
        preset("pgs")
    with pytest.raises(ValueError, match="is not NAME=VALUE"):
        parse_switches(["iou"])
