"""COCO run-length masks: between arrays of booleans and the compressed `counts` that a `Mask` holds.

Runs alternate background and foreground, background first, along columns. From the fourth on, a run is written as its
difference to the one two before it; each number becomes base-32 digits, least significant first, of five bits with a
sixth that says that more follow, shifted by 48 into printable ASCII (`rleToString` of pycocotools' maskApi.c). The
graph needs no compiled package, so this is written here; pycocotools is what the tests compare it with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box, Mask

Flags = NDArray[np.bool_]


def encode_mask(mask: Flags) -> Mask:
    """Returns a mask as a region.

    Args:
        mask: (height, width) booleans, true where the object is.

    Raises:
        ValueError: if it has not two dimensions, or a side is zero.

    >>> encode_mask(np.array([[False, True], [False, True]]))
    Mask(height=2, width=2, counts='22')
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"mask has shape {mask.shape} and type {mask.dtype}, expected (height, width) booleans")
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0, 0] if flat[:1].any() else [0]
    runs = np.diff(np.concatenate([first, changes, [flat.size]]))
    numbers = runs.copy()
    numbers[3:] -= runs[1:-2]
    # A number has as many digits as hold it with its sign: -16 <= number < 16 has one, -512 <= number < 512 two.
    size = np.maximum(numbers, ~numbers)
    limits = 16 << 5 * np.arange(int(size.max()).bit_length() // 5 + 1)
    more = size[:, None] >= limits  # of each digit whether another follows
    digits = numbers[:, None] >> 5 * np.arange(len(limits)) & 31
    said = np.concatenate([np.ones_like(more[:, :1]), more[:, :-1]], 1)
    letters = (digits + 32 * more + 48)[said].astype(np.uint8).tobytes().decode("ascii")
    return Mask(mask.shape[0], mask.shape[1], letters)


def decode_mask(mask: Mask) -> Flags:
    """Returns the (height, width) booleans of a mask.

    Args:
        mask: the region.

    Raises:
        ValueError: if the counts break off, or do not add up to the mask's area.

    >>> decode_mask(Mask(2, 2, "22")).tolist()
    [[False, True], [False, True]]
    """
    runs: list[int] = []
    number, shift = 0, 0
    for letter in mask.counts:
        digit = ord(letter) - 48
        if not 0 <= digit < 64:
            raise ValueError(f"mask counts hold {letter!r}, which is no digit of a COCO run length")
        number |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            if digit & 16:
                number -= 1 << shift
            runs.append(number + runs[-2] if len(runs) > 2 else number)
            number, shift = 0, 0
    area = mask.height * mask.width
    if shift or sum(runs) != area or min(runs, default=0) < 0:
        raise ValueError(f"mask counts {mask.counts[:20]!r}... are not runs of {area} pixels in all")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((mask.height, mask.width), order="F")


def mask_box(mask: Flags) -> Box | None:
    """Returns the smallest box that holds every pixel of a mask, edges exclusive; none for an empty mask.

    >>> mask_box(np.array([[False, True], [False, True]]))
    Box(x0=1.0, y0=0.0, x1=2.0, y1=2.0)
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return Box(float(columns[0]), float(rows[0]), float(columns[-1]) + 1.0, float(rows[-1]) + 1.0)
