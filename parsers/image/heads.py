"""What attribute and relation heads are: from a picture and its regions to scored attributes and predicates.

A head is any object with `version` and one method. Scores are in [0, 1] and conditional: that of an attribute is how
probable the value is when the object is what its label says, that of a relation how probable the predicate is when both
objects are. Several values and several predicates may hold at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections


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

    def attributes(self, image: Image, found: Detections) -> Sequence[AttributeScore]:
        """Scored values for the regions of a picture; those it does not name are not said."""


class RelationHead(Protocol):
    """What says how regions are related."""

    @property
    def version(self) -> str:
        """Name and version."""

    def relations(self, image: Image, found: Detections) -> Sequence[RelationScore]:
        """Scored predicates for ordered pairs of regions; those it does not name are not said."""


@runtime_checkable
class WithHeads(Protocol):
    """A detector that comes with heads, for where a parser is given none."""

    def heads(self) -> tuple[AttributeHead, RelationHead | None]:
        """The attribute head and the relation head; no relation head where it knows no predicates."""
