"""Detectors and heads by name, without importing what they need.

A detector is named in one of six ways: a short name of `DETECTORS`, a file .onnx, a folder of `usg train-parser image`
or of save_pretrained, owner/name on the Hugging Face hub, or the dotted path of a class or function that makes one when
called. Attribute and relation heads likewise, a folder or a hub name being that of a model of pictures and texts; where
none is named, a detector that comes with heads of its own (`heads`) brings them. Behind a short name and a colon may
stand what it is made from, a corpus or a model: gold:world/val, frequency:world/train, setok:owner/name.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any, cast

from usg.hub import is_hub_name
from usg.parsers.image.detector import Detector
from usg.parsers.image.heads import AttributeHead, RelationHead, WithHeads
from usg.parsers.names import resolve

DETECTORS: dict[str, str] = {
    "blobs": "usg.parsers.image.baselines.blobs.Blobs",
    "gold": "usg.parsers.image.baselines.gold.GoldDetector",
    "picture": "usg.parsers.image.embedded.PictureDetector",
    "setok": "usg.parsers.image.detectors.setok.SeTok",
}
"""Detectors by short name."""

ATTRIBUTES: dict[str, str] = {"mean-colour": "usg.parsers.image.baselines.colours.MeanColour"}
"""Attribute heads by short name."""

RELATIONS: dict[str, str] = {
    "frequency": "usg.parsers.image.baselines.frequency.FrequencyRelations",
    "frequency-overlap": "usg.parsers.image.baselines.frequency.overlapping",
    "geometry": "usg.parsers.image.geometry.GeometricRelations",
}
"""Relation heads by short name."""

DEFAULT = "picture"
"""The detector when none is named: a short name of `DETECTORS`."""

NO_HEAD = "none"
"""The name of no head at all."""

KINDS = (
    "a short name (picture, setok, blobs, gold:CORPUS), a file .onnx, a folder of `usg train-parser image`, a folder "
    "of save_pretrained or owner/name on the Hugging Face hub (DETR, RT-DETR, D-FINE, Mask2Former; OWLv2 and Grounding "
    "DINO with labels), or the dotted path of a class"
)
"""What a detector can be, for help and errors."""

HEADS = (
    "a CLIP or SigLIP by folder or hub name, a class, or none (default: that of the detector); mean-colour and "
    "frequency may name what they learn from: frequency:CORPUS"
)
"""What a head can be beside a short name, for help."""


def make_detector(
    detector: Detector | str | os.PathLike[str] | None = None,
    *,
    labels: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Detector:
    """A detector by its name; an object that is one is returned as it is.

    Args:
        detector: see the module docstring; `DEFAULT` when None.
        labels: what an open-vocabulary detector looks for.
        class_names: of a detector that comes without them.

    Raises:
        ValueError: the detector takes no labels or class names.
        LookupError: there is no such short name.
        FileNotFoundError: there is no such file, folder or model.
        TypeError: the object, or what the path makes, is no detector.

    >>> make_detector("setoc")
    Traceback (most recent call last):
    LookupError: unknown detector 'setoc'; did you mean 'setok'? Known: blobs, gold, picture, setok
    """
    detector = DEFAULT if detector is None else detector
    given = {"labels": labels, "class_names": class_names}
    settings = {name: value for name, value in given.items() if value is not None}
    if not isinstance(detector, str | os.PathLike):
        if settings:
            raise ValueError(
                f"{' and '.join(settings)} are of a detector by name; give them to {type(detector).__name__}"
            )
        return _checked(detector)
    name = os.fspath(detector)
    if name.endswith(".onnx"):
        from usg.parsers.image.detectors.onnx import OnnxDetector

        if labels is not None:
            raise ValueError(f"{name} finds its own classes; leave out labels, or name the classes with class_names")
        return OnnxDetector(name, class_names=class_names)
    trained = _trained_here(name)
    if trained is not None:
        from usg.parsers.image.embedded import PictureDetector

        if settings:
            raise ValueError(f"{name} finds what it was trained on; leave out {' and '.join(settings)}")
        return PictureDetector(trained)
    if _is_model(name):
        from usg.parsers.image.detectors.huggingface import HuggingFaceDetector

        return HuggingFaceDetector(name, labels=labels, class_names=class_names)
    return _checked(_made("detector", name, DETECTORS, settings))


def make_heads(
    detector: Detector,
    attributes: AttributeHead | str | os.PathLike[str] | None,
    relations: RelationHead | str | os.PathLike[str] | None,
) -> tuple[AttributeHead | None, RelationHead | None]:
    """Both heads; a model that both name is loaded once, and where none is named the detector's own are taken."""
    if isinstance(detector, WithHeads) and (attributes is None or relations is None):
        own_attributes, own_relations = detector.heads()
        attributes = own_attributes if attributes is None else attributes
        relations = own_relations if relations is None else relations
    if isinstance(attributes, str | os.PathLike) and isinstance(relations, str | os.PathLike):
        name = os.fspath(attributes)
        if name == os.fspath(relations) and _is_model(name):
            from usg.parsers.image.image_text import ImageText
            from usg.parsers.image.zero_shot import ZeroShotAttributes, ZeroShotRelations

            model = ImageText(name)
            return ZeroShotAttributes(model), ZeroShotRelations(model)
    return make_attributes(attributes), make_relations(relations)


def make_attributes(head: AttributeHead | str | os.PathLike[str] | None) -> AttributeHead | None:
    """An attribute head by its name, as in the module docstring; None stays None, and "none" is None.

    Raises:
        LookupError, FileNotFoundError, ValueError: there is no such head or model.
    """
    if head is None or not isinstance(head, str | os.PathLike):
        return head
    if head == NO_HEAD:
        return None
    if _is_model(os.fspath(head)):
        from usg.parsers.image.zero_shot import ZeroShotAttributes

        return ZeroShotAttributes(head)
    return cast(AttributeHead, _made("attribute head", os.fspath(head), ATTRIBUTES, {}))


def make_relations(head: RelationHead | str | os.PathLike[str] | None) -> RelationHead | None:
    """A relation head by its name: one of `RELATIONS`, or as in the module docstring; None stays None, "none" is None.

    Raises:
        LookupError, FileNotFoundError, ValueError: there is no such head or model.

    >>> make_relations("geometry").version
    'geometry'
    """
    if head is None or not isinstance(head, str | os.PathLike):
        return head
    if head == NO_HEAD:
        return None
    if _is_model(os.fspath(head)):
        from usg.parsers.image.zero_shot import ZeroShotRelations

        return ZeroShotRelations(head)
    return cast(RelationHead, _made("relation head", os.fspath(head), RELATIONS, {}))


def _trained_here(name: str) -> Path | None:
    """The model of a folder that `usg train-parser image` wrote, or of the run that it is in."""
    return next((each for each in (Path(name), Path(name, "model")) if (each / "picture.json").is_file()), None)


def _is_model(name: str) -> bool:
    """Whether a name is of a folder or of the hub; a path that is not there is, so that the error says that."""
    if _short(name)[1]:
        return False
    return Path(name).is_dir() or is_hub_name(name) or "/" in name or os.sep in name


def _short(name: str) -> tuple[str, tuple[str, ...]]:
    """A short name and, where it has a colon, what stands behind it: gold:world/val is gold, made from world/val."""
    short, colon, source = name.partition(":")
    return (short, (source,)) if colon and short in {*DETECTORS, *ATTRIBUTES, *RELATIONS} else (name, ())


def _made(kind: str, name: str, known: dict[str, str], settings: dict[str, Any]) -> Any:
    """What a short name or a dotted path makes, called with the settings.

    Raises:
        ValueError: it takes no settings of these names, nothing behind a colon, or needs more than that.
    """
    name, source = _short(name)
    hint = "; a folder or owner/name on the hub is one too" if kind.endswith("head") else ""
    _, make = resolve(kind, name, known, hint=hint)
    if not callable(make):
        return make
    try:
        signature(make).bind(*source, **settings)
    except TypeError as error:
        wrong = [setting for setting in settings if f"'{setting}'" in str(error)]
        if wrong:
            raise ValueError(f"{name} takes no {wrong[0]}; leave it out, or name another {kind}") from None
        if source:
            raise ValueError(f"{name} is made from nothing: leave out :{source[0]}") from None
        raise ValueError(f"{name} cannot be made by its name alone: {error}; make it in Python") from None
    return make(*source, **settings)


def _checked(detector: Any) -> Detector:
    if isinstance(detector, type) or not isinstance(detector, Detector):
        what = detector.__name__ if isinstance(detector, type) else type(detector).__name__
        raise TypeError(f"{what} is no detector: it needs version and detect(images, threshold)")
    return detector
