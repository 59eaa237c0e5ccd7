"""Values of maps at points within boxes: RoIAlign (He et al., Mask R-CNN, 2017) by weighted sums of rows.

A map (b, c, h, w) is a table of b h w rows of c numbers; the bilinear value at a point is the weighted sum of the four
rows around it, which is one `embedding_bag` for all points. The points of a box are a grid, so that what is told of
columns and of rows is told of each by itself.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Grid(NamedTuple):
    """Points over n boxes, in pixels.

    Attributes:
        x: (n, q), of the columns.
        y: (n, p), of the rows.
    """

    x: Tensor
    y: Tensor

    def points(self) -> Tensor:
        """(n, p, q, 2), x before y."""
        shape = (len(self.x), self.y.shape[1], self.x.shape[1])
        return torch.stack([self.x[:, None].expand(shape), self.y[:, :, None].expand(shape)], -1)


def region_grid(boxes: Tensor, points: int, margin: float = 0.0) -> Grid:
    """The centres of a grid of cells over each box.

    Args:
        boxes: (n, 4), xyxy.
        points: cells on each side.
        margin: how far the grid reaches beyond the box on each side, as a share of it.

    >>> region_grid(torch.tensor([[0.0, 0.0, 4.0, 2.0]]), 2)
    Grid(x=tensor([[1., 3.]]), y=tensor([[0.5000, 1.5000]]))
    """
    steps = (torch.arange(points, device=boxes.device) + 0.5) / points
    steps = steps * (1 + 2 * margin) - margin
    low, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    return Grid(low[:, :1] + steps * size[:, :1], low[:, 1:] + steps * size[:, 1:])


def sample(maps: Tensor, grid: Grid, pictures: Tensor, stride: int) -> Tensor:
    """Bilinear values of maps at points; beyond the edge they are those of the edge.

    Args:
        maps: (b, c, h, w), float32.
        grid: p x q points for each of n boxes.
        pictures: (n,), which of the b each box is of.
        stride: pixels from one cell of the maps to the next.

    Returns:
        (n, c, p, q).

    >>> maps = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> sample(maps, Grid(torch.tensor([[0.0, 2.0]]), torch.tensor([[2.0]])), torch.tensor([0]), 2).tolist()
    [[[[1.0, 1.5]]]]
    """
    _, c, h, w = maps.shape
    rows = maps.permute(0, 2, 3, 1).reshape(-1, c)
    columns, u = _around(grid.x / stride - 0.5, w)
    lines, v = _around(grid.y / stride - 0.5, h)
    first = (pictures * (h * w))[:, None, None]
    # (n, p, q, 2, 2): of each point the cells above and below, and in both those to the left and to the right.
    places = (first + lines * w)[:, :, None, :, None] + columns[:, None, :, None, :]
    weights = v[:, :, None, :, None] * u[:, None, :, None, :]
    values = F.embedding_bag(places.reshape(-1, 4), rows, per_sample_weights=weights.reshape(-1, 4), mode="sum")
    return values.reshape(*places.shape[:3], c).permute(0, 3, 1, 2)


def _around(at: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Of (n, k) places on a line of cells the two cells around each, (n, k, 2), and the weights of these."""
    at = at.clamp(0, size - 1)
    low = at.floor()
    share = at - low
    cells = torch.stack([low, (low + 1).clamp(max=size - 1)], -1).long()
    return cells, torch.stack([1 - share, share], -1)
