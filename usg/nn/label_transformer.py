"""Vectors of labels from a sentence encoder of Hugging Face, as MiniLM: the mean of the last states over its words.

An option behind `LabelEncoder` for those who have the model (mean pooling: Reimers and Gurevych 2019,
https://arxiv.org/abs/1908.10084, section 3), and the teacher of the shipped vectors (usg/nn/label_training.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from usg.hub import is_hub_name, reachable

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

        Args:
            name: a folder that transformers wrote, or owner/name on the hub.

        Raises:
            FileNotFoundError: there is no such model, or it cannot be had.
        """
        folder = Path(name).is_dir()
        wanted = "pass a folder that LabelEncoder.save or transformers wrote, or owner/name of a model on the hub"
        if not folder and not is_hub_name(name):
            raise FileNotFoundError(f"no label encoder {name}; {wanted}")
        from transformers import AutoModel, AutoTokenizer

        offline = folder or not reachable(str(name))
        try:
            with _quiet():
                tokenizer = AutoTokenizer.from_pretrained(str(name), local_files_only=offline)
                return cls(tokenizer, AutoModel.from_pretrained(str(name), local_files_only=offline).eval())
        except (OSError, ValueError) as error:
            why = " ".join(str(error).split())[:200]
            if offline and not folder:
                why = "the hub cannot be reached and no earlier download has it"
            raise FileNotFoundError(f"no label encoder {name} ({why}); {wanted}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bar and the notices of transformers, which would stand between the lines of a command."""
    from transformers.utils import logging

    bar, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
