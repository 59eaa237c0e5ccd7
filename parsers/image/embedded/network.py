"""The network of the embedded image parser: where things are, and then what each of them is.

First, every cell of stride 4 says how likely it is that a thing is found from there, and where that thing's sides
are (FCOS, Tian et al., 2019, without classes; its score is trained to be the overlap of the box, as in Generalized
Focal Loss, Li et al., 2020). Then each box is looked at on a grid of 14 x 14 cells: its class, attributes, mask
(28 x 28), and a correction of the box. What is told from a thing's pixels (its colour, its texture) must not lean on
what the thing is, or a green dog would be brown: the colour is read off single pixels, each seen alone, and the texture
off small patches; what the network knows of the thing only says which pixels count.

Letters: b pictures, n regions, e width of a region's vector, boxes xyxy in pixels of the fitted square.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.parsers.image.embedded.layers import Backbone, Maps, convolution
from usg.parsers.image.embedded.pairs import GRID, PairNetwork
from usg.parsers.image.embedded.sampling import region_grid, sample
from usg.parsers.image.embedded.settings import NetworkSettings, Words

STRIDE = 4
POINTS = 14
"""Cells of a region on each side: 12 over its box, and one beyond."""
MASK = 2 * POINTS
MARGIN = 1 / 12
"""How far regions reach beyond their box on each side, as a share of it."""
_ESCAPED = "kind "
_OUTLINE = 8  # channels of what the tower says of a mask


@dataclass(frozen=True)
class Regions:
    """What is said of n regions.

    Attributes:
        vectors: (n, e + 64), what the pair network reads: of what was seen, and the mask on 8 x 8 cells of the box.
        classes: (n, labels) logits.
        values: by kind of attribute, (n, values) logits.
        masks: (n, 28, 28) logits over the box and a margin around it.
        deltas: (n, 4), correction of the sides, as shares of width and height.
    """

    vectors: Tensor
    classes: Tensor
    values: dict[str, Tensor]
    masks: Tensor
    deltas: Tensor

    def boxes(self, proposals: Tensor) -> Tensor:
        """The corrected boxes, (n, 4)."""
        size = (proposals[:, 2:] - proposals[:, :2]).repeat(1, 2)
        return proposals + self.deltas * size


class PictureNetwork(nn.Module):
    """See the module docstring.

    Args:
        settings: its sizes.
        words: what it can say.
    """

    def __init__(self, settings: NetworkSettings, words: Words) -> None:
        super().__init__()
        self.settings, self.words = settings, words
        f, t, e, p = settings.features, settings.tower, settings.embedding, settings.pixels
        self.backbone = Backbone(settings.widths, f)
        self.dense = nn.Sequential(convolution(f, f), nn.Conv2d(f, 5, 1))
        nn.init.constant_(self.dense[-1].bias[0], -4.0)  # type: ignore[index]  # from most cells nothing is found
        self.tower = nn.Sequential(
            nn.Conv2d(f + settings.widths[0] + 12, t, 1), nn.ReLU(inplace=True), convolution(t, t), convolution(t, t)
        )
        self.outline = nn.Conv2d(t, 4 * _OUTLINE, 1)
        self.mask = nn.Sequential(convolution(_OUTLINE + 3, 2 * _OUTLINE), nn.Conv2d(2 * _OUTLINE, 1, 3, 1, 1))
        self.counts = nn.Conv2d(t, 1, 1)
        self.shrink = nn.Conv2d(t, t // 2, 1)
        self.embed = nn.Sequential(
            nn.Linear(t // 2 * 49 + f + 6, 2 * e), nn.ReLU(inplace=True), nn.Linear(2 * e, e), nn.ReLU(inplace=True)
        )
        self.classes, self.shift = nn.Linear(e, len(words.labels)), nn.Linear(e, 4)
        self.colours = nn.Sequential(
            nn.Conv2d(3, p, 1), nn.ReLU(inplace=True), nn.Conv2d(p, p, 1), nn.ReLU(inplace=True)
        )
        self.patterns = nn.Sequential(convolution(settings.widths[0] + 12, p), convolution(p, p))
        self.values = nn.ModuleDict()
        for kind, values in words.values.items():
            self.values[module_name(kind)] = nn.Sequential(
                nn.Linear(self._width(kind), 2 * p), nn.ReLU(inplace=True), nn.Linear(2 * p, len(values))
            )
        self.pairs = PairNetwork(e, settings.pairs)

    def forward(self, pictures: Tensor) -> tuple[Maps, Tensor, Tensor]:
        """Maps, and of every cell of stride 4 its score and its box.

        Args:
            pictures: (b, 3, side, side), bytes as floats in [0, 1].

        Returns:
            The maps, logits (b, h, w), and boxes (b, h, w, 4).
        """
        maps = self.backbone((pictures - 0.5) * 4.0)
        said = self.dense(maps.near).float()
        # (b, h, w, 4): left, up, right, down
        reach = F.softplus(said[:, 1:].permute(0, 2, 3, 1).contiguous()) * (2 * STRIDE)
        h, w = said.shape[2:]
        x = (torch.arange(w, device=said.device) + 0.5) * STRIDE
        y = (torch.arange(h, device=said.device) + 0.5) * STRIDE
        centre = torch.stack([x[None, :].expand(h, w), y[:, None].expand(h, w)], -1)
        boxes = torch.cat([centre - reach[..., :2], centre + reach[..., 2:]], -1)
        return Maps(*(each.float() for each in maps)), said[:, 0], boxes

    def regions(self, pictures: Tensor, maps: Maps, boxes: Tensor, of: Tensor) -> Regions:
        """What regions show.

        Args:
            pictures: (b, 3, side, side), as for a call.
            maps: of these pictures.
            boxes: (n, 4).
            of: (n,), the number of the picture of each.
        """
        grid, fine_grid = region_grid(boxes, POINTS, MARGIN), region_grid(boxes, MASK, MARGIN)
        pixels = sample(pictures, fine_grid, of, 1) - 0.5  # (n, 3, 28, 28)
        low = torch.cat([sample(maps.fine, grid, of, 2), F.pixel_unshuffle(pixels, 2) * 4.0], 1)
        tower = self.tower(_joined(sample(maps.near, grid, of, STRIDE), low))
        # Legs and spokes are thinner than a cell of the tower: masks are drawn with the pixels beside it.
        outline = F.pixel_shuffle(self.outline(tower), 2)
        masks = self.mask(_joined(outline, pixels * 4.0))[:, 0].float()
        counts = self.counts(tower).flatten(1).float().softmax(1)  # which points count, (n, 196)
        around = sample(maps.far, region_grid(boxes, 3, 0.25), of, 2 * STRIDE).mean((2, 3))
        cells = F.avg_pool2d(F.relu(self.shrink(tower)), 2).flatten(1)
        vector = self.embed(_joined(cells, around, self._place(boxes))).float()
        colour = _mean(self.colours(sample(pictures, grid, of, 1) * 4.0 - 2.0), counts)
        patterns = self.patterns(low)
        mean = _mean(patterns, counts)
        spread = (_mean(patterns**2, counts) - mean**2).clamp(min=1e-6).sqrt()
        seen = {"": vector, "colour": colour, "texture": torch.cat([colour, mean, spread], 1)}
        heads = {kind: self.values[module_name(kind)] for kind in self.words.values}
        values = {kind: head(seen[self._reads(kind)]).float() for kind, head in heads.items()}
        small = F.avg_pool2d(masks.detach().sigmoid()[:, 2:-2, 2:-2], (MASK - 4) // GRID).flatten(1)
        return Regions(
            vectors=torch.cat([vector, small], 1),
            classes=self.classes(vector).float(),
            values=values,
            masks=masks,
            deltas=self.shift(vector).float().clamp(-0.4, 0.4),
        )

    def _reads(self, kind: str) -> str:
        """What the values of a kind are told from: single pixels, patches, or the region's vector."""
        if kind not in self.settings.pixel_kinds:
            return ""
        return "colour" if kind in ("colour", "color") else "texture"

    def _width(self, kind: str) -> int:
        p = self.settings.pixels
        return {"": self.settings.embedding, "colour": p, "texture": 3 * p}[self._reads(kind)]

    def _place(self, boxes: Tensor) -> Tensor:
        """(n, 6): the sides, width and height, as shares of the square."""
        shares = boxes / self.settings.side
        return torch.cat([shares, shares[:, 2:] - shares[:, :2]], 1) * 2 - 1


def module_name(kind: str) -> str:
    """The name of the module of a kind of attribute: the kind, or its bytes where torch could not have it.

    torch refuses dots, empty names, and what modules have already.

    >>> module_name("colour"), module_name("type")
    ('colour', 'kind 74797065')
    """
    taken = not kind or "." in kind or kind.startswith(_ESCAPED) or hasattr(nn.ModuleDict(), kind)
    return f"{_ESCAPED}{kind.encode().hex()}" if taken else kind


def _joined(*values: Tensor) -> Tensor:
    """Values (n, c, ...) side by side, each in the type that the next layer multiplies in: less is copied so."""
    device = values[0].device.type
    if torch.is_autocast_enabled(device):
        values = tuple(each.to(torch.get_autocast_dtype(device)) for each in values)
    return torch.cat(values, 1)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """(n, c) the weighted means of values (n, c, p, q) at points that count by weights (n, p q)."""
    rows = values.permute(0, 2, 3, 1).flatten(1, 2)  # (n, p q, c)
    return torch.bmm(weights[:, None], rows)[:, 0]
