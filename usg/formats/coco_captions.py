"""COCO captions: JSON whose `annotations` are captions, each with the image it describes (Chen et al., 2015).

    {"images": [...], "annotations": [{"image_id": 139, "id": 38, "caption": "A dog runs."}, ...]}

A bare list of annotations is read too, and annotations without `image_id`. They are given one after the other, never
all of them as objects at once (usg/formats/json_items.py). One that is no caption is a problem, the rest is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from usg.formats.json_items import items
from usg.formats.problems import Problems


@dataclass(frozen=True, slots=True)
class CocoCaption:
    """A caption.

    Attributes:
        text: as it was written.
        image: the id of the image it describes; None where the annotation has none.
        id: of the annotation, its number where it has none.
        number: of the annotation in the file, from 1.
    """

    text: str
    image: str | None
    id: str
    number: int


def read_coco_captions(text: str, name: str, problems: Problems) -> Iterator[CocoCaption]:
    """The captions of a file, as a stream.

    Args:
        text: the JSON; bytes that are not UTF-8 may stand in it as surrogates, they spoil their own caption only.
        name: of the file, for problems.
        problems: collects annotations that are no captions, by their numbers.

    Raises:
        ValueError: there are no annotations, or the text is not JSON from some place on; the captions before that
            place are given first. The message does not name the file.

    Example:
        >>> list(read_coco_captions('[{"image_id": 139, "id": 38, "caption": "A dog"}]', "captions.json", Problems()))
        [CocoCaption(text='A dog', image='139', id='38', number=1)]
    """
    for number, row in _annotations(text):
        where = f"{name}: annotation {number}"
        if not isinstance(row, dict) or "caption" not in row:
            seen = ", ".join(row) if isinstance(row, dict) else type(row).__name__
            problems.add(where, f"no 'caption' in {seen[:80]}; are these captions?")
            continue
        caption, image = row["caption"], row.get("image_id")
        if not isinstance(caption, str):
            problems.add(where, f"the caption is {type(caption).__name__} {caption!r:.60}, expected a string")
            continue
        found = CocoCaption(caption, None if image is None else str(image), str(row.get("id", number)), number)
        try:
            f"{found.text}{found.image}{found.id}".encode()
        except UnicodeEncodeError:
            problems.add(where, "not UTF-8")
        else:
            yield found


def _annotations(text: str) -> Iterator[tuple[int, Any]]:
    number = 0
    try:
        for number, row in enumerate(items(text, "annotations"), 1):
            yield number, row
    except ValueError as error:
        raise ValueError(f"{error}; {number:,} annotations were read") from None
