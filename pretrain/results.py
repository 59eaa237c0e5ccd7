"""The tables of a page of results, written from the records of runs: `usg pretrain results`.

A page is prose, with tables between two marks:

    <!-- table: masked world_hour -->
    ...
    <!-- end -->

`masked` is a kind of table (`usg.pretrain.result_tables.TABLES`), `world_hour` the name of its records: the files
world_hour.json, world_hour-0.json, world_hour-1.json, ... in the folder beside the page that is called as the page is.
What stands between the marks is written anew, all else stays. A record is what a command wrote as JSON.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from usg.files import atomic_path
from usg.names import unknown_name
from usg.pretrain.result_tables import TABLES, Record

__all__ = ["main", "with_tables"]

_PAGE = Path("docs/results/pretraining.md")
_MARK = re.compile(r"^<!-- table: *(\S+) +(\S+) *-->$", re.MULTILINE)
_END = "<!-- end -->"


def with_tables(page: str, records: Path) -> str:
    """A page with its tables written anew.

    Args:
        page: Markdown with marks.
        records: the folder of the records.

    Raises:
        LookupError: there is no such kind of table.
        FileNotFoundError: a table has no record.
        ValueError: a table does not end before the next, or its records do not fit together.
    """
    parts, done = [], 0
    for mark in _MARK.finditer(page):
        kind, name = mark.groups()
        end = page.find(_END, mark.end())
        if end < 0 or _MARK.search(page, mark.end(), end):
            raise ValueError(f"the table {kind} {name} has no end; write {_END} below it")
        parts += [page[done : mark.end()], f"\n\n{_table(kind, name, records)}\n\n"]
        done = end
    return "".join([*parts, page[done:]])


def _table(kind: str, name: str, folder: Path) -> str:
    if kind not in TABLES:
        raise LookupError(unknown_name("kind of table", kind, TABLES))
    files = [file for file in (folder / f"{name}.json", *sorted(folder.glob(f"{name}-*.json"))) if file.is_file()]
    if not files:
        raise FileNotFoundError(f"the table {kind} {name} has no record {folder}/{name}.json nor {name}-*.json")
    found: list[Record] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    try:
        return TABLES[kind](found)
    except KeyError as error:
        raise ValueError(f"{files[0]} is no record of a table `{kind}`: it has no {error}") from None


def main(argv: Sequence[str]) -> int:
    """Runs `usg pretrain results`."""
    parser = argparse.ArgumentParser(prog="usg pretrain results", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("page", type=Path, nargs="?", default=_PAGE, help=f"Markdown with marks (default: {_PAGE})")
    page = parser.parse_args(argv).page
    if not page.is_file():
        raise FileNotFoundError(f"there is no page {page}; run this in the checkout, or name one")
    before = page.read_text(encoding="utf-8")
    after = with_tables(before, page.with_suffix(""))
    if after != before:
        with atomic_path(page) as temporary:
            temporary.write_text(after, encoding="utf-8")
    print(f"{page}: {'written anew' if after != before else 'as the records have it'}")
    return 0
