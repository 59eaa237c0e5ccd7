"""Values of switches from text and to text, checked against their types.

A command line writes `--set region=mask --set recall_at=20,50 --set candidates=none`.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin


def parse_switches(words: Sequence[str]) -> Mapping[str, str]:
    """The `NAME=VALUE` words of a command line.

    >>> parse_switches(["iou=0.75", "region=mask"])
    {'iou': '0.75', 'region': 'mask'}

    Raises:
        ValueError: a word has no `=`, or a switch is set twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in found:
            raise ValueError(f"--set {word!r} is not NAME=VALUE, each name once, as in --set region=mask")
        found[name.strip()] = value.strip()
    return found


def read_switch(value: Any, hint: Any) -> Any:
    """A value of a switch of the type `hint`, from text where it is text.

    >>> read_switch("20,50", tuple[int, ...]), read_switch("none", float | None), read_switch("1", float)
    ((20, 50), None, 1.0)
    """
    if isinstance(value, str) and not fits(value, hint):
        tuples = [each for each in (hint, *get_args(hint)) if get_origin(each) is tuple]
        if tuples and value.lower() == "none":
            return None if NoneType in get_args(hint) else ()
        if tuples and get_args(tuples[0])[0] is str:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        plain = {"true": True, "false": False, "none": None}.get(value.lower(), value)
        try:
            value = literal_eval(plain) if isinstance(plain, str) else plain
        except (ValueError, SyntaxError):
            return value
        if tuples and isinstance(value, int):
            return (value,)
    return float(value) if type(value) is int and float in (hint, *get_args(hint)) else value


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type `hint`: a plain type, a Literal, a tuple or a union of them."""
    if hint is None or hint is NoneType:
        return value is None
    origin = get_origin(hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(each, get_args(hint)[0]) for each in value)
    if origin is not None or get_args(hint):
        return any(fits(value, each) for each in get_args(hint))
    if hint is float:
        return type(value) in (float, int)
    return type(value) is hint


def described(hint: Any) -> str:
    """What a switch of the type `hint` takes, in words."""
    if hint is NoneType:
        return "none"
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if get_origin(hint) is tuple:
        return "several " + described(get_args(hint)[0])
    if get_args(hint):
        return " or ".join(described(each) for each in get_args(hint))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return names.get(hint, str(hint))


def written(value: Any) -> str:
    """A value as `--set` takes it.

    >>> written(("on", "in")), written(None), written(0.5)
    ('on,in', 'none', '0.5')
    """
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple):
        return ("; " if value and isinstance(value[0], tuple) else ",").join(map(written, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
