"""The layers of the embedded image parser: residual convolutions and a feature pyramid.

He et al., Deep Residual Learning (2016); Lin et al., Feature Pyramid Networks (2017). Letters: b pictures, c channels,
h and w rows and columns.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3 x 3 convolution, batch norm, ReLU."""
    return nn.Sequential(_plain(inputs, outputs, stride), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """relu(x + f(x)), with f of two convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = convolution(channels, channels), _plain(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape."""
        return F.relu(x + self.second(self.first(x)))


class Maps(NamedTuple):
    """What the backbone says of b pictures.

    Attributes:
        fine: (b, c1, h / 2, w / 2), of few layers: edges and patterns.
        near: (b, f, h / 4, w / 4).
        far: (b, f, h / 8, w / 8).
    """

    fine: Tensor
    near: Tensor
    far: Tensor


class Backbone(nn.Module):
    """A residual network of five strides with a feature pyramid over those from 4 to 32."""

    def __init__(self, widths: tuple[int, int, int, int, int], features: int) -> None:
        super().__init__()
        one, two, three, four, five = widths
        self.stride2 = convolution(3, one, 2)
        self.stride4 = nn.Sequential(convolution(one, two, 2), Residual(two))
        self.stride8 = nn.Sequential(convolution(two, three, 2), Residual(three), Residual(three))
        self.stride16 = nn.Sequential(convolution(three, four, 2), Residual(four), Residual(four))
        self.stride32 = nn.Sequential(convolution(four, five, 2), Residual(five))
        self.across = nn.ModuleList(nn.Conv2d(width, features, 1) for width in widths[1:])
        self.far, self.near = convolution(features, features), convolution(features, features)

    def forward(self, pictures: Tensor) -> Maps:
        """(b, 3, h, w), normalised, to maps."""
        fine = self.stride2(pictures)
        levels = [self.stride4(fine)]
        for stage in (self.stride8, self.stride16, self.stride32):
            levels.append(stage(levels[-1]))
        near, far, farther, farthest = (layer(x) for layer, x in zip(self.across, levels, strict=True))
        farther = F.relu(farther + _twice(farthest))
        far = self.far(far + _twice(farther))
        return Maps(fine, self.near(near + _twice(far)), far)


def _plain(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
