"""The commands `usg parse` and `usg train-parser`.

Each kind of parser is an entry point, of the groups `usg.parse` and `usg.train_parser`: a function
main(argv: list[str]) -> int that returns the exit status.
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.cli import dispatch


def parse(argv: Sequence[str]) -> int:
    """Turns media into scene graphs, one kind of medium at a time."""
    return dispatch("usg.parse", "usg parse", argv)


def train_parser(argv: Sequence[str]) -> int:
    """Trains a parser on one's own data; how the shipped weights were made."""
    return dispatch("usg.train_parser", "usg train-parser", argv)
