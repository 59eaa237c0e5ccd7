"""Converts scene graphs between formats: JSONL, FACTUAL CSV, DiscoSG JSON, corpus folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from usg.formats.conversion import convert
from usg.formats.names import FORMATS
from usg.formats.problems import Problems
from usg.numerals import counted


def main(argv: Sequence[str]) -> int:
    """Run `usg convert`; 0 when all was converted, 1 when some items were bad and left out (each is named)."""
    parser = argparse.ArgumentParser(prog="usg convert", description=__doc__)
    parser.add_argument("input", metavar="IN", help="a file, a corpus folder, or - for JSONL on standard input")
    parser.add_argument(
        "output", metavar="OUT", help="a file, a folder for a corpus, or - for JSONL on standard output"
    )
    names = ", ".join(sorted(FORMATS))
    parser.add_argument(
        "--from", dest="source_format", metavar="F", help=f"one of {names}; guessed from IN if not given"
    )
    parser.add_argument(
        "--to", dest="target_format", metavar="F", help=f"one of {names}; guessed from OUT if not given"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    arguments = parser.parse_args(argv)
    problems = Problems()
    written = convert(**vars(arguments), problems=problems)
    where = "standard output" if arguments.output == "-" else arguments.output
    print(f"{counted(written, 'graph')} to {where}", file=sys.stderr)
    if problems.count:
        print(problems, file=sys.stderr)
        print(f"usg: left out {counted(problems.count, 'bad item')}", file=sys.stderr)
    return 1 if problems.count else 0
