"""Values of maps at points within boxes: RoIAlign (He et al., Mask R-CNN, 2017) by weighted sums of rows.

A map (b, c, h, w) is a table of b h w rows of c numbers; the bilinear value at a point is the weighted sum of the four
rows around it, which is one `embedding_bag` for all points.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def region_grid(boxes: Tensor, points: int, margin: float = 0.0) -> Tensor:
    """The centres of a grid of cells over each box, (n, points, points, 2), x before y.

    Args:
        boxes: (n, 4), xyxy.
        points: cells on each side.
        margin: how far the grid reaches beyond the box on each side, as a share of it.

    >>> region_grid(torch.tensor([[0.0, 0.0, 4.0, 2.0]]), 2)[0, 0].tolist()
    [[1.0, 0.5], [3.0, 0.5]]
    """
    steps = (torch.arange(points, device=boxes.device) + 0.5) / points
    steps = steps * (1 + 2 * margin) - margin
    low, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    x = low[:, None, :1] + steps[None, :, None] * size[:, None, :1]  # (n, points, 1)
    y = low[:, None, 1:] + steps[None, :, None] * size[:, None, 1:]
    shape = (len(boxes), points, points)
    return torch.stack([x[:, None, :, 0].expand(shape), y[:, :, None, 0].expand(shape)], -1)


def sample(maps: Tensor, grid: Tensor, pictures: Tensor, stride: int) -> Tensor:
    """Bilinear values of maps at points; beyond the edge they are those of the edge.

    Args:
        maps: (b, c, h, w), float32.
        grid: (n, p, q, 2), points in pixels of the pictures, x before y.
        pictures: (n,), which of the b each grid is of.
        stride: pixels from one cell of the maps to the next.

    Returns:
        (n, c, p, q).

    >>> maps = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    >>> sample(maps, torch.tensor([[[[2.0, 2.0], [0.0, 0.0]]]]), torch.tensor([0]), 2).flatten().tolist()
    [1.5, 0.0]
    """
    _, c, h, w = maps.shape
    n, p, q, _ = grid.shape
    rows = maps.permute(0, 2, 3, 1).reshape(-1, c)
    x = (grid[..., 0] / stride - 0.5).clamp(0, w - 1)
    y = (grid[..., 1] / stride - 0.5).clamp(0, h - 1)
    left, top = x.floor(), y.floor()
    right, bottom = (left + 1).clamp(max=w - 1), (top + 1).clamp(max=h - 1)
    u, v = x - left, y - top
    first = (pictures * (h * w))[:, None, None]
    places = torch.stack(
        [first + (row * w + column).long() for row in (top, bottom) for column in (left, right)], -1
    )  # (n, p, q, 4)
    weights = torch.stack([(1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u], -1)
    values = F.embedding_bag(places.reshape(-1, 4), rows, per_sample_weights=weights.reshape(-1, 4), mode="sum")
    return values.reshape(n, p, q, c).permute(0, 3, 1, 2)
