"""Density-peaks clustering with nearest neighbours (DPC-KNN), as SeTok clusters the patches of a picture.

With d_ij = |x_i - x_j| / sqrt(C) for features x of C channels,

    density    rho_i = exp(-mean over the k nearest j of d_ij^2)
    distance   delta_i = min over j with rho_j > rho_i of d_ij; for the densest, the largest d_ij
    peak       rho_i delta_i

Centres are the peaks above a threshold, or the best few when there are too few; each point goes to its nearest centre.
SeTok adds noise to break ties of density; here the lower number counts as denser, so the result is always the same.
Sources: Rodriguez and Laio, Clustering by fast search and find of density peaks (2014); Du et al., Study on density
peaks clustering based on k-nearest neighbors (2016); Wu et al., Towards Semantic Equivalence of Tokenization (SeTok,
2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Attributes: centres (c,) are numbers of points, peaks (c,) their rho delta, members (n,) each point's centre."""

    centres: NDArray[np.int64]
    peaks: NDArray[np.float64]
    members: NDArray[np.int64]


def density_peaks(distances: NDArray[np.float64], *, k: int, threshold: float, least: int = 1) -> Clusters:
    """Cluster points by their distances.

    Args:
        distances: (n, n), symmetric, zero on the diagonal.
        k: nearest neighbours that make the density; all others when there are fewer.
        threshold: centres have at least this peak.
        least: clusters that there are in any case, while there are points.

    Returns:
        The clusters, centres by falling peak.

    Raises:
        ValueError: there are no points, the distances are not finite, or a number is out of range.

    >>> x = np.array([0.0, 0.1, 0.2, 5.0, 5.1])
    >>> found = density_peaks(abs(x[:, None] - x), k=1, threshold=0.5)
    >>> sorted(found.centres.tolist()), found.centres[found.members].tolist()
    ([0, 3], [0, 0, 0, 3, 3])
    """
    n = len(distances)
    if distances.shape != (n, n) or not n or not np.isfinite(distances).all():
        raise ValueError(f"distances of shape {distances.shape}, expected (n, n), finite, with at least one point")
    if k < 1 or least < 1:
        raise ValueError(f"k is {k} and least is {least}; both must be at least 1")
    if n == 1:
        return Clusters(np.zeros(1, np.int64), np.zeros(1), np.zeros(1, np.int64))
    nearest = np.sort(distances, axis=1)[:, 1 : k + 1]  # without the point itself
    density = np.exp(-np.square(nearest).mean(1))
    rank = np.empty(n, dtype=np.int64)
    rank[np.lexsort((np.arange(n), -density))] = np.arange(n)
    denser = np.where(rank[None, :] < rank[:, None], distances, np.inf)
    delta = denser.min(1)
    densest = int(rank.argmin())
    delta[densest] = distances[densest].max()
    peaks = density * delta
    order = np.argsort(-peaks, kind="stable")
    centres = order[: max(int((peaks >= threshold).sum()), min(least, n))]
    return Clusters(centres, peaks[centres], distances[:, centres].argmin(1))
