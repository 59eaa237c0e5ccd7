"""The event network: logits of events for every frame, track and ordered pair of tracks.

With convolutions over time, and * the maximum over the other tracks,

    u_i   = conv(track features, vector of the label)
    p_ij  = conv(pair features, u_i, u_j, max u)
    q_ij  = conv(p_ij, p_i*, p_*j, p_j*, p_*i)      who else could be meant
    logits of a pair from q_ij, of a track from u_i, p_i*, p_*i

Labels enter by their vectors (usg/nn/label_encoder.py), so that no category is out of its vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.parsers.video.event_features import OF_PAIR, OF_TRACK
from usg.parsers.video.event_settings import EventSizes

_RARE = -5.0  # logit


class EventInput(NamedTuple):
    """A batch of films, their n tracks and p pairs one behind the other, padded to T frames.

    Attributes:
        tracks: (n, T, OF_TRACK).
        labels: (n, d) vectors.
        film: (n,) number of the film of each track.
        pairs: (p, 2) places among the tracks.
        between: (p, T, OF_PAIR).
    """

    tracks: Tensor
    labels: Tensor
    film: Tensor
    pairs: Tensor
    between: Tensor


class EventNetwork(nn.Module):
    """See the module docstring.

    Args:
        unary: how many events have one participant.
        binary: how many have two.
        sizes: of the layers.
    """

    def __init__(self, unary: int, binary: int, sizes: EventSizes) -> None:
        super().__init__()
        d = sizes.width
        self.label = nn.Linear(sizes.label_dim, sizes.label_width)
        self.track_in = nn.Linear(OF_TRACK + sizes.label_width, d)
        self.track_time = _OverTime(d, (1, 2, 4))
        self.pair_in = nn.Linear(OF_PAIR, d)
        self.subject_in, self.object_in, self.film_in = (nn.Linear(d, d, bias=False) for _ in range(3))
        self.pair_time = _OverTime(d, (1, 2, 4, 8))
        self.others_in = nn.Linear(4 * d, d, bias=False)
        self.pair_last = _OverTime(d, (1, 2))
        self.pair_out = nn.Linear(d, binary) if binary else None
        self.mixed_in = nn.Linear(3 * d, d, bias=False)
        self.track_last = _OverTime(d, (1, 2))
        self.track_out = nn.Linear(d, unary) if unary else None
        for out in (self.pair_out, self.track_out):  # most frames of most pairs have no event
            if out is not None:
                nn.init.constant_(out.bias, _RARE)

    def forward(self, given: EventInput) -> tuple[Tensor, Tensor]:
        """(n, T, unary) logits of tracks and (p, T, binary) logits of pairs."""
        there = given.tracks[..., :1]  # 1 in the film, 0 in the padding behind it
        words = self.label(given.labels)[:, None, :].expand(-1, given.tracks.shape[1], -1)
        u = self.track_time(F.silu(self.track_in(torch.cat([given.tracks, words], -1))) * there, there)
        films = int(given.film.max()) + 1 if len(given.film) else 0
        whole = self.film_in(_most(u, given.film, films))[given.film]
        i, j = given.pairs.unbind(1)
        p = self.pair_in(given.between) + (self.subject_in(u) + whole)[i] + self.object_in(u)[j]
        both = there[i]
        p = self.pair_time(F.silu(p) * both, both)
        done, suffered = _most(p, i, len(u)), _most(p, j, len(u))
        parts = self.others_in.weight.split(u.shape[-1], 1)
        of_subject = done @ parts[0].T + suffered @ parts[1].T
        of_object = suffered @ parts[2].T + done @ parts[3].T
        q = self.pair_last(F.silu(p + of_subject[i] + of_object[j]) * both, both)
        mixed = self.mixed_in(torch.cat([done, suffered, whole], -1))
        v = self.track_last(F.silu(u + mixed) * there, there)
        return _logits(self.track_out, v), _logits(self.pair_out, q)


class _OverTime(nn.Module):
    """Residual convolutions over time; what is outside of the film stays 0."""

    def __init__(self, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in dilations)

    def forward(self, states: Tensor, there: Tensor) -> Tensor:
        """(n, T, width) of states (n, T, width), 0 where `there` (n, T, 1) is."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            change = layer((norm(states) * there).transpose(1, 2)).transpose(1, 2)
            states = (states + F.silu(change)) * there
        return states


def _logits(out: nn.Linear | None, states: Tensor) -> Tensor:
    """The logits of states; none where there are no such events."""
    return states[..., :0] if out is None else cast(Tensor, out(states))


def _most(states: Tensor, to: Tensor, n: int) -> Tensor:
    """(n, T, d) the greatest of the states (m, T, d) that go to each of n places; 0 where none does."""
    found = states.new_zeros(n, *states.shape[1:])
    return found.scatter_reduce(0, to[:, None, None].expand_as(states), states, "amax", include_self=False)
