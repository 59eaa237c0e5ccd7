"""Rows of CSV: line breaks within fields, and that a broken row spoils itself only."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from usg.formats.csv_rows import read_rows

CELL = st.text(st.sampled_from('ab ,"\n'), max_size=6)


def numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n"), 1))


@given(st.lists(st.tuples(CELL, CELL, st.just("x")), max_size=6))
def test_what_csv_writes_is_read(rows: list[tuple[str, str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    assert [tuple(row or ()) for _, row, _ in read_rows(numbered(file.getvalue()), 3)] == rows


def test_a_quote_that_is_not_closed_spoils_its_own_row() -> None:
    lines = numbered('1,"a dog\n2,a cat\n\n3,"a\ncow"\n4,a,sheep')
    assert list(read_rows(lines, 2)) == [
        (1, None, "unexpected end of data"),
        (2, ["2", "a cat"], ""),
        (4, ["3", "a\ncow"], ""),
        (6, None, "3 columns, expected 2"),
    ]


def test_other_delimiters() -> None:
    assert list(read_rows([(1, "a\t'b'")], 2, "\t")) == [(1, ["a", "'b'"], "")]
