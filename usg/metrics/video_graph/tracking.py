"""Tracking: IDF1, and HOTA with its two parts, whatever the labels.

IDF1 = 2 IDTP / (predicted + gold boxes), where tracks are assigned one to one so that IDTP, the frames in which
assigned tracks overlap by `iou`, is greatest (Ristani et al., ECCV Workshops 2016).

HOTA, at each threshold a = 0.05, ..., 0.95 (Luiten et al., IJCV 129, 2021): in each frame boxes are assigned so that
the sum of overlap times how well the tracks fit over the whole film is greatest, and matched if they overlap by a. With
n(p, g) the matched frames of two tracks, |p| and |g| their lengths,

    DetA = TP / (TP + FN + FP)    AssA = 1/TP sum over matches of n / (|p| + |g| - n)    HOTA = mean of sqrt(DetA AssA)

Films are pooled: sums of TP, FN, FP and of AssA times TP. The assignment is SciPy's; the sums are written here because
TrackEval, the reference, is on no package index, and py-motmetrics has no HOTA and brings pandas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.metrics.video_graph.film import FilmOverlap
from usg.metrics.weighted import Figure, Floats, divided

ALPHAS: Floats = np.array([0.05 * i for i in range(1, 20)])
_ROUNDING = 1e-9


@dataclass(frozen=True)
class FilmTracks:
    """What tracking figures sum over films.

    Attributes:
        identity: IDTP, predicted boxes, gold boxes.
        matched: `(19,)` TP at each threshold.
        association: `(19,)` AssA times TP.
        assigned: predicted object -> gold object, as IDF1 assigns them.
    """

    identity: tuple[float, float, float]
    matched: Floats
    association: Floats
    assigned: dict[int, int]


def film_tracks(overlap: FilmOverlap, iou: float = 0.5) -> FilmTracks:
    """The sums of one film.

    Args:
        overlap: of its tracks.
        iou: least overlap of a frame in IDF1.
    """
    there, true = overlap.predicted > 0, overlap.gold > 0
    lengths = there.sum(0)[:, None] + true.sum(0)[None, :]
    frames = (overlap.iou >= iou).sum(0)
    pairs = [(p, g) for p, g in _assignment(frames.astype(np.float64)) if frames[p, g]]
    found = float(sum(frames[p, g] for p, g in pairs))
    matched, association = _hota(overlap.iou, lengths)
    return FilmTracks((found, float(there.sum()), float(true.sum())), matched, association, dict(pairs))


def tracking_figures(films: list[FilmTracks]) -> dict[str, Figure]:
    """`idf1`, `hota`, `deta` and `assa` as figures over films; none where there is no gold track.

    >>> from usg.metrics.video_graph.film import FilmOverlap
    >>> one = np.full((4, 1, 1), 8.0)
    >>> whole = FilmOverlap(np.arange(4), one, one[:, :, 0], one[:, :, 0])
    >>> {name: float(figure(np.ones((1, 1)))[0]) for name, figure in tracking_figures([film_tracks(whole)]).items()}
    {'idf1': 1.0, 'hota': 1.0, 'deta': 1.0, 'assa': 1.0}
    """
    identity = np.array([film.identity for film in films], dtype=np.float64).reshape(-1, 3)
    if not identity[:, 2].any():
        return {}
    matched = np.array([film.matched for film in films])
    association = np.array([film.association for film in films])
    boxes = identity[:, 1] + identity[:, 2]

    def idf1(weights: Floats) -> Floats:
        return divided(weights @ (2 * identity[:, 0]), weights @ boxes)

    def parts(weights: Floats) -> tuple[Floats, Floats]:
        true = weights @ matched
        either = (weights @ boxes)[:, None] - true
        # Nothing matched at a threshold has an association of 0, as in TrackEval.
        return divided(true, either), (weights @ association) / np.maximum(true, 1.0)

    def hota(weights: Floats) -> Floats:
        detection, linking = parts(weights)
        return np.asarray(np.sqrt(detection * linking).mean(1))

    return {
        "idf1": idf1,
        "hota": hota,
        "deta": lambda weights: np.asarray(parts(weights)[0].mean(1)),
        "assa": lambda weights: np.asarray(parts(weights)[1].mean(1)),
    }


def _hota(iou: Floats, lengths: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """`(19,)` TP and AssA times TP of a film from `(f, p, g)` overlaps and the sums of lengths `(p, g)`."""
    shares = iou.sum(1, keepdims=True) + iou.sum(2, keepdims=True) - iou
    near = np.divide(iou, shares, out=np.zeros_like(iou), where=shares > 0).sum(0)
    fit = np.divide(near, lengths - near, out=np.zeros_like(near), where=lengths - near > 0)
    count = np.zeros((len(ALPHAS), *lengths.shape))
    for frame in iou:
        for p, g in _assignment(frame * fit):
            count[:, p, g] += frame[p, g] >= ALPHAS - _ROUNDING
    linked = np.divide(count, lengths - count, out=np.zeros_like(count), where=lengths - count > 0)
    return count.sum((1, 2)), (count * linked).sum((1, 2))


def _assignment(gain: Floats) -> list[tuple[int, int]]:
    """Pairs of a row and a column, each once, so that their sum is greatest; those without gain are left out."""
    if not gain.size or not gain.any():
        return []
    from scipy.optimize import linear_sum_assignment  # of the extra `vision`; the other figures do without it

    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(p), int(g)) for p, g in zip(rows, columns, strict=True) if gain[p, g] > 0]
