"""What the network is trained to minimise, over a batch of pictures.

    positives   quality focal loss |y - s|^2 BCE(s, y), y the overlap of a positive cell's box with its object, 0 of
                the other cells (Li et al., Generalized Focal Loss, 2020), over the number of positives
    boxes       1 - GIoU of the positives' boxes; correction: of the corrected regions (Rezatofighi et al., 2019)
    classes     cross entropy; "value KIND" likewise, for each kind of attribute
    masks       binary cross entropy and 1 - Dice, each half
    relations   binary cross entropy of every predicate for every ordered pair, summed over predicates

Regions are gold boxes with jitter, as the detector's are not exact; relations read them without a gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from usg.parsers.image.embedded.network import MARGIN, MASK, PictureNetwork, Regions
from usg.parsers.image.embedded.pairs import all_pairs
from usg.parsers.image.embedded.sampling import region_grid
from usg.parsers.image.training.pictures import Pictures

_WEIGHTS = {"boxes": 2.0, "correction": 2.0, "masks": 2.0, "relations": 0.3}
"""Of the losses that do not count once."""


@dataclass(frozen=True)
class PictureBatch:
    """b pictures with n objects and r relations, as `Pictures` has them; objects are numbered through the batch.

    Attributes:
        pictures: (b, side, side, 3) bytes.
        positives: (b, side / 4, side / 4), the object that is to be found from a cell, or -1.
        of: (n,), the number of the picture of each object, rising.
        boxes: (n, 4), xyxy in pixels of the square.
        labels: (n,) codes.
        values: (n, kinds) codes, -1 where the value is not known.
        masks: (n, 28, 28) bool, over the box and its margin.
        masked: (n,) bool, whether the mask is known.
        relations: (r, 3): subject, predicate, object.
    """

    pictures: Tensor
    positives: Tensor
    of: Tensor
    boxes: Tensor
    labels: Tensor
    values: Tensor
    masks: Tensor
    masked: Tensor
    relations: Tensor

    @classmethod
    def of_items(cls, data: Pictures, items: np.ndarray) -> PictureBatch:
        """The pictures of these numbers."""
        starts, ends = data.first_object[items], data.first_object[items + 1]
        counts = ends - starts
        offsets = np.concatenate([[0], np.cumsum(counts)[:-1]])
        objects = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)]).astype(np.int64)
        relations = []
        for item, offset in zip(items, offsets, strict=True):
            own = data.relations[data.first_relation[item] : data.first_relation[item + 1]].astype(np.int64)
            relations.append(own + np.array([offset, 0, offset]))
        positives = data.positives[items].astype(np.int64)
        positives = np.where(positives >= 0, positives + offsets[:, None, None], -1)
        return cls(
            torch.from_numpy(data.images[items]),
            torch.from_numpy(positives),
            torch.from_numpy(np.repeat(np.arange(len(items)), counts)),
            torch.from_numpy(data.boxes[objects]),
            torch.from_numpy(data.labels[objects].astype(np.int64)),
            torch.from_numpy(data.values[objects].astype(np.int64)),
            torch.from_numpy(data.masks[objects]),
            torch.from_numpy(data.masked[objects]),
            torch.from_numpy(np.concatenate(relations) if relations else np.zeros((0, 3), np.int64)),
        )

    def to(self, device: torch.device | str, non_blocking: bool = False) -> PictureBatch:
        """The batch on another device."""
        return PictureBatch(*(each.to(device) for each in vars(self).values()))


def losses(
    network: PictureNetwork,
    batch: PictureBatch,
    words: Tensor,
    predicates: Tensor,
    jitter: float,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The losses of a batch, by name; their sum is minimised.

    Args:
        network: is trained.
        batch: what is true.
        words: (labels, d) vectors of the labels.
        predicates: (v, d) vectors of the predicates.
        jitter: standard deviation of the regions' sides from the gold ones, as a share of width and height.
        generator: of the jitter.
    """
    pictures = (batch.pictures.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    maps, logits, boxes = network(pictures)
    where = batch.positives >= 0
    owner = batch.positives[where]
    overlap = giou(boxes[where], batch.boxes[owner])
    target = torch.zeros_like(logits)
    target[where] = iou(boxes[where].detach(), batch.boxes[owner])
    found = max(len(owner), 1)
    weight = (target - logits.sigmoid()).abs() ** 2
    told = {
        "positives": (weight * F.binary_cross_entropy_with_logits(logits, target, reduction="none")).sum() / found,
        "boxes": (1 - overlap).sum() / found,
    }
    if not len(batch.boxes):
        return _weighted(told)
    proposals = jittered(batch.boxes, jitter, generator)
    regions = network.regions(pictures, maps, proposals, batch.of)
    told["classes"] = F.cross_entropy(regions.classes, batch.labels)
    for i, (kind, said) in enumerate(regions.values.items()):
        known = batch.values[:, i] >= 0
        # Kinds are any words, those of other losses too.
        told[f"value {kind}"] = (
            F.cross_entropy(said[known], batch.values[known, i]) if bool(known.any()) else said.sum() * 0
        )
    told["correction"] = (1 - giou(regions.boxes(proposals), batch.boxes)).mean()
    told["masks"] = _masks(regions, batch, proposals)
    if len(predicates):
        told["relations"] = _relations(network, regions, batch, proposals, words, predicates)
    return _weighted(told)


def _weighted(told: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: _WEIGHTS.get(name, 1.0) * value for name, value in told.items()}


def jittered(boxes: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Boxes with every side moved at random, by at most thrice the share of width or height."""
    noise = torch.randn(boxes.shape, generator=generator).to(boxes.device).clamp(-3, 3) * share
    return boxes + noise * (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of n pairs of boxes, (n,)."""
    shared, union, _ = _areas(a, b)
    return shared / union


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised intersection over union of n pairs of boxes, (n,), in [-1, 1].

    >>> giou(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([[1.0, 0.0, 2.0, 1.0]])).item()
    0.0
    """
    shared, union, around = _areas(a, b)
    return shared / union - (around - union) / around


def _areas(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=1e-3).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    return shared, union.clamp(min=1e-6), around


def _masks(regions: Regions, batch: PictureBatch, proposals: Tensor) -> Tensor:
    """Masks were read over the gold boxes; here they are where the jittered boxes look."""
    known = batch.masked
    if not bool(known.any()):
        return regions.masks.sum() * 0
    points = region_grid(proposals[known], MASK, MARGIN).points()
    low, size = batch.boxes[known, :2], batch.boxes[known, 2:] - batch.boxes[known, :2]
    at = (points - low[:, None, None]) / size[:, None, None]  # shares of the gold box
    at = (at + MARGIN) / (1 + 2 * MARGIN) * 2 - 1
    true = F.grid_sample(batch.masks[known, None].float(), at, align_corners=False)[:, 0]
    said = regions.masks[known]
    shares = said.sigmoid()
    dice = 2 * (shares * true).sum((1, 2)) / (shares.sum((1, 2)) + true.sum((1, 2))).clamp(min=1e-6)
    return 0.5 * F.binary_cross_entropy_with_logits(said, true) + 0.5 * (1 - dice).mean()


def _relations(
    network: PictureNetwork, regions: Regions, batch: PictureBatch, proposals: Tensor, words: Tensor, predicates: Tensor
) -> Tensor:
    counts = torch.bincount(batch.of, minlength=len(batch.pictures)).tolist()
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).tolist()
    pairs = torch.cat([all_pairs(count) + start for count, start in zip(counts, starts, strict=True)])
    pairs = pairs.to(batch.of.device)
    if not len(pairs):
        return regions.vectors.sum() * 0
    boxes = regions.boxes(proposals).detach() / network.settings.side
    said = network.pairs(boxes, words[batch.labels], regions.vectors.detach(), pairs, predicates)
    number = torch.zeros(len(batch.boxes), len(batch.boxes), dtype=torch.long, device=said.device)  # of each pair
    number[pairs[:, 0], pairs[:, 1]] = torch.arange(len(pairs), device=said.device)
    true = torch.zeros(said.shape, device=said.device)
    subject, predicate, object_ = batch.relations.unbind(1)
    true[number[subject, object_], predicate] = 1
    return F.binary_cross_entropy_with_logits(said, true, reduction="none").sum(1).mean()
