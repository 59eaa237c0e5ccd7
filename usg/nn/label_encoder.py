"""Open-vocabulary vectors of labels, attribute values and predicates: `LabelEncoder`.

Any string has a vector of unit norm; the cosine of two says how near they are in meaning: "sofa" near "couch", "run"
near "jog", "left" far from "right". The shipped vectors are made of words and letters, so that a misspelt or unseen
word lies near what it resembles (usg/nn/label_subwords.py; their training: usg/nn/label_training.py). A sentence
encoder of Hugging Face takes their place by its folder or name (usg/nn/label_transformer.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.nn.label_subwords import ARCHITECTURE, CONFIG, SubwordLabels
from usg.nn.label_transformer import TransformerLabels

SHIPPED = Path(__file__).parent / "weights" / "labels"


class LabelEncoder(nn.Module):
    """Strings to vectors of unit norm, d wide.

    A loaded encoder is frozen, and then keeps the vector of every string it has seen; for training, call
    `requires_grad_(True)`. The same string has the same vector whatever stands beside it.

    Args:
        model: what gives a vector to each string.

    Example:
        >>> encoder = LabelEncoder.load()
        >>> encoder(["a red umbrella", "skatebord"]).shape[0]
        2
        >>> encoder.nearest("sofa", ["giraffe", "couch", "table"], k=1)[0][0]
        'couch'
        >>> near, far = encoder.similarity(["run"], ["jog", "wear"])[0]
        >>> bool(near > far)
        True
    """

    def __init__(self, model: SubwordLabels | TransformerLabels) -> None:
        super().__init__()
        self.model = model
        self._kept = _Kept()

    @classmethod
    def load(cls, name: str | os.PathLike[str] | None = None) -> LabelEncoder:
        """The shipped encoder, or one of a folder or the hub.

        Args:
            name: None for the shipped one; a folder that `save` wrote; a folder or hub name of a sentence encoder that
                `transformers` can read, as "sentence-transformers/all-MiniLM-L6-v2".

        Raises:
            FileNotFoundError: there is no such folder or model, or a file of it is missing.
            ValueError: a file is broken.
        """
        folder = SHIPPED if name is None else Path(name)
        if folder.is_dir() and not (folder / CONFIG).is_file():
            raise FileNotFoundError(f"{folder} lacks {CONFIG}; pass a folder that LabelEncoder.save wrote")
        # What is made in inference mode has no version, by which forward sees that the weights have changed.
        with torch.inference_mode(False):
            if folder.is_dir() and _architecture(folder / CONFIG) == ARCHITECTURE:
                return cls(SubwordLabels.load(folder)).eval().requires_grad_(False)
            return cls(TransformerLabels.load(folder if folder.is_dir() else str(name))).eval().requires_grad_(False)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes a folder that `load` reads; the folder is made if need be."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        self.model.save(path)

    def forward(self, labels: Sequence[str]) -> Tensor:
        """`(n, d)` vectors of n strings, each of unit norm.

        Raises:
            TypeError: `labels` is one string, or something in it is not a string.
            ValueError: a string is empty or white space.
        """
        checked = _checked(labels)
        if any(weight.requires_grad for weight in self.parameters()) and torch.is_grad_enabled():
            return self._encode(checked)
        self._kept.check(tuple((each.data_ptr(), each._version, each.dtype, each.device) for each in self.parameters()))
        new = self._kept.missing(checked)
        if new:
            # What is kept is used, and added to, outside of inference mode too.
            with torch.inference_mode(False), torch.no_grad():
                self._kept.add(new, self._encode(new))
        if not checked:
            return self._encode(["x"])[:0]
        return self._kept.get(checked)

    def similarity(self, a: Sequence[str], b: Sequence[str]) -> Tensor:
        """`(n, m)` cosines of n and m strings."""
        return self(a) @ self(b).T

    @torch.no_grad()
    def nearest(self, label: str, candidates: Sequence[str], k: int = 5) -> list[tuple[str, float]]:
        """The k candidates nearest to a label and their cosines, the nearest first.

        Raises:
            ValueError: there are no candidates, or k is less than 1.
        """
        if not candidates or k < 1:
            raise ValueError(f"nearest of {len(candidates)} candidates with k = {k}; give at least one, and k >= 1")
        cosines = self.similarity([label], candidates)[0]
        # A stable sort, so that of equal candidates the first one given comes first.
        values, order = (each[:k].tolist() for each in cosines.sort(descending=True, stable=True))
        return [(candidates[i], value) for i, value in zip(order, values, strict=True)]

    def _encode(self, labels: Sequence[str]) -> Tensor:
        return F.normalize(self.model(labels), dim=1)


def _checked(labels: Sequence[str]) -> list[str]:
    if isinstance(labels, str):
        raise TypeError(f"labels is the string {labels[:40]!r}; pass a list of strings, as [{labels[:40]!r}]")
    checked = list(labels)
    for i, label in enumerate(checked):
        if not isinstance(label, str):
            raise TypeError(f"label {i} is {label!r} of type {type(label).__name__}; expected a string")
        if not label.replace("_", " ").strip():
            raise ValueError(f"label {i} is {label!r}, which has no words; leave it out or name it")
    return checked


def _architecture(file: Path) -> Any:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is not JSON ({error}); copy the folder again") from None
    return content.get("architecture") if isinstance(content, dict) else None


class _Kept:
    """Vectors of strings already seen, forgotten when the weights change or the strings are too many."""

    LIMIT = 1 << 17  # strings

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._row: dict[str, int] = {}
        self._table: Tensor | None = None  # (at least len(_row), d)

    def check(self, key: tuple[Any, ...]) -> None:
        if key != self._key or len(self._row) > self.LIMIT:
            self._key, self._row, self._table = key, {}, None

    def missing(self, labels: list[str]) -> list[str]:
        return [label for label in dict.fromkeys(labels) if label not in self._row]

    def add(self, labels: list[str], vectors: Tensor) -> None:
        used, needed = len(self._row), len(self._row) + len(labels)
        if self._table is None or len(self._table) < needed:
            # Doubling, so that many small additions copy each vector a few times only.
            table = vectors.new_empty(max(needed, 2 * used), vectors.shape[1])
            if self._table is not None:
                table[:used] = self._table[:used]
            self._table = table
        self._table[used:needed] = vectors
        self._row.update((label, row) for row, label in enumerate(labels, used))

    def get(self, labels: list[str]) -> Tensor:
        if self._table is None:
            raise RuntimeError("no vectors are kept; add them before")
        rows = torch.tensor([self._row[label] for label in labels], device=self._table.device)
        return self._table[rows]

    def __deepcopy__(self, memo: dict[int, Any]) -> _Kept:
        return _Kept()

    def __reduce__(self) -> tuple[type[_Kept], tuple[()]]:
        return (_Kept, ())
