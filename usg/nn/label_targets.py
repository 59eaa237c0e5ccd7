"""What the letters and words of labels are taught to say: one vector of unit norm for each item.

From counts, the vectors of usg/nn/label_corpus.py. From a teacher, its vectors of each item in a few sentences, centred
by sentence, so that what all labels share is no likeness. Principal components bring them to d dimensions, and cosines
stay what they were as far as d dimensions can hold them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.nn.label_transformer import TransformerLabels
from usg.progress import progress

TEMPLATES = ("{}", "a photo of {}")
_CHUNK = 512  # items between two signs of progress


@torch.no_grad()
def teacher_vectors(teacher: TransformerLabels, items: Sequence[str]) -> Tensor:
    """`(n, t * d)` vectors of unit norm of n items in t sentences."""
    columns = []
    for template in TEMPLATES:
        chunks = [items[i : i + _CHUNK] for i in range(0, len(items), _CHUNK)]
        parts = [teacher([template.format(item) for item in chunk]) for chunk in progress(chunks, label="teacher")]
        vectors = F.normalize(torch.cat(parts), dim=1)
        columns.append(vectors - vectors.mean(0))
    return F.normalize(torch.cat(columns, dim=1), dim=1)


def principal(vectors: Tensor, dim: int) -> Tensor:
    """`(n, dim)` the first principal components, of unit norm.

    Example:
        >>> principal(torch.tensor([[2.0, 0.0, 1.0], [-2.0, 0.0, 1.0]]), 1)
        tensor([[ 1.],
                [-1.]])
    """
    centred = vectors - vectors.mean(0)
    _, axes = torch.linalg.eigh(centred.T @ centred)
    axes = axes.flip(1)[:, :dim]
    # The sign of an eigenvector is the solver's choice; the largest entry is made positive.
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return F.normalize(centred @ (axes * largest.sign()), dim=1)
