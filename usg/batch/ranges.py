"""Small helpers for arrays of ragged rows: everything packing does without a loop over nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def pointer(counts: Ints) -> Ints:
    """Offsets of rows of the given lengths: `(k,)` to `(k + 1,)`, beginning with 0."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def ranges(starts: Ints, counts: Ints) -> Ints:
    """`arange(start, start + count)` of every row, end to end.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - ends + counts, counts)


def stable_order(keys: NDArray[np.integer], limit: int) -> Ints:
    """The stable sorting order of integers in [0, limit): a radix sort, 16 bits a pass.

    NumPy sorts 16-bit integers by radix and wider ones by merging, which is several times slower here.

    >>> stable_order(np.array([2, 0, 2, 1]), 3).tolist()
    [1, 3, 0, 2]
    """
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    shift = 16
    while limit >> shift:
        order = order[np.argsort((keys[order] >> shift).astype(np.uint16), kind="stable")]
        shift += 16
    return order
