"""Masks as arrays and back: the compressed run lengths of COCO.

A mask is read column by column; the lengths of its runs alternate between background and foreground, background first
(0 where the mask starts with foreground). From the fourth run on a length is stored as its difference from the one two
before it. Each number becomes groups of five bits, lowest first, a sixth bit saying that more follow, as the characters
from `0` (48) on; the highest bit of the last group is the sign (maskApi.c of cocodataset/cocoapi, rleToString).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.graph.region import Box, Mask


def encode_mask(pixels: ArrayLike) -> Mask:
    """The mask of an array.

    Args:
        pixels: `(height, width)`; what is not 0 is foreground.

    Raises:
        ValueError: the array does not have two axes, or has no pixels.

    >>> encode_mask([[0, 1], [0, 1]])
    Mask(height=2, width=2, counts='22')
    """
    array = np.asarray(pixels)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"a mask of shape {array.shape}; expected (height, width), both positive")
    flat = (array != 0).ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff([0, *changes, flat.size]).tolist()
    if flat[0]:
        runs.insert(0, 0)
    return Mask(array.shape[0], array.shape[1], _compressed(runs))


def decode_mask(mask: Mask) -> NDArray[np.bool_]:
    """The pixels of a mask, `(height, width)`.

    Raises:
        ValueError: the run lengths do not cover the mask exactly.

    >>> decode_mask(Mask(2, 2, "22")).tolist()
    [[False, True], [False, True]]
    """
    runs = np.array(_runs(mask.counts), dtype=np.int64)
    if (runs < 0).any() or runs.sum() != mask.height * mask.width:
        raise ValueError(
            f"the run lengths of a mask cover {int(runs.sum())} pixels, not {mask.height} x {mask.width}; "
            "expected compressed COCO counts"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(mask.height, mask.width, order="F")


def mask_box(mask: Mask) -> Box | None:
    """The smallest box around a mask's foreground, ends exclusive; None where it has none.

    >>> mask_box(Mask(2, 2, "22"))
    Box(x0=1.0, y0=0.0, x1=2.0, y1=2.0)
    """
    return box_of_pixels(decode_mask(mask))


def box_of_pixels(pixels: NDArray[np.bool_]) -> Box | None:
    """As `mask_box`, of an array `(height, width)`."""
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not rows.size:
        return None
    edges: tuple[Any, ...] = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    return Box(*map(float, edges))


def _compressed(runs: list[int]) -> str:
    characters = []
    for i, run in enumerate(runs):
        value = run - runs[i - 2] if i > 2 else run
        while True:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            characters.append(chr(group + 48 + (0x20 if more else 0)))
            if not more:
                break
    return "".join(characters)


def _runs(counts: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        group = ord(character) - 48
        if not 0 <= group < 64:
            raise ValueError(f"mask counts hold {character!r}; expected compressed COCO counts, characters 0 to o")
        value |= (group & 0x1F) << shift
        shift += 5
        if group & 0x20:
            continue
        if group & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("mask counts end in the middle of a number; expected compressed COCO counts")
    return runs
