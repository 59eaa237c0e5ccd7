"""Features of the patches of a picture: by a vision model of transformers, or colour and contrast without any model.

Both give (rows, columns, C). A model's are its last hidden states without the class and register tokens, or its last
feature map; the picture is stretched to the square that the model reads and never cropped, so that patch (r, c) is
always the same share of the picture.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from usg.parsers.pretrained import load_pretrained, version_of

if TYPE_CHECKING:
    from PIL.Image import Image

_PATCH = 8  # pixels of a side from which the statistics of a patch are taken


def colour_patches(image: Image, rows: int, columns: int) -> NDArray[np.float64]:
    """Mean and standard deviation of red, green and blue in each patch: (rows, columns, 6), in [0, 1].

    >>> from PIL import Image
    >>> colour_patches(Image.new("RGB", (40, 20), "red"), 2, 4)[0, 0].tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    from PIL import Image

    small = image.resize((columns * _PATCH, rows * _PATCH), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float64).reshape(rows, _PATCH, columns, _PATCH, 3) / 255
    return np.concatenate([pixels.mean((1, 3)), pixels.std((1, 3))], axis=-1)


class PatchModel:
    """A vision model as a source of patch features.

    Args:
        model: a folder of save_pretrained, or owner/name on the hub: ViT, DINOv2, CLIP, SigLIP, ConvNeXt, ...
        device: where it runs, as "cpu" or "cuda".

    Attributes:
        version: its name, with its revision where it has one.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give it.
        ValueError: it is no vision model.
    """

    def __init__(self, model: str | os.PathLike[str], *, device: str = "cpu") -> None:
        self._processor, whole = load_pretrained(model, "vision model", _load)
        self._model = getattr(whole, "vision_model", whole).to(device).eval()
        self._device = device
        self.version = version_of(model, whole)
        self._side = _side(self._processor, self._model.config)

    def __call__(self, image: Image) -> NDArray[np.float64]:
        """The features of the patches, (rows, columns, C).

        Raises:
            ValueError: the model gives no patches.
        """
        import torch
        from PIL import Image

        square = image.resize((self._side, self._side), Image.Resampling.BICUBIC)
        inputs = self._processor(images=square, do_resize=False, do_center_crop=False, return_tensors="pt")
        pixels = inputs["pixel_values"].to(self._device)
        with torch.inference_mode():
            states = self._model(pixel_values=pixels).last_hidden_state[0].double().cpu().numpy()
        if states.ndim == 3:  # a feature map (C, rows, columns)
            return np.asarray(states.transpose(1, 2, 0))
        patch = getattr(self._model.config, "patch_size", None)
        rows = 0 if not isinstance(patch, int) else pixels.shape[2] // patch
        extra = len(states) - rows * rows  # class and register tokens stand first
        if not rows or extra < 0:
            raise ValueError(
                f"{self.version} gives {len(states)} states for {self._side} x {self._side} pixels, no patches"
            )
        return np.asarray(states[extra:].reshape(rows, rows, -1))


def _load(name: str, offline: bool) -> tuple[Any, Any]:
    from transformers import AutoImageProcessor, AutoModel

    model = AutoModel.from_pretrained(name, local_files_only=offline)
    if "pixel_values" not in (getattr(model, "main_input_name", ""), *_inputs(model)):
        raise ValueError(f"{type(model).__name__} reads no pictures")
    return AutoImageProcessor.from_pretrained(name, local_files_only=offline), model


def _inputs(model: Any) -> tuple[str, ...]:
    return (getattr(getattr(model, "vision_model", None), "main_input_name", ""),)


def _side(processor: Any, config: Any) -> int:
    """Pixels of the square that a model reads: what its processor makes, else what its configuration says."""
    for size in (getattr(processor, "crop_size", None), getattr(processor, "size", None)):
        if size:
            for key in ("height", "shortest_edge"):
                value = size.get(key) if hasattr(size, "get") else getattr(size, key, None)
                if value:
                    return int(value)
    return int(config.image_size)
