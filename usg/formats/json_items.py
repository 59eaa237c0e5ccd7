"""The items of an array in a large JSON text, one after the other: never all of them as objects at once.

`json.load` makes objects of the whole file, several times its size, and of a file that is cut short it gives nothing.
ijson stops at the first byte that is not UTF-8; here such a byte, read as a surrogate, spoils its own item only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def items(text: str, key: str) -> Iterator[Any]:
    """The items of the array that is the text, or that stands under `key` in the object that is the text.

    Args:
        text: JSON.
        key: a key of the object; the others are passed over.

    Raises:
        ValueError: the text is neither, has no such key, or is not JSON from some place on; items before that place
            are given first.

    >>> list(items('{"info": {}, "annotations": [1, {"a": 2}]}', "annotations"))
    [1, {'a': 2}]
    """
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        yield from _array(text, at)
    elif text[at : at + 1] == "{":
        yield from _array(text, _value_of(text, at, key))
    else:
        raise ValueError(f"not JSON: it starts with {text[at : at + 20]!r}")


def _value_of(text: str, at: int, wanted: str) -> int:
    """Where the array of a key starts, in the object that starts at `at`."""
    keys: list[str] = []
    while text[at : at + 1] in ("{", ","):
        at = _skip(text, at + 1)
        if text[at : at + 1] == "}" and not keys:
            break
        key, at = _value(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError(f"cut short or broken at character {at}")
        at = _skip(text, at + 1)
        if key == wanted:
            if text[at : at + 1] != "[":
                raise ValueError(f"{wanted!r} is {text[at : at + 20]!r}, expected an array")
            return at
        keys.append(str(key))
        at = _skip(text, _value(text, at)[1])
    if text[at : at + 1] != "}":
        raise ValueError(f"cut short or broken at character {at}")
    raise ValueError(f"no {wanted!r} among the keys {', '.join(keys)[:80]}")


def _array(text: str, at: int) -> Iterator[Any]:
    first = True
    while True:
        at = _skip(text, at + 1)
        if first and text[at : at + 1] == "]":
            return
        first = False
        item, at = _value(text, at)
        yield item
        at = _skip(text, at)
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise ValueError(f"cut short or broken at character {at}")


def _value(text: str, at: int) -> tuple[Any, int]:
    try:
        return _decode(text, at)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(f"cut short or broken at character {at}") from None


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
