"""Vectors of labels: a row per known string plus the mean of its character n-grams.

    table[v] = ids[v] + mean over the n-grams b of v of buckets[b]          v < V
    table[V + i] = ids[<unk>] + mean over the n-grams of unseen label i

Input and prediction share the table, so a label that was never seen as an answer is still told apart by its letters
(Press and Wolf 2017, https://arxiv.org/abs/1608.05859, for the tie; usg/batch/subwords.py for the n-grams).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch, Vocabulary
from usg.batch.vocabulary import UNKNOWN_INDEX


class LabelEmbedding(nn.Module):
    """The label table of V known strings and of the unseen ones of a batch.

    The table of the last batch is kept until its gradients are taken or the weights change, so that the prediction head
    does not compute it again.
    """

    def __init__(self, vocabulary: Vocabulary, dim: int) -> None:
        super().__init__()
        flat, offsets = vocabulary.subword_table()
        self.size = len(vocabulary)
        self.digest = vocabulary.digest()
        self.ids = nn.Parameter(torch.empty(len(vocabulary), dim))
        self.buckets = nn.Parameter(torch.empty(vocabulary.buckets, dim))
        self.register_buffer("flat", torch.from_numpy(flat), persistent=False)
        self.register_buffer("offsets", torch.from_numpy(offsets), persistent=False)
        self.flat: Tensor
        self.offsets: Tensor
        self._kept = _Kept()

    def forward(self, batch: GraphBatch) -> Tensor:
        """`(V + u, d)` the table of known strings, then of the batch's unseen ones.

        Raises:
            ValueError: the batch was packed with a vocabulary of another size.
        """
        if batch.vocabulary_size != self.size:
            raise ValueError(
                f"the batch was packed with a vocabulary of {batch.vocabulary_size} strings, the model has "
                f"{self.size}; pack with model.vocabulary"
            )
        flat = torch.cat([self.flat, batch.unseen_subwords])
        offsets = torch.cat([self.offsets, self.flat.numel() + batch.unseen_offsets[1:]])
        ids = torch.cat([self.ids, self.ids[UNKNOWN_INDEX].expand(batch.num_unseen, -1)])
        table = ids + self._bags(flat, offsets)
        if not torch.compiler.is_compiling():
            self._kept.put(table[: self.size], self._key())
        return table

    def known(self) -> Tensor:
        """`(V, d)` the table of known strings."""
        if not torch.compiler.is_compiling():
            kept = self._kept.get(self._key())
            if kept is not None:
                return kept
        return self.ids + self._bags(self.flat, self.offsets)

    def _bags(self, flat: Tensor, offsets: Tensor) -> Tensor:
        return F.embedding_bag(flat, self.buckets, offsets, mode="mean", include_last_offset=True)

    def _key(self) -> tuple[Any, ...]:
        weights = [(weight.data_ptr(), weight._version, weight.dtype) for weight in (self.ids, self.buckets)]
        return (*weights, torch.is_grad_enabled(), torch.is_inference_mode_enabled())

    def get_extra_state(self) -> dict[str, str]:
        """Which vocabulary the rows belong to; stands in every checkpoint."""
        return {"vocabulary": self.digest}

    def set_extra_state(self, state: object) -> None:
        """Refuses the rows of another vocabulary."""
        # torch hands over a placeholder where weights in parts are loaded; the training compares vocabularies itself.
        if isinstance(state, dict):
            check_digest(state["vocabulary"], self.digest, "the checkpoint")


def check_digest(found: str, expected: str, where: str) -> None:
    """Refuses weights of another vocabulary.

    Raises:
        ValueError: the digests differ.
    """
    if found != expected:
        raise ValueError(
            f"{where} belongs to the vocabulary {found}, not to {expected}; its rows would stand for other labels: "
            "use the vocab.json it was trained with"
        )


class _Kept:
    """One tensor that is forgotten when it is copied, pickled, or has been differentiated."""

    def __init__(self) -> None:
        self._tensor: Tensor | None = None
        self._key: tuple[Any, ...] | None = None

    def put(self, tensor: Tensor, key: tuple[Any, ...]) -> None:
        if tensor.requires_grad:
            # The graph behind the tensor is gone after a backward pass; the next reader must build its own.
            tensor.register_hook(lambda _: self.forget())
        self._tensor, self._key = tensor, key

    def get(self, key: tuple[Any, ...]) -> Tensor | None:
        return self._tensor if self._key == key else None

    def forget(self) -> None:
        self._tensor = self._key = None

    def __deepcopy__(self, memo: dict[int, Any]) -> _Kept:
        return _Kept()

    def __reduce__(self) -> tuple[type[_Kept], tuple[()]]:
        return (_Kept, ())
