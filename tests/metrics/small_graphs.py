"""Small graphs of pictures, written as tables: what the tests of scene-graph metrics share."""

from collections.abc import Mapping, Sequence

import numpy as np

from usg.graph import Attribute, Box, Grounding, Mask, Relation, SceneGraph, SceneObject, Source
from usg.graph.rle import encode_mask

Corners = tuple[float, float, float, float]
SIDE = 80  # pixels of a picture


def picture(
    objects: Mapping[str, tuple[str, Corners] | tuple[str, Corners, float]],
    relations: Sequence[tuple[str, str, str] | tuple[str, str, str, float]] = (),
    *,
    attributes: Sequence[tuple[str, str, str] | tuple[str, str, str, float]] = (),
    uri: str | None = None,
    masks: bool = False,
) -> SceneGraph:
    """A graph of a picture: id -> (label, xyxy, score); (subject, predicate, object, score); (object, kind, value)."""
    return SceneGraph(
        [Source("i", "image", uri=uri, width=SIDE, height=SIDE)],
        [
            SceneObject(
                id,
                label,
                score=score[0] if score else None,
                groundings=tuple(Grounding("i", region) for region in _regions(corners, masks)),
            )
            for id, (label, corners, *score) in objects.items()
        ],
        [
            Attribute(f"a{number}", thing, value, kind=kind, score=score[0] if score else None)
            for number, (thing, kind, value, *score) in enumerate(attributes)
        ],
        [
            Relation(f"r{number}", subject, predicate, other, score=score[0] if score else None)
            for number, (subject, predicate, other, *score) in enumerate(relations)
        ],
    )


def rectangle(corners: Corners) -> Mask:
    """A mask of a rectangle in a picture."""
    x0, y0, x1, y1 = map(int, corners)
    pixels = np.zeros((SIDE, SIDE), bool)
    pixels[y0:y1, x0:x1] = True
    return encode_mask(pixels)


def _regions(corners: Corners, masks: bool) -> list[Box | Mask]:
    return [Box(*corners), rectangle(corners)] if masks else [Box(*corners)]
