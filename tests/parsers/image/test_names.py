"""Detectors and heads by name, and what is said of those that are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from usg.parsers.image import Detections
from usg.parsers.image.detector import nothing
from usg.parsers.image.detectors.huggingface import HuggingFaceDetector
from usg.parsers.image.detectors.setok import SeTok
from usg.parsers.image.geometry import GeometricRelations
from usg.parsers.image.names import make_attributes, make_detector, make_relations


class Own:
    """A detector of one's own."""

    version = "own 1"

    def __init__(self, labels: Sequence[str] = ("dog",)) -> None:
        self.labels = labels

    def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
        return [nothing() for _ in images]


def test_every_way_to_name_a_detector(models: Callable[[str], Path]) -> None:
    own = Own()
    assert make_detector(own) is own
    assert isinstance(make_detector("setok"), SeTok)
    assert isinstance(make_detector("usg.parsers.image.detectors.setok.SeTok"), SeTok)
    assert isinstance(make_detector(models("detr")), HuggingFaceDetector)
    assert isinstance(make_detector(str(models("detr"))), HuggingFaceDetector)
    asked = make_detector(models("owlv2"), labels=["dog"])
    assert isinstance(asked, HuggingFaceDetector) and asked.labels == ("dog",)


def test_a_class_by_its_path_is_given_the_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usg.parsers.image.names.Own", Own, raising=False)
    made = make_detector("usg.parsers.image.names.Own", labels=["cat"])
    assert isinstance(made, Own) and made.labels == ["cat"]
    with pytest.raises(ValueError, match="takes no class_names"):
        make_detector("usg.parsers.image.names.Own", class_names=["cat"])


def test_a_default_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usg.parsers.image.names.DEFAULT", "setok")
    assert isinstance(make_detector(), SeTok)


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("setok2", LookupError, "unknown detector 'setok2'; did you mean 'setok'"),
        ("no/such/folder", FileNotFoundError, "no folder no/such/folder with a detector; pass one of save_pretrained"),
        ("nobody/no-such-model", FileNotFoundError, "the hub cannot be reached and no earlier download has it"),
        ("no-such.onnx", FileNotFoundError, r"no file no-such\.onnx"),
        ("usg.nothing.Here", ValueError, "there is no detector usg.nothing.Here"),
        ("usg.parsers.image.geometry.GeometricRelations", TypeError, "GeometricRelations is no detector"),
    ],
)
def test_what_is_no_detector_is_told(name: str, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        make_detector(name)


def test_an_object_that_is_no_detector_is_told() -> None:
    with pytest.raises(TypeError, match="object is no detector: it needs version and detect"):
        make_detector(object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Own is no detector"):
        make_detector(Own)  # type: ignore[arg-type]  # the class, not an object
    with pytest.raises(ValueError, match="labels are of a detector by name; give them to Own"):
        make_detector(Own(), labels=["dog"])


def test_settings_that_do_not_fit_are_told(models: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match="finds its own classes; leave out labels"):
        make_detector(models("detr"), labels=["dog"])
    with pytest.raises(ValueError, match="finds what it is asked for; give labels"):
        make_detector(models("owlv2"))
    with pytest.raises(ValueError, match="setok takes no labels"):
        make_detector("setok", labels=["dog"])


def test_what_a_name_cannot_be_made_from_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"^geometry is made from nothing: leave out :x$"):
        make_relations("geometry:x")
    with pytest.raises(ValueError, match=r"^picture takes no labels; leave it out, or name another detector$"):
        make_detector("picture", labels=["cat"])
    with pytest.raises(ValueError, match=r"^usg\.\S+SeTok takes no class_names; leave it out"):
        make_detector("usg.parsers.image.detectors.setok.SeTok", class_names=["cat"])
    with pytest.raises(ValueError, match=r"PictureModel cannot be made by its name alone: .*'network'"):
        make_detector("usg.parsers.image.embedded.PictureModel")


def test_heads_by_name() -> None:
    assert isinstance(make_relations("geometry"), GeometricRelations)
    assert make_relations(None) is None and make_attributes(None) is None
    head = GeometricRelations()
    assert make_relations(head) is head
    with pytest.raises(LookupError, match="unknown relation head 'geometri'; did you mean 'geometry'"):
        make_relations("geometri")
    with pytest.raises(LookupError, match=r"unknown attribute head 'clip'.*owner/name on the hub"):
        make_attributes("clip")
