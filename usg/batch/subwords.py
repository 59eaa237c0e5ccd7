"""Hashed character n-grams: what an unseen label shares with the labels that were seen.

A label is written between spaces, its n-grams of 3 to 5 characters are hashed with CRC-32 into a fixed number of
buckets, and its subword vector is the mean of their rows (Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606,
section 3.2, with CRC-32 for FNV because the standard library has it). "skateboarder" thus lies near "skateboard"
before it was ever seen.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 3, 5  # characters in an n-gram; part of what a checkpoint means, so never changed


@lru_cache(maxsize=65536)
def subwords(label: str, buckets: int) -> tuple[int, ...]:
    """The buckets of a label's n-grams, ascending, each once.

    >>> bool(set(subwords("skateboard", 4096)) & set(subwords("skateboarder", 4096)))
    True
    """
    text = f" {label.lower()} "
    grams = {text[i : i + n] for n in range(SHORTEST, LONGEST + 1) for i in range(len(text) - n + 1)}
    return tuple(sorted({zlib.crc32(gram.encode()) % buckets for gram in grams}))


def subword_bags(labels: Sequence[str], buckets: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The n-gram buckets of several labels as one array and its offsets, as `torch.nn.EmbeddingBag` takes them.

    Returns:
        `(m,)` buckets and `(len(labels) + 1,)` offsets; label i owns `offsets[i]:offsets[i + 1]`.
    """
    bags = [subwords(label, buckets) for label in labels]
    offsets = np.zeros(len(bags) + 1, dtype=np.int64)
    np.cumsum([len(bag) for bag in bags], out=offsets[1:])
    flat = np.fromiter((bucket for bag in bags for bucket in bag), dtype=np.int64, count=int(offsets[-1]))
    return flat, offsets
