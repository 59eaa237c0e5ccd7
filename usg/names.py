"""What to say when a name is not known: the nearest match and the list.

Every place that looks a name up (a command, a configuration, a head, an edge type) raises with this message, so that
a typing mistake is answered the same way everywhere.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_LISTED = 20  # more names than this are counted instead of printed: the error stays one readable line


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Returns the one-line message for a name that is not among the known ones.

    Args:
        kind: what is named, in the singular ("command", "config").
        name: the name that was asked for.
        known: the names that exist.

    Returns:
        The message, without a full stop; the caller raises it as `ValueError` or `LookupError`.

    Example:
        >>> unknown_name("colour", "rad", ["red", "green"])
        "unknown colour 'rad'; did you mean 'red'? Known: green, red"
        >>> unknown_name("colour", "x", [])
        "unknown colour 'x'; there are none to choose from"
    """
    names = sorted(set(known))
    message = f"unknown {kind} {name!r}"
    if not names:
        return f"{message}; there are none to choose from"
    by_case = {known_name.casefold(): known_name for known_name in names}
    nearest = get_close_matches(name.casefold(), by_case, n=1, cutoff=0.5)
    if nearest:
        message += f"; did you mean {by_case[nearest[0]]!r}?"
    else:
        message += "."
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{message} Known: {', '.join(names[:_LISTED])}{more}"
