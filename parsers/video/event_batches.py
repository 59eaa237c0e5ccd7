"""Films to the tensors that the event network reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from usg.nn.label_encoder import LabelEncoder
from usg.parsers.video.event_features import OF_PAIR, OF_TRACK, moving_pairs, pair_features, track_features
from usg.parsers.video.event_network import EventInput, EventNetwork
from usg.parsers.video.trajectories import Floats, Trajectories

_STEP = 32


def batch(films: Sequence[Trajectories], encoder: LabelEncoder) -> EventInput:
    """The films one behind the other, padded to the longest."""
    length = max(film.seen.shape[1] for film in films)
    n = sum(map(len, films))
    pairs = [moving_pairs(film) for film in films]
    tracks = np.zeros((n, length, OF_TRACK), np.float32)
    between = np.zeros((sum(map(len, pairs)), length, OF_PAIR), np.float32)
    places, at, pair_at = [], 0, 0
    for film, ends in zip(films, pairs, strict=True):
        frames = film.seen.shape[1]
        tracks[at : at + len(film), :frames] = track_features(film)
        between[pair_at : pair_at + len(ends), :frames] = pair_features(film, ends)
        places.append(ends + at)
        at, pair_at = at + len(film), pair_at + len(ends)
    return EventInput(
        torch.from_numpy(tracks),
        encoder([label for film in films for label in film.labels]),
        torch.tensor(np.repeat(np.arange(len(films)), list(map(len, films)))),
        torch.from_numpy(np.concatenate(places)),
        torch.from_numpy(between),
    )


def targets(films: Sequence[Trajectories], given: EventInput, unary: int, binary: int) -> tuple[Tensor, Tensor]:
    """(n, T, unary) and (p, T, binary) of 0 and 1: where the events of films take place."""
    of_tracks = torch.zeros(len(given.tracks), given.tracks.shape[1], unary)
    of_pairs = torch.zeros(len(given.between), given.between.shape[1], binary)
    place = {(i, j): p for p, (i, j) in enumerate(given.pairs.tolist())}
    at = 0
    for film in films:
        for kind, i, j, first, last in film.events:
            if j < 0:
                of_tracks[at + i, first:last, kind] = 1
            elif (at + i, at + j) in place:
                of_pairs[place[at + i, at + j], first:last, kind - unary] = 1
        at += len(film)
    return of_tracks, of_pairs


@torch.no_grad()
def probabilities(
    network: EventNetwork, film: Trajectories, encoder: LabelEncoder
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Those of a film's tracks, of its pairs, and the pairs, for `EventProbabilities` of event_decoding.py."""
    given = batch([film], encoder)
    n, p = len(given.tracks), len(given.pairs)
    of_tracks, of_pairs = network(_filled_up(given))
    return of_tracks[:n].sigmoid().numpy(), of_pairs[:p].sigmoid().numpy(), given.pairs.numpy()


def _filled_up(given: EventInput) -> EventInput:
    """A batch of one film and another, of nothing, that brings tracks and pairs to multiples of `_STEP`.

    oneDNN keeps what it compiled for each of a thousand shapes: a film has ever other numbers of tracks and pairs.
    """
    n = len(given.tracks)
    tracks, pairs = _STEP - n % _STEP, -len(given.pairs) % _STEP
    return EventInput(
        F.pad(given.tracks, (0, 0, 0, 0, 0, tracks)),
        F.pad(given.labels, (0, 0, 0, tracks)),
        F.pad(given.film, (0, tracks), value=1),
        F.pad(given.pairs, (0, 0, 0, pairs), value=n),
        F.pad(given.between, (0, 0, 0, 0, 0, pairs)),
    )
