"""What attribute and relation heads are: from pictures and their regions to scored attributes and predicates.

A head is any object with `version` and one method, which reads a batch of pictures as a detector does. Scores
are in [0, 1] and conditional: that of an attribute is how probable the value is when the object is what its label says,
that of a relation how probable the predicate is when both objects are. Several values and several predicates may hold
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AttributeScore:
    """A value of a region, given by its number, with its kind (colour, size, ...).

    Raises:
        ValueError: the score is not in [0, 1].
    """

    object: int
    value: str
    kind: str | None
    score: float

    def __post_init__(self) -> None:
        _check(self.score, f"{self.value!r} of region {self.object}")


@dataclass(frozen=True, slots=True)
class RelationScore:
    """A predicate between two regions, given by their numbers.

    Raises:
        ValueError: the score is not in [0, 1].
    """

    subject: int
    predicate: str
    object: int
    score: float

    def __post_init__(self) -> None:
        _check(self.score, f"{self.predicate!r} between regions {self.subject} and {self.object}")


def _check(score: float, what: str) -> None:
    if not 0 <= score <= 1:  # NaN too
        raise ValueError(f"{what} scores {score}, not in [0, 1]; the head failed on this picture")


class AttributeHead(Protocol):
    """What says how regions look."""

    @property
    def version(self) -> str:
        """Name and version."""

    def attributes(self, images: Sequence[Image], found: Sequence[Detections]) -> Sequence[Sequence[AttributeScore]]:
        """Scored values for the regions of each picture; those it does not name are not said.

        Args:
            images: as a detector gets them.
            found: the regions of each, at least one.
        """


class RelationHead(Protocol):
    """What says how regions are related."""

    @property
    def version(self) -> str:
        """Name and version."""

    def relations(self, images: Sequence[Image], found: Sequence[Detections]) -> Sequence[Sequence[RelationScore]]:
        """Scored predicates for ordered pairs of regions of each picture; those it does not name are not said.

        Args:
            images: as a detector gets them.
            found: the regions of each, at least two.
        """


@runtime_checkable
class WithHeads(Protocol):
    """A detector that comes with heads, for where a parser is given none."""

    def heads(self) -> tuple[AttributeHead, RelationHead | None]:
        """The attribute head and the relation head; no relation head where it knows no predicates."""


def ask(
    read: Callable[[Sequence[Image], Sequence[Detections]], Sequence[Sequence[T]]],
    images: Sequence[Image],
    found: Sequence[Detections],
    fewest: int,
) -> list[Sequence[T]]:
    """What a head says of each picture; those with fewer regions are not shown to it, and of them nothing is said.

    Raises:
        ValueError: there is not a result for every picture.
    """
    shown = [i for i, regions in enumerate(found) if len(regions) >= fewest]
    scores: list[Sequence[T]] = [()] * len(images)
    if shown:
        results = read([images[i] for i in shown], [found[i] for i in shown])
        for i, result in zip(shown, one_each(results, shown), strict=True):
            scores[i] = result
    return scores


def one_each(results: Sequence[T], pictures: Sequence[object]) -> Sequence[T]:
    """The results of a part, which must be as many as the pictures it was shown.

    Raises:
        ValueError: they are not.
    """
    if len(results) != len(pictures):
        raise ValueError(f"{len(results)} results for {len(pictures)} pictures")
    return results
