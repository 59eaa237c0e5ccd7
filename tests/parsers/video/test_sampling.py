"""Which frames are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

from usg.parsers.video.frames import Frame
from usg.parsers.video.sampling import Sampling, sampled


class Film:
    """Frames of colours, at 10 a second."""

    width, height, fps, broken = 8, 6, 10.0, None

    def __init__(self, colours: list[int], duration: float | None) -> None:
        self._colours, self.duration = colours, duration

    def __iter__(self) -> Iterator[Frame]:
        for i, colour in enumerate(self._colours):
            yield Frame(i, i / 10, partial(_grey, colour))

    def close(self) -> None:
        """Nothing is open."""


def _grey(colour: int, size: Any) -> Image.Image:
    return Image.new("RGB", size or (8, 6), (colour, colour, colour))


def numbers(colours: list[int], sampling: Sampling, duration: float | None = None) -> list[tuple[int, int]]:
    return [(frame.number, frame.shot) for frame in sampled(Film(colours, duration), sampling)]


def test_all_at_a_rate_and_evenly() -> None:
    colours = [100] * 40
    assert len(numbers(colours, Sampling())) == 40
    assert [n for n, _ in numbers(colours, Sampling(fps=2.5))] == list(range(0, 40, 4))
    assert [n for n, _ in numbers(colours, Sampling(fps=100))] == list(range(40))
    assert [n for n, _ in numbers(colours, Sampling(count=4), duration=4.0)] == [0, 10, 20, 30]
    assert [n for n, _ in numbers(colours, Sampling(count=4))] == [5, 15, 25, 35]
    assert [n for n, _ in numbers(colours, Sampling(count=99))] == list(range(40))


@pytest.mark.parametrize("shots", [True, False])
def test_evenly_holds_no_frame(shots: bool) -> None:
    alive = most = 0

    class Counted(Film):
        def __iter__(self) -> Iterator[Frame]:
            nonlocal most
            for frame in super().__iter__():
                yield replace(frame, load=Load(frame))
                del frame
                most = max(most, alive)

    class Load:
        def __init__(self, frame: Frame) -> None:
            nonlocal alive
            self._load, alive = frame.load, alive + 1

        def __call__(self, size: Any) -> Image.Image:
            return self._load(size)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    film = Counted([20] * 300 + [200] * 200, None)
    found = [frame.number for frame in sampled(film, Sampling(count=50, shots=shots))]
    assert found == ([*range(3, 300, 6), *range(302, 500, 4)] if shots else list(range(5, 500, 10)))
    assert most <= 3


def test_shots_are_told_apart_at_cuts_and_not_at_fades() -> None:
    fade = list(range(0, 200, 5))
    assert {shot for _, shot in numbers(fade, Sampling(shots=True))} == {0}
    cuts = [20] * 7 + [200] * 9 + [90] * 8
    assert [shot for _, shot in numbers(cuts, Sampling(shots=True))] == [0] * 7 + [1] * 9 + [2] * 8
    found = numbers(cuts, Sampling(count=2, shots=True))
    assert [shot for _, shot in found] == [0, 0, 1, 1, 2, 2]
    assert [shot for _, shot in numbers(cuts, Sampling(fps=2, shots=True))] == [0, 0, 1, 1, 2]


def test_wrong_numbers() -> None:
    with pytest.raises(ValueError, match="fps is 0, expected more than 0"):
        Sampling(fps=0)
    with pytest.raises(ValueError, match="fps is nan"):
        Sampling(fps=float(np.nan))
    with pytest.raises(ValueError, match="count is 0"):
        Sampling(count=0)
    with pytest.raises(ValueError, match="give one of them"):
        Sampling(fps=1, count=1)
