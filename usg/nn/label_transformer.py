"""Vectors of labels from a sentence encoder of Hugging Face, as MiniLM: the mean of the last states over its words.

An option behind `LabelEncoder` for those who have the model (mean pooling: Reimers and Gurevych 2019,
https://arxiv.org/abs/1908.10084, section 3), and the teacher of the shipped vectors (usg/nn/label_training.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_BATCH = 64  # labels encoded at once, of about equal length


class TransformerLabels(nn.Module):
    """A tokenizer and a model that gives `last_hidden_state`."""

    def __init__(self, tokenizer: Any, model: nn.Module) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.model = model

    def forward(self, labels: Sequence[str]) -> Tensor:
        """`(n, d)` vectors, not of unit norm."""
        order = sorted(range(len(labels)), key=lambda i: len(labels[i]))
        parts = [self._pooled([labels[i] for i in order[j : j + _BATCH]]) for j in range(0, len(order), _BATCH)]
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
        return torch.cat(parts)[back.to(parts[0].device)]

    def _pooled(self, labels: list[str]) -> Tensor:
        device = next(self.model.parameters()).device
        batch = self.tokenizer(labels, padding=True, truncation=True, return_tensors="pt").to(device)
        states = self.model(**batch).last_hidden_state  # (n, words, d)
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    def words(self) -> list[str]:
        """The whole words among the pieces of the tokenizer, in the order of its ids, which is about by frequency."""
        pieces = sorted(self.tokenizer.get_vocab().items(), key=lambda item: item[1])
        return [piece for piece, _ in pieces if piece.isascii() and piece.isalpha() and piece == piece.lower()]

    def save(self, folder: Path) -> None:
        """Writes model and tokenizer as transformers does."""
        self.tokenizer.save_pretrained(folder)
        self.model.save_pretrained(folder)  # type: ignore[operator]

    @classmethod
    def load(cls, name: str | Path) -> TransformerLabels:
        """Reads a folder, or a model of the hub that is there or can be had.

        Raises:
            FileNotFoundError: there is no such model, or it cannot be had.
        """
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        # Its bar would stand between the lines of a command.
        transformers_logging.disable_progress_bar()
        logging.getLogger("transformers").setLevel(logging.ERROR)
        try:
            return cls(AutoTokenizer.from_pretrained(str(name)), AutoModel.from_pretrained(str(name)).eval())
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise FileNotFoundError(
                f"no label encoder {name} ({reason}); pass a folder that LabelEncoder.save or transformers wrote, or "
                "owner/name of a model on the hub that has been downloaded"
            ) from None
