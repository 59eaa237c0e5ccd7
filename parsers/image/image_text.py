"""Pictures beside texts: CLIP, SigLIP and their like from transformers, as one number for a crop and a text.

    evidence(crop, text) = scale cos(f(crop), g(text))

with the model's own encoders f, g and scale. Differences of evidence between two texts of one crop are log odds, in
which SigLIP's bias and CLIP's normaliser fall out. Sources: Radford et al., Learning Transferable Visual Models From
Natural Language Supervision (2021); Zhai et al., Sigmoid Loss for Language Image Pre-Training (2023).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from usg.parsers.pretrained import load_pretrained, version_of

if TYPE_CHECKING:
    from PIL.Image import Image

_KEPT_TEXTS = 100_000  # vectors of texts that are kept; then all are forgotten


class ImageText:
    """A model with one space for pictures and texts.

    Args:
        model: a folder of save_pretrained, or owner/name on the hub, as "openai/clip-vit-base-patch32" or
            "google/siglip-base-patch16-224".
        batch_size: crops or texts that are read together.
        device: where it runs, as "cpu" or "cuda".

    Attributes:
        version: its name, with its revision where it has one.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give it.
        ValueError: the model has no text and image features.
    """

    def __init__(self, model: str | os.PathLike[str], *, batch_size: int = 32, device: str = "cpu") -> None:
        self._processor, self._model = load_pretrained(model, "model of pictures and texts", _load)
        self._model.to(device).eval()
        self.version = version_of(model, self._model)
        self._batch_size, self._device = batch_size, device
        self._texts: dict[str, NDArray[np.float32]] = {}
        self._scale = float(self._model.logit_scale.detach().exp())
        # SigLIP's text tower takes its last position and was trained on padded texts only.
        self._padding = "max_length" if hasattr(self._model, "logit_bias") else True

    def crops(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Unit vectors of pictures, (n, d)."""
        import torch

        vectors = []
        for start in range(0, len(crops), self._batch_size):
            batch = list(crops[start : start + self._batch_size])
            inputs = self._processor(images=batch, return_tensors="pt").to(self._device)
            with torch.inference_mode():
                vectors.append(_unit(self._model.get_image_features(pixel_values=inputs["pixel_values"])))
        return np.concatenate(vectors) if vectors else np.zeros((0, 1), np.float32)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, (n, d); those asked for before are kept."""
        import torch

        if len(self._texts) > _KEPT_TEXTS:
            self._texts.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        for start in range(0, len(new), self._batch_size):
            batch = new[start : start + self._batch_size]
            inputs = self._processor(text=batch, padding=self._padding, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                vectors = _unit(self._model.get_text_features(**inputs.to(self._device)))
            self._texts.update(zip(batch, vectors, strict=True))
        return np.stack([self._texts[text] for text in texts])

    def evidence(self, crops: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float64]:
        """The evidence of each text for each crop, (n, len(texts)), from vectors of crops (n, d)."""
        return np.asarray(self._scale * (crops @ self.texts(texts).T), np.float64)


def _load(name: str, offline: bool) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained(name, local_files_only=offline)
    if not hasattr(model, "get_image_features") or not hasattr(model, "logit_scale"):
        raise ValueError(f"{type(model).__name__} has no image and text features; CLIP, SigLIP and their like do")
    return AutoProcessor.from_pretrained(name, local_files_only=offline), model


def _unit(features: Any) -> NDArray[np.float32]:
    """Before version 5, transformers gave the vectors themselves."""
    vectors = getattr(features, "pooler_output", features)
    array: NDArray[np.float32] = (vectors / vectors.norm(dim=-1, keepdim=True)).float().cpu().numpy()
    return array
