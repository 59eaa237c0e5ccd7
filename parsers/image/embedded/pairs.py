"""The relation network: scores of predicates for ordered pairs, of any vocabulary.

A pair is told by its geometry (22 numbers, below), the vectors of its two labels (`usg.nn.LabelEncoder`) and what was
seen of its two regions. From these a vector h; the logit of a predicate with vector t is

    h . t + c . t + c0

so that a predicate is a row of a table that can be made for any words, and those near in meaning score alike. Several
may hold at once: each has a sigmoid of its own, trained without weights, so that a score is a probability.

Letters: n regions, p pairs, d width of label vectors, e of region vectors, v predicates.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LABEL = 128
"""Width of the vectors of `usg.nn.LabelEncoder`, d."""
GRID = 8
"""A region's vector ends with its mask on a grid of so many cells a side."""
_GEOMETRY = 22
_SEEN = 24


class PairNetwork(nn.Module):
    """See the module docstring.

    Args:
        embedding: width of what was seen of a region, without its mask.
        width: of a pair's vector.
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.labels, self.seen = nn.Linear(LABEL, 2 * _SEEN), nn.Linear(embedding, _SEEN)
        self.pair = nn.Sequential(
            nn.Linear(2 * 3 * _SEEN + _GEOMETRY, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, LABEL),
        )
        self.common = nn.Linear(LABEL, 1)
        nn.init.zeros_(self.common.weight)
        nn.init.constant_(self.common.bias, -3.0)  # of most pairs most predicates do not hold

    def forward(self, boxes: Tensor, labels: Tensor, vectors: Tensor, pairs: Tensor, predicates: Tensor) -> Tensor:
        """Logits (p, v).

        Args:
            boxes: (n, 4), xyxy, as shares of the longer side of the picture.
            labels: (n, d) vectors of the labels.
            vectors: (n, e + 64) of the regions.
            pairs: (p, 2) numbers of subject and object among the n.
            predicates: (v, d) vectors of the predicates.
        """
        said = torch.cat([torch.relu(self.labels(labels)), torch.relu(self.seen(vectors[:, : -GRID * GRID]))], 1)
        i, j = pairs[:, 0], pairs[:, 1]
        masks = vectors[:, -GRID * GRID :].unflatten(1, (GRID, GRID))
        h = self.pair(torch.cat([said[i], said[j], geometry(boxes, masks, pairs)], 1))
        return h @ predicates.T + self.common(predicates).T


def geometry(boxes: Tensor, masks: Tensor, pairs: Tensor) -> Tensor:
    """How two boxes lie to one another, and whose pixels show where both are: (p, 22).

    Args:
        boxes: (n, 4), xyxy, shares of the longer side.
        masks: (n, 8, 8), how much of each cell of the box the region takes.
        pairs: (p, 2).
    """
    a, b = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    (wa, ha), (wb, hb) = _sides(a), _sides(b)
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    common = high - low  # negative: a gap
    shared = common.clamp(min=0).prod(1)
    first, second = wa * ha, wb * hb
    xa, xb = (a[:, 0] + a[:, 2]) / 2, (b[:, 0] + b[:, 2]) / 2
    ya, yb = (a[:, 1] + a[:, 3]) / 2, (b[:, 1] + b[:, 3]) / 2
    mine, theirs = _takes(a, masks[pairs[:, 0]], low, high), _takes(b, masks[pairs[:, 1]], low, high)
    return torch.stack(
        [
            xb - xa, yb - ya, b[:, 3] - a[:, 3], b[:, 1] - a[:, 1], b[:, 1] - a[:, 3], b[:, 3] - a[:, 1],
            common[:, 0], common[:, 1], common[:, 0] / torch.minimum(wa, wb), common[:, 1] / torch.minimum(ha, hb),
            shared / first, shared / second, torch.log(first / second) / 3, torch.log(wa / wb) / 2,
            torch.log(ha / hb) / 2, wa, ha, wb, hb, mine, theirs, (xb - xa) / torch.maximum(wa, wb),
        ],
        1,
    ).clamp(-4, 4)  # fmt: skip


def all_pairs(regions: int) -> Tensor:
    """The ordered pairs of different regions, (p, 2).

    >>> all_pairs(2).tolist()
    [[0, 1], [1, 0]]
    """
    pairs = torch.cartesian_prod(torch.arange(regions), torch.arange(regions))
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3)
    return size[:, 0], size[:, 1]


def _takes(boxes: Tensor, masks: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How much of the rectangle from low to high a region takes, by its mask; 0 where there is none."""
    size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3)
    from_, to = (low - boxes[:, :2]) / size * GRID, (high - boxes[:, :2]) / size * GRID  # (p, 2), in cells
    cells = torch.arange(GRID, device=boxes.device)
    # Length of each cell's share of the interval, in x and in y.
    inside = (torch.minimum(to[:, :, None], cells + 1.0) - torch.maximum(from_[:, :, None], cells + 0.0)).clamp(min=0)
    weight = inside[:, 1, :, None] * inside[:, 0, None, :]  # (p, 8, 8), rows are y
    return (weight * masks).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1e-6)
