"""Rows of CSV, one after the other, of which a broken one spoils itself only.

`csv.reader` reads on to the end of the file behind a quote that is not closed. Here a field may have line breaks, but
only where some of the next lines make it a row with as many fields as there are columns; otherwise its first line is
the broken row and the next is read as what it is.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

_MOST_LINES = 50  # of one row


def read_rows(
    lines: Iterable[tuple[int, str]], width: int, delimiter: str = ","
) -> Iterator[tuple[int, list[str] | None, str]]:
    r"""The rows of lines.

    Args:
        lines: each with its number, without its end; those of white space alone are passed over.
        width: number of columns.
        delimiter: between two fields.

    Yields:
        The number of the first line, the fields (None for a broken row) and why it is broken.

    Example:
        >>> list(read_rows([(2, '1,"a dog'), (3, 'runs"'), (4, '2,"a cat'), (5, "3,a cow")], 2))
        [(2, ['1', 'a dog\nruns'], ''), (4, None, 'unexpected end of data'), (5, ['3', 'a cow'], '')]
    """
    rest, given_back = iter(lines), deque[tuple[int, str]]()
    while (here := given_back.popleft() if given_back else next(rest, None)) is not None:
        if not here[1].strip():
            continue
        taken = [here]
        row, reason, is_open = _row(taken, width, delimiter)
        first_reason = reason
        while is_open and len(taken) < _MOST_LINES:
            more = given_back.popleft() if given_back else next(rest, None)
            if more is None:
                break
            taken.append(more)
            row, reason, is_open = _row(taken, width, delimiter)
        if row is None:
            given_back.extendleft(reversed(taken[1:]))
        yield here[0], row, "" if row is not None else first_reason


def _row(taken: list[tuple[int, str]], width: int, delimiter: str) -> tuple[list[str] | None, str, bool]:
    """The fields, why there are none, and whether a quote is still open."""
    try:
        (row,) = csv.reader(["\n".join(line for _, line in taken)], delimiter=delimiter, strict=True)
    except csv.Error as error:
        return None, str(error), "end of data" in str(error)
    if len(row) != width:
        return None, f"{len(row)} columns, expected {width}", False
    return row, "", False
