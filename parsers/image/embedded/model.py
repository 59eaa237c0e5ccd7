"""The network with its words, calibration and version: a folder of two files, ready to parse.

FOLDER/picture.json           settings, words, calibration, what it was trained on
FOLDER/weights.safetensors    float16
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from usg.files import atomic_path
from usg.parsers.image.calibration import Calibration
from usg.parsers.image.embedded.network import PictureNetwork
from usg.parsers.image.embedded.settings import NetworkSettings, Words

FORMAT = 1
CONFIG, WEIGHTS = "picture.json", "weights.safetensors"
SHIPPED = Path(__file__).parents[2] / "weights" / "picture"


@dataclass(frozen=True)
class PictureModel:
    """A network that is ready to be used.

    Attributes:
        network: in evaluation mode.
        calibration: of the scores of regions.
        trained: on what and how, for people.
        masks: whether they were trained; where they were not, those of the network mean nothing.
        version: name and digest of the weights, as "picture+3f2a9c1e".
    """

    network: PictureNetwork
    calibration: Calibration = field(default_factory=Calibration)
    trained: Mapping[str, Any] = field(default_factory=dict)
    masks: bool = True
    version: str = "picture"

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes a folder that `load` reads; it is made if need be.

        Raises:
            ValueError: a weight is not a finite number, or too large for float16.
        """
        path = Path(folder)
        told = {
            "format": FORMAT,
            "settings": asdict(self.network.settings),
            "words": self.network.words.to_dict(),
            "calibration": asdict(self.calibration),
            "trained": dict(self.trained),
            "masks": self.masks,
        }
        tensors = {
            name: (value.half() if value.is_floating_point() else value).contiguous()
            for name, value in self.network.state_dict().items()
        }
        for name, value in tensors.items():
            if not bool(torch.isfinite(value).all()):
                raise ValueError(f"{name} holds what float16 has not (NaN, or over 65504); train with a lower rate")
        path.mkdir(parents=True, exist_ok=True)
        with atomic_path(path / WEIGHTS) as temporary:
            temporary.write_bytes(to_bytes(tensors))
        with atomic_path(path / CONFIG) as temporary:
            temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None = None) -> PictureModel:
        """Reads a folder that `save` wrote, the shipped one by default.

        Raises:
            FileNotFoundError: there is no such folder, or a file of it is missing.
            ValueError: a file is broken, or of another version of this library.
        """
        path = SHIPPED if folder is None else Path(folder)
        for name in (CONFIG, WEIGHTS):
            if not (path / name).is_file():
                raise FileNotFoundError(f"{path} lacks {name}; pass a folder that `usg train-parser image` wrote")
        try:
            told = json.loads((path / CONFIG).read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise ValueError(f"its format is {told['format']}; this version reads {FORMAT}")
            network = PictureNetwork(NetworkSettings(**told["settings"]), Words.from_dict(told["words"]))
            network.load_state_dict({name: value.float() for name, value in load_file(path / WEIGHTS).items()})
            calibration = Calibration(**told["calibration"])
            trained, masks = told["trained"], bool(told.get("masks", True))
        except (SafetensorError, KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
            reason = (str(error).splitlines() or ["?"])[0]
            raise ValueError(f"{path} holds no image parser that can be read: {reason}") from error
        digest = hashlib.sha256((path / WEIGHTS).read_bytes()).hexdigest()[:8]
        network = network.eval().requires_grad_(False)
        return cls(_fused(network), calibration, trained, masks, f"picture+{digest}")


def model_of(model: PictureModel | str | os.PathLike[str] | None) -> PictureModel:
    """A model, or that of a folder; the shipped one, which is read once, when None.

    Raises:
        FileNotFoundError, ValueError: as `PictureModel.load`.
    """
    if isinstance(model, PictureModel):
        return model
    return _shipped() if model is None else PictureModel.load(model)


@cache
def _shipped() -> PictureModel:
    return PictureModel.load()


def _fused(network: PictureNetwork) -> PictureNetwork:
    """The network with every batch norm folded into the convolution before it, channels last."""
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for i, (layer, norm) in enumerate(itertools.pairwise(module)):
                if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
