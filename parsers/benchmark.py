"""What the benches of parsers share: CPU seconds on one thread, rounds of several systems in turn, rows, the table.

Rounds are interleaved, so that whatever else the machine does falls on all alike; a figure is the median over rounds.
`ratio` is a system's time over that of the first system of its case, which is ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from usg.files import atomic_path
from usg.memory import peak_mib
from usg.provenance import command, commit

T = TypeVar("T")
Cases = Mapping[str, Mapping[str, Callable[[], float]]]
"""Case -> system -> what runs it once and gives seconds."""


def options_of(medium: str, description: str | None, what: str, n: int, batch_size: int) -> argparse.ArgumentParser:
    """A parser of the options that every bench of a parser has, of n items in the plural; the medium adds its own."""
    parser = argparse.ArgumentParser(prog=f"usg bench {medium}", description=(description or "").partition("\n")[0])
    parser.add_argument("-n", type=int, default=n, metavar="N", help=f"{what} (default: {n})")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median is taken (default: 5)")
    parser.add_argument(
        "--batch-size", type=int, default=batch_size, metavar="N", help=f"{what} in a batch (default: {batch_size})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    return parser


def positive(prog: str, counts: Mapping[str, int]) -> None:
    """Raises ValueError unless numbers of things, by the option that sets them, are positive."""
    for name, number in counts.items():
        if number < 1:
            raise ValueError(f"{prog}: {name} {number}; expected a whole number >= 1")


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds that a call takes of this process, all threads together."""
    start = time.process_time()
    call()
    return time.process_time() - start


def medians(cases: Cases, rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of each system of each case, in turn, on one thread of torch, after one round to warm up."""
    import torch

    taken: dict[str, dict[str, list[float]]] = {case: {name: [] for name in systems} for case, systems in cases.items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for round_ in range(rounds + 1):
            for case, systems in cases.items():
                for name, call in systems.items():
                    seconds = call()
                    if round_:
                        taken[case][name].append(seconds)
    finally:
        torch.set_num_threads(threads)
    return {case: {name: statistics.median(each) for name, each in found.items()} for case, found in taken.items()}


def timed_rows(cases: Cases, rounds: int, count: int, what: str) -> list[dict[str, Any]]:
    """The rows of cases that are timed in turn, see `medians`; each reads so many of what."""
    taken = medians(cases, rounds)
    return [row for case, seconds in taken.items() for row in rows_of(f"{count} {what}, {case}", seconds, count)]


def rows_of(
    case: str, seconds: Mapping[str, float], count: int | None, peaks: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """The rows of a case, one a system.

    Args:
        case: in words.
        seconds: system -> seconds; the first is ours.
        count: items that the seconds are for; None where a rate says nothing.
        peaks: system -> MiB, where memory was measured.

    >>> rows_of("detect", {"usg": 2.0, "peer": 3.0}, 10)[1]["ratio"]
    1.5
    """
    ours = max(next(iter(seconds.values())), 1e-9)
    return [
        {
            "case": case,
            "system": name,
            "seconds": taken,
            "per_second": None if count is None else count / max(taken, 1e-9),
            "ratio": taken / ours,
            "peak_mib": None if peaks is None else peaks[name],
        }
        for name, taken in seconds.items()
    ]


def in_fresh_process(run: Callable[..., T], *arguments: object) -> T:
    """What a function gives in a process of its own, so that its memory and loading are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, *arguments).result()


def peak_after(call: Callable[[], object]) -> float:
    """The most MiB that this process had resident until a call is over, torch on one thread."""
    import torch

    torch.set_num_threads(1)
    call()
    return peak_mib()


def report(rows: Sequence[Mapping[str, Any]], what: str, prog: str, argv: Sequence[str], path: Path | None) -> None:
    """Prints the rows as a table, and writes them as JSON where a path is given.

    Args:
        rows: as of `rows_of`.
        what: is counted, in the plural.
        prog: the command.
        argv: the words after it.
        path: of the JSON.
    """
    wide = max([len(row["case"]) for row in rows] + [len("case")]) + 1
    name = max([len(row["system"]) for row in rows] + [len("system")]) + 1
    print(f"{'case':{wide}} {'system':{name}} {'CPU s':>9} {what + '/s':>11} {'ratio':>7} {'peak MiB':>9}")
    for row in rows:
        rate, ratio, peak = (
            "-" if value is None else f"{value:.{digits}f}"
            for value, digits in ((row["per_second"], 0), (row["ratio"], 2), (row["peak_mib"], 0))
        )
        print(f"{row['case']:{wide}} {row['system']:{name}} {row['seconds']:9.3f} {rate:>11} {ratio:>7} {peak:>9}")
    if path is not None:
        result = {"command": command(prog, argv), "commit": commit(), "rows": list(rows)}
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n")
