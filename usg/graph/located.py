"""Reading JSON values so that whatever does not fit is named with its place.

A reader raises `Misfit` with a message; each level above adds its own key or index on the way up, so that the place
`objects[3].groundings[0].region` costs nothing where all is well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


class Misfit(Exception):
    """A value that does not fit, with the path to it, which grows on the way up; costs nothing where all is well."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message, path)
        self.message, self.path = message, path

    def within(self, place: str) -> Misfit:
        """The same misfit, one level further out."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return Misfit(self.message, place + dot + self.path)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def each(data: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    """The items of a list under a key, each read by `read`; an absent list is empty."""
    items = data.get(name, ())
    if not isinstance(items, list | tuple):
        raise Misfit(f"is {type(items).__name__}, expected a list", name)
    parts = []
    try:
        for item in items:  # not a comprehension: the length of `parts` says where reading stopped
            parts.append(read(item))
    except Misfit as misfit:
        raise misfit.within(f"{name}[{len(parts)}]") from None
    return tuple(parts)


def build(cls: Callable[..., T], path: str, *values: Any) -> T:
    """Call a constructor whose `TypeError` or `ValueError` says what does not fit."""
    try:
        return cls(*values)
    except (TypeError, ValueError) as error:
        raise Misfit(str(error), path) from None


def mapping(item: Any) -> dict[str, Any]:
    """A copy of a JSON object."""
    if type(item) is not dict and not isinstance(item, Mapping):
        raise Misfit(f"is {short(item)}, expected an object with keys")
    return dict(item)


def numbers(value: Any, count: int, path: str = "") -> Any:
    """A list of `count` values."""
    if not isinstance(value, list | tuple) or len(value) != count:
        raise Misfit(f"is {short(value)}, expected {count} numbers", path)
    return value


def plain(value: Any) -> Any:
    """A copy of a JSON value; a tuple becomes a list, as JSON would make it."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool:
        return value
    if kind is float:
        if not math.isfinite(value):
            raise Misfit(f"is {value}, which JSON cannot hold")
        return value
    if kind is list or kind is tuple:
        items: list[Any] = []
        try:
            for item in value:  # as in `each`
                items.append(plain(item))
        except Misfit as misfit:
            raise misfit.within(f"[{len(items)}]") from None
        return items
    # Exact types first: the test for a mapping is slow for what is none.
    if kind is dict or isinstance(value, Mapping):
        out: dict[str, Any] = {}
        key: Any = None
        try:
            for key, item in value.items():
                if type(key) is not str:
                    break
                out[key] = plain(item)
            else:
                return out
        except Misfit as misfit:
            raise misfit.within(key) from None
        raise Misfit(f"key {key!r} is {type(key).__name__}, expected str")
    raise Misfit(f"is {kind.__name__}, which JSON cannot hold")


def unknown_key(key: object, keys: Iterable[str]) -> str:
    """The message about an unknown key, with the nearest known one."""
    keys = list(keys)
    near = get_close_matches(str(key), keys, n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown key {key!r}{hint} (keys: {', '.join(keys)})"


def short(value: object) -> str:
    """At most 60 characters of the value, for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
