"""Gold trajectories as a parser would have them: boxes that jitter, frames missed, tracks that break, wrong labels.

Each kind of noise is drawn for a film from nothing to its most, so that clean films are learnt from too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from usg.parsers.video.trajectories import Trajectories

_SHORTEST = 4  # frames of a piece of a track that breaks


@dataclass(frozen=True)
class Noise:
    """The most of each kind.

    Attributes:
        jitter: standard deviation of a box's edges, in sides of it.
        missed: share of the boxes.
        broken: share of the tracks that break in two.
        mislabelled: share of the labels.
        false_tracks: share of the films with a track of nothing.
    """

    jitter: float = 0.04
    missed: float = 0.1
    broken: float = 0.1
    mislabelled: float = 0.06
    false_tracks: float = 0.15


def noisy(film: Trajectories, noise: Noise, words: tuple[str, ...], rng: Generator) -> Trajectories:
    """A film with noise, mirrored in half of the cases; its events name the tracks of the result.

    Args:
        film: gold.
        noise: how much at most.
        words: labels to err with.
        rng: randomness.
    """
    boxes, seen, labels = film.boxes.copy(), film.seen.copy(), list(film.labels)
    if rng.random() < 0.5:
        boxes = boxes[..., [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32) + np.array([1, 0, 1, 0], np.float32)
    sides = np.tile(boxes[..., 2:] - boxes[..., :2], 2)
    boxes += rng.standard_normal(boxes.shape, np.float32) * sides * np.float32(noise.jitter * rng.random())
    seen &= rng.random(seen.shape) >= noise.missed * rng.random()
    for i in range(len(labels)):
        if rng.random() < noise.mislabelled:
            labels[i] = words[int(rng.integers(len(words)))]
    source = list(range(len(labels)))
    for i in range(len(film)):
        frames = np.flatnonzero(seen[i])
        if len(frames) >= 2 * _SHORTEST and rng.random() < noise.broken:
            cut = frames[int(rng.integers(_SHORTEST, len(frames) - _SHORTEST + 1))]
            boxes, seen = np.concatenate([boxes, boxes[i : i + 1]]), np.concatenate([seen, seen[i : i + 1]])
            seen[i, cut:], seen[-1, :cut] = False, False
            labels.append(labels[i])
            source.append(i)
    if rng.random() < noise.false_tracks:
        i, length = int(rng.integers(len(film))), int(rng.integers(2, 7))
        at = int(rng.integers(max(1, seen.shape[1] - length)))
        extra, there = boxes[i : i + 1] + rng.normal(0, 0.05), np.zeros_like(seen[:1])
        there[0, at : at + length] = True
        boxes, seen = np.concatenate([boxes, extra.astype(np.float32)]), np.concatenate([seen, there])
        labels.append(words[int(rng.integers(len(words)))])
        source.append(-1)
    kept = [i for i in range(len(labels)) if seen[i].any()]
    boxes, seen, source = boxes[kept], seen[kept], [source[i] for i in kept]
    return _renamed(film, filled(boxes, seen), seen, tuple(labels[i] for i in kept), source)


def filled(boxes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The boxes (n, T, 4), those not seen interpolated from the others of their track, as in `Trajectories`."""
    whole, times = boxes.copy(), np.arange(boxes.shape[1])
    for i, there in enumerate(seen):
        if not there.all():
            for k in range(4):
                whole[i, :, k] = np.interp(times, times[there], boxes[i, there, k])
    return whole


def _renamed(
    film: Trajectories, boxes: np.ndarray, seen: np.ndarray, labels: tuple[str, ...], source: list[int]
) -> Trajectories:
    """The events with the track of each participant that is seen the most during them."""
    events = []
    for event in film.events:
        who = [_piece(i, source, seen[:, event.first : event.last]) for i in (event.subject, event.object)]
        if who[0] >= 0 and (event.object < 0 or who[1] >= 0):
            events.append(event._replace(subject=who[0], object=who[1]))
    return replace(film, boxes=boxes, seen=seen, labels=labels, events=tuple(events))


def _piece(i: int, source: list[int], seen: np.ndarray) -> int:
    pieces = [k for k, each in enumerate(source) if each == i] if i >= 0 else []
    return max(pieces, key=lambda k: int(seen[k].sum()), default=-1)
