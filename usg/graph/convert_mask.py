"""Masks as arrays and back: the COCO compressed run-length encoding, by pycocotools.

A `Mask` holds the runs of its pixels in column-major order, as COCO's annotations do; an array holds them as (h, w).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box, Mask


def mask_from_array(array: NDArray[Any]) -> Mask:
    """The mask of an array: true, or not zero, is inside.

    Args:
        array: (h, w), of bools or numbers.

    Raises:
        ValueError: the array has no pixels, or another number of dimensions.

    >>> mask_from_array(np.eye(2))
    Mask(height=2, width=2, counts='0120')
    """
    if array.ndim != 2 or not array.size:
        raise ValueError(f"a mask of shape {array.shape}, expected (height, width) with at least one pixel")
    from pycocotools import mask as coco

    runs = coco.encode(np.asfortranarray(array != 0, dtype=np.uint8))
    return Mask(array.shape[0], array.shape[1], runs["counts"].decode("ascii"))


def mask_to_array(mask: Mask) -> NDArray[np.bool_]:
    """The pixels of a mask, (h, w).

    Raises:
        ValueError: the runs do not fill the mask's height and width.

    >>> mask_to_array(Mask(2, 2, "0120")).astype(int).tolist()
    [[1, 0], [0, 1]]
    """
    from pycocotools import mask as coco

    try:
        with warnings.catch_warnings():  # pycocotools 2.0.11 makes arrays in a way that NumPy 2 deprecates
            warnings.simplefilter("ignore", DeprecationWarning)
            decoded = coco.decode({"size": [mask.height, mask.width], "counts": mask.counts.encode("ascii")})
    except (ValueError, UnicodeEncodeError) as error:
        raise ValueError(f"mask counts {mask.counts[:40]!r} are no run lengths: {error}") from None
    return np.asarray(decoded, dtype=bool)


def mask_box(array: NDArray[np.bool_]) -> Box | None:
    """The smallest box around the pixels that are inside, ends exclusive; None when none is.

    >>> mask_box(np.array([[False, True], [False, False]]))
    Box(x0=1.0, y0=0.0, x1=2.0, y1=1.0)
    """
    rows, columns = np.flatnonzero(array.any(1)), np.flatnonzero(array.any(0))
    if not len(rows):
        return None
    return Box(float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1)
