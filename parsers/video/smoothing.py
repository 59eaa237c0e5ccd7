"""When something holds: scores of frames to spans of time, by the likeliest path through two states.

A relation or attribute holds or it does not. Each frame is evidence for it, in seconds,

    e = (logit score - logit threshold) dt      its logits within +-`_CERTAIN`

and changing one's mind costs as much as `SWITCH` seconds of certain evidence, to begin with either costs nothing: the
path of greatest sum is found by Viterbi's algorithm, frame by frame. The two best paths so far, one that ends in each
state, are all that is kept, so memory grows with the spans and not with the frames. A flicker of one frame neither
makes a span nor breaks one, and a span begins where the evidence does, not where it has become enough.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from math import log
from typing import Generic, NamedTuple, TypeVar

SWITCH = 0.1
_CERTAIN = 3.0
_LONGEST = 0.25  # seconds that one frame can stand for as evidence

Key = TypeVar("Key", bound=Hashable)


class Span(NamedTuple):
    """A stretch of time in which something holds, and its mean score."""

    start: float
    end: float
    score: float


@dataclass(slots=True)
class _Path:
    """The best paths of one key. Gain is that of holding over not holding; sums are of the path that holds."""

    gain: float
    start: float
    total: float
    weight: float
    on: tuple[Span, ...]
    """Spans closed on the path that holds now."""
    off: tuple[Span, ...]
    """Those on the other."""
    last: float
    """End of the last frame that was evidence."""


class SpanKeeper(Generic[Key]):
    """The spans of any number of things that may hold.

    Args:
        threshold: score from which on a frame speaks for it.

    >>> keeper = SpanKeeper[str](0.5)
    >>> for frame, score in enumerate([0.9, 0.9, 0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]):
    ...     keeper.update(frame / 8, 1 / 8, {"on": score}, lambda key: True)
    >>> [(key, span.start, span.end) for key, span in keeper.finish()]
    [('on', 0.0, 0.625)]
    """

    def __init__(self, threshold: float) -> None:
        self._least = _logit(threshold)
        self._cost = SWITCH * _CERTAIN
        self._begun = False
        self._open: dict[Key, _Path] = {}
        self._done: list[tuple[Key, Span]] = []

    def update(self, seconds: float, dt: float, scores: Mapping[Key, float], could: Callable[[Key], bool]) -> None:
        """A frame.

        Args:
            seconds: when it is.
            dt: how long it is shown.
            scores: of what was said in it.
            could: whether a thing that was not said could have been; then its score is 0, else nothing is known of it.
        """
        for key in scores.keys() - self._open.keys():
            if _logit(scores[key]) > self._least - _CERTAIN:
                gain = -self._cost if self._begun else 0.0
                self._open[key] = _Path(gain, seconds, 0.0, 0.0, (), (), seconds)
        self._begun = True
        for key in list(self._open):
            score = scores.get(key)
            if score is not None or could(key):
                self._step(key, self._open[key], seconds, dt, score or 0.0)

    def finish(self, which: Callable[[Key], bool] = lambda key: True) -> list[tuple[Key, Span]]:
        """Closes the things that are meant and gives all spans that are closed; they are then forgotten."""
        for key in [key for key in self._open if which(key)]:
            path = self._open.pop(key)
            spans = (*path.on, _span(path)) if path.gain > 0 else path.off
            self._done += [(key, span) for span in spans]
        done, self._done = self._done, []
        return done

    def _step(self, key: Key, path: _Path, seconds: float, dt: float, score: float) -> None:
        gain, on, off = path.gain, path.on, path.off
        if gain > self._cost:  # not to hold from now on is best after having held until now
            self._done += [(key, span) for span in on]  # both paths have these
            path.on, path.off, gain = (), (_span(path),), self._cost
        elif gain < -self._cost:
            gain = -self._cost
        if path.gain <= -self._cost:  # to hold from now on is best after not having held until now
            path.on, path.start, path.total, path.weight = off, seconds, 0.0, 0.0
        evidence = min(_CERTAIN, max(-_CERTAIN, _logit(score) - self._least))
        path.gain = gain + evidence * min(dt, _LONGEST)
        path.total, path.weight, path.last = path.total + score * dt, path.weight + dt, seconds + dt
        if path.gain < -self._cost:  # whatever comes, it does not hold now
            self._done += [(key, span) for span in path.off]
            del self._open[key]


def _span(path: _Path) -> Span:
    return Span(path.start, path.last, path.total / max(path.weight, 1e-9))


def _logit(p: float) -> float:
    p = min(1 - 1e-4, max(1e-4, p))
    return log(p / (1 - p))
