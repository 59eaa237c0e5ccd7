"""An object with its attributes as a card: the label, and below it a chip for each attribute."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from usg.draw.colours import colour_of, ink_on, mix
from usg.draw.svg import INK, MUTED, group, label, rectangle, shorten, text_width
from usg.graph.elements import Attribute, Relation, SceneObject

MASK_FILL, MASK_LINE, MASK_INK = "#fef3c7", "#d97706", "#92400e"
HIGHLIGHT = "#e11d48"
_LABEL, _CHIP, _HEIGHT, _PAD, _ROW = 15.0, 11.5, 19.0, 11.0, 190.0


@dataclass(frozen=True)
class Marks:
    """What a picture points out: masked ids are drawn as `?`, highlighted ones in red, notes stand beside the label."""

    masked: frozenset[str] = frozenset()
    highlight: frozenset[str] = frozenset()
    notes: Mapping[str, str] | None = None

    def text(self, id: str, value: str, negated: bool) -> str:
        """What stands on the element."""
        words = "?" if id in self.masked else shorten(("not " if negated else "") + value)
        note = (self.notes or {}).get(id)
        return f"{words} · {shorten(note, 40)}" if note else words


@dataclass(frozen=True)
class Chip:
    """A small label: an attribute in its card, or a relation on its line."""

    id: str
    text: str
    title: str
    fill: str
    ink: str
    line: str
    dashed: bool

    @property
    def width(self) -> float:
        """Pixels."""
        return text_width(self.text, _CHIP) + 16.0

    def draw(self, x: float, y: float) -> str:
        """The chip with its middle at `x`, `y`."""
        box = rectangle(
            x - self.width / 2,
            y - _HEIGHT / 2,
            self.width,
            _HEIGHT,
            fill=self.fill,
            stroke=self.line,
            radius=_HEIGHT / 2,
            dashed=self.dashed,
            line=1.6 if self.line == HIGHLIGHT else 1.0,
        )
        return group([box, label(x, y, self.text, _CHIP, fill=self.ink)], self.title, self.id)


def attribute_chip(attribute: Attribute, marks: Marks) -> Chip:
    """The chip of an attribute, in its own colour when it is one."""
    colour = None if attribute.negated else colour_of(attribute.value)
    fill = colour or "#f1f5f9"
    return _chip(attribute, attribute.value, fill, ink_on(fill), mix(fill, "#334155", 0.3), marks)


def relation_chip(relation: Relation, marks: Marks) -> Chip:
    """The chip that stands on the line of a relation."""
    return _chip(relation, relation.predicate, "#eef2ff", "#3730a3", "#c7d2fe", marks)


def _chip(element: Attribute | Relation, value: str, fill: str, ink: str, line: str, marks: Marks) -> Chip:
    masked = element.id in marks.masked
    if masked:
        fill, ink, line = MASK_FILL, MASK_INK, MASK_LINE
    elif element.negated:
        fill, ink, line = "#ffffff", MUTED, "#94a3b8"
    if element.id in marks.highlight:
        line = HIGHLIGHT
    title = element.id if masked else f"{element.id}: {'not ' if element.negated else ''}{value}"
    return Chip(element.id, marks.text(element.id, value, element.negated), title, fill, ink, line, element.negated)


@dataclass(frozen=True)
class Card:
    """An object's card; `rows` holds the chips of its attributes, line by line."""

    obj: SceneObject
    text: str
    rows: tuple[tuple[Chip, ...], ...]
    marks: Marks

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        widths = [_row_width(row) for row in self.rows]
        width = max([text_width(self.text, _LABEL, bold=True), *widths, 34.0]) + 2 * _PAD
        return width, 34.0 + (_HEIGHT + 5.0) * len(self.rows) + (4.0 if self.rows else 0.0)

    def draw(self, x: float, y: float) -> str:
        """The card with its middle at `x`, `y`."""
        width, height = self.size
        masked, marked = self.obj.id in self.marks.masked, self.obj.id in self.marks.highlight
        fill, line = (MASK_FILL, MASK_LINE) if masked else ("#ffffff", "#94a3b8")
        top = y - height / 2
        box = rectangle(
            x - width / 2,
            top,
            width,
            height,
            fill=fill,
            stroke=HIGHLIGHT if marked else line,
            radius=9,
            line=2.2 if marked else 1.4,
            dashed=self.obj.negated,
        )
        ink = MASK_INK if masked else MUTED if self.obj.negated else INK
        parts = [box, label(x, top + 17.5, self.text, _LABEL, bold=True, fill=ink)]
        for i, row in enumerate(self.rows):
            left, middle = x - _row_width(row) / 2, top + 34.0 + _HEIGHT / 2 + i * (_HEIGHT + 5.0)
            for chip in row:
                parts.append(chip.draw(left + chip.width / 2, middle))
                left += chip.width + 5.0
        title = self.obj.id if masked else f"{self.obj.id}: {'no ' if self.obj.negated else ''}{self.obj.label}"
        return group(parts, title, self.obj.id)


def card(obj: SceneObject, attributes: Collection[Attribute], marks: Marks) -> Card:
    """The card of an object, its chips broken into lines."""
    rows: list[list[Chip]] = []
    for attribute in attributes:
        chip = attribute_chip(attribute, marks)
        if rows and _row_width([*rows[-1], chip]) <= _ROW:
            rows[-1].append(chip)
        else:
            rows.append([chip])
    text = marks.text(obj.id, obj.label, False)
    if obj.negated and obj.id not in marks.masked:
        text = f"no {text}"
    return Card(obj, text, tuple(tuple(row) for row in rows), marks)


def _row_width(row: Collection[Chip]) -> float:
    return sum(chip.width for chip in row) + 5.0 * (len(row) - 1)
