"""Maps of a coarser grid at the size of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 1333  # pixels; no model here decides on masks at more than a quarter of it


def enlarged(grid: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Each pixel of the picture takes the value of the cell that it lies in: (height, width).

    >>> enlarged(np.array([[1, 2]]), 4, 2).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    rows = np.arange(height) * grid.shape[0] // height
    columns = np.arange(width) * grid.shape[1] // width
    return np.asarray(grid[rows[:, None], columns[None, :]])


def working_size(width: int, height: int) -> tuple[int, int]:
    """Height and width at which masks are decided: those of the picture, or less for a large one.

    A model's masks, one for each of its queries, would need gigabytes at the size of a large photograph.

    >>> working_size(640, 480), working_size(4000, 3000)
    ((480, 640), (1000, 1333))
    """
    scale = min(1.0, _SIDE / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))
