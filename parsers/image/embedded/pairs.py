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
    p = len(pairs)
    each = pairs.T.reshape(-1)  # the subjects of all pairs, then their objects
    both = boxes[each]
    starts, ends = both[:, :2], both[:, 2:]
    sizes = (ends - starts).clamp(min=1e-3)
    centres = (starts + ends) / 2
    areas = sizes[:, 0] * sizes[:, 1]
    low, high = torch.maximum(starts[:p], starts[p:]), torch.minimum(ends[:p], ends[p:])
    common = high - low  # negative: a gap
    shared = common.clamp(min=0).prod(1)
    takes = _takes(starts, sizes, masks[each], low.repeat(2, 1), high.repeat(2, 1))
    across = centres[p:] - centres[:p]
    narrower, ratio = torch.minimum(sizes[:p], sizes[p:]), torch.log(sizes[:p] / sizes[p:]) / 2
    first, second = areas[:p], areas[p:]
    return torch.stack(
        [
            across[:, 0], across[:, 1], ends[p:, 1] - ends[:p, 1], starts[p:, 1] - starts[:p, 1],
            starts[p:, 1] - ends[:p, 1], ends[p:, 1] - starts[:p, 1], common[:, 0], common[:, 1],
            *(common / narrower).unbind(1), shared / first, shared / second, torch.log(first / second) / 3,
            *ratio.unbind(1), *sizes[:p].unbind(1), *sizes[p:].unbind(1), takes[:p], takes[p:],
            across[:, 0] / torch.maximum(sizes[:p, 0], sizes[p:, 0]),
        ],
        1,
    ).clamp(-4, 4)  # fmt: skip


def all_pairs(regions: int) -> Tensor:
    """The ordered pairs of different regions, (p, 2).

    >>> all_pairs(2).tolist()
    [[0, 1], [1, 0]]
    """
    return torch.nonzero(~torch.eye(regions, dtype=torch.bool))


def _takes(starts: Tensor, sizes: Tensor, masks: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How much of the rectangle from low to high each region takes, by its mask; 0 where there is none."""
    from_, to = (low - starts) / sizes * GRID, (high - starts) / sizes * GRID  # (n, 2), in cells
    cells = torch.arange(GRID, device=starts.device)
    # Length of each cell's share of the interval, in x and in y.
    inside = (torch.minimum(to[:, :, None], cells + 1.0) - torch.maximum(from_[:, :, None], cells + 0.0)).clamp(min=0)
    weight = inside[:, 1, :, None] * inside[:, 0, None, :]  # (n, 8, 8), rows are y
    return (weight * masks).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1e-6)
