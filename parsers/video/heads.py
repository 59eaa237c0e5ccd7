"""What an event head is: from the tracks of a film to what happens in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from usg.parsers.video.records import TrackRecord


@dataclass(frozen=True, slots=True)
class EventScore:
    """An event: its name, the places of its participants among the tracks (one or two), its time and score.

    Raises:
        ValueError: it ends before it begins, or its score is not in [0, 1].
    """

    name: str
    subject: int
    object: int | None
    start: float
    end: float
    score: float

    def __post_init__(self) -> None:
        if not (0 <= self.score <= 1 and self.start <= self.end):
            raise ValueError(
                f"event {self.name!r} from {self.start} to {self.end} s scores {self.score}; "
                "expected a start before its end and a score in [0, 1]"
            )


class EventHead(Protocol):
    """What says what happens."""

    @property
    def version(self) -> str:
        """Name and version."""

    def events(self, tracks: Sequence[TrackRecord], size: tuple[int, int], seconds: float) -> list[EventScore]:
        """The events of a film.

        Args:
            tracks: with at least one frame each.
            size: width and height of the frames, pixels.
            seconds: length of the film.
        """
