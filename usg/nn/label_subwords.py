"""Vectors of labels from words and their letters: the shipped part behind `LabelEncoder`.

    vector(label) = sum over its words w of (rows[w] + mean over the n-grams b of w of buckets[b])  + rows[label]

`rows` are of known words and of known labels of several words ("in front of" is more than its words); a word that is
not known has its n-grams only (Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606; usg/batch/subwords.py). The
sum lets frequent little words have short vectors, so that they weigh little. On disk: config.json, vocab.txt (a row a
line) and model.safetensors (half precision).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from usg.batch.subwords import subwords
from usg.files import atomic_path

ARCHITECTURE = "usg.SubwordLabels"
CONFIG, VOCABULARY, WEIGHTS = FILES = ("config.json", "vocab.txt", "model.safetensors")


def words_of(label: str) -> list[str]:
    """The words of a label: lower case, split at white space and underscores.

    >>> words_of("Traffic_light")
    ['traffic', 'light']
    """
    return label.replace("_", " ").lower().split()


@dataclass(frozen=True)
class Bags:
    """The rows that several labels sum, one label after the other.

    Attributes:
        rows: `(m,)` rows of the table.
        weights: `(m,)` their weights: 1 for a word or label, 1/n for each of the n n-grams of a word.
        offsets: `(n + 1,)` label i owns `offsets[i]:offsets[i + 1]`.
    """

    rows: Tensor
    weights: Tensor
    offsets: Tensor


class SubwordLabels(nn.Module):
    """The table of V known words and labels and of B buckets; rows are d wide.

    Args:
        vocabulary: known words, and labels of several words with single spaces, lower case.
        buckets: of character n-grams.
        dim: d.
        table: `(V + B, d)` the rows; drawn at random when absent.

    Raises:
        ValueError: a label stands twice in the vocabulary, or the table has another shape.

    Example:
        >>> labels = SubwordLabels(["dog", "in front of"], buckets=64, dim=8)
        >>> labels(["dog", "dogs", "in front of"]).shape
        torch.Size([3, 8])
    """

    def __init__(self, vocabulary: Sequence[str], buckets: int, dim: int, table: Tensor | None = None) -> None:
        super().__init__()
        self.vocabulary = {label: row for row, label in enumerate(vocabulary)}
        if len(self.vocabulary) < len(vocabulary):
            raise ValueError("the vocabulary of labels has a label twice; give each once")
        self.buckets, self.dim = buckets, dim
        shape = (len(vocabulary) + buckets, dim)
        if table is None:
            table = torch.randn(shape) * dim**-0.5
        elif table.shape != shape:
            raise ValueError(
                f"a table of {tuple(table.shape)} for {len(vocabulary)} labels, {buckets} buckets, {dim} dimensions, "
                f"not {shape}; the files are of different models"
            )
        self.table = nn.Parameter(table)

    def forward(self, labels: Sequence[str]) -> Tensor:
        """`(n, d)` vectors, not of unit norm."""
        return self.sum(self.bags(labels))

    def sum(self, bags: Bags) -> Tensor:
        """`(n, d)` weighted sums of rows."""
        rows, weights, offsets = (each.to(self.table.device) for each in (bags.rows, bags.weights, bags.offsets))
        weights = weights.to(self.table.dtype)
        return F.embedding_bag(
            rows, self.table, offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
        )

    def bags(self, labels: Sequence[str]) -> Bags:
        """What each label sums."""
        rows: list[int] = []
        weights: list[float] = []
        offsets = [0]
        for label in labels:
            words = words_of(label)
            known = [self.vocabulary[word] for word in words if word in self.vocabulary]
            whole = self.vocabulary.get(" ".join(words)) if len(words) > 1 else None
            known += [] if whole is None else [whole]
            rows += known
            weights += [1.0] * len(known)
            for word in words:
                grams = subwords(word, self.buckets)
                rows += [len(self.vocabulary) + gram for gram in grams]
                weights += [1.0 / len(grams)] * len(grams)
            offsets.append(len(rows))
        return Bags(
            torch.tensor(rows, dtype=torch.long), torch.tensor(weights, dtype=torch.float32), torch.tensor(offsets)
        )

    def save(self, folder: Path) -> None:
        """Writes the three files, each whole or not at all; the folder exists."""
        with atomic_path(folder / WEIGHTS) as temporary:
            save_file({"table": self.table.detach().half().contiguous()}, temporary, metadata={"format": "pt"})
        with atomic_path(folder / VOCABULARY) as temporary:
            temporary.write_text("".join(f"{label}\n" for label in self.vocabulary), encoding="utf-8")
        config = {"architecture": ARCHITECTURE, "version": 1, "dim": self.dim, "buckets": self.buckets}
        with atomic_path(folder / CONFIG) as temporary:
            temporary.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SubwordLabels:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is broken or they do not belong together.
        """
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}; pass a folder that LabelEncoder.save wrote")
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        vocabulary = (folder / VOCABULARY).read_text(encoding="utf-8").split("\n")[:-1]
        try:
            table = load_file(folder / WEIGHTS)["table"]
        except SafetensorError as error:
            raise ValueError(f"{folder / WEIGHTS} is not a whole safetensors file ({error}); copy it again") from None
        try:
            return cls(vocabulary, config["buckets"], config["dim"], table.float())
        except ValueError as error:
            raise ValueError(f"{folder}: {error}") from None
