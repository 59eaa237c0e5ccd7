"""Progress of a long loop: a bar on a terminal, plain lines elsewhere.

Both go to standard error, so that standard output stays clean for results. Away from a terminal (a log file, CI) a line
is printed every ten seconds and one at the end, none for loops that end sooner.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from datetime import timedelta
from typing import TextIO, TypeVar

T = TypeVar("T")

_BAR_WIDTH = 24
_SECONDS_PER_FRAME = 0.1  # of the bar on a terminal


def progress(
    iterable: Iterable[T],
    total: int | None = None,
    label: str = "",
    *,
    stream: TextIO | None = None,
    seconds_per_line: float = 10.0,
) -> Iterator[T]:
    """Yields the items of `iterable` and reports how far it has come.

    Args:
        iterable: the items.
        total: how many there will be; when absent, `len(iterable)` is used where it exists.
        label: what is being done, printed first.
        stream: where to report; standard error by default.
        seconds_per_line: seconds between two lines away from a terminal.

    Yields:
        The items, in order.

    Example:
        >>> sum(progress([1, 2, 3], label="adding"))
        6
    """
    stream = sys.stderr if stream is None else stream
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    terminal = stream.isatty()
    interval = _SECONDS_PER_FRAME if terminal else seconds_per_line
    start = last = time.monotonic()
    done = 0
    try:
        for item in iterable:
            yield item
            done += 1
            now = time.monotonic()
            if now - last >= interval:
                last = now
                _report(stream, terminal, label, done, total, now - start)
    finally:
        elapsed = time.monotonic() - start
        if terminal:
            _report(stream, terminal, label, done, total, elapsed)
            stream.write("\n")
        elif elapsed >= interval:
            _report(stream, terminal, label, done, total, elapsed)


def say(line: str, *, stream: TextIO | None = None) -> None:
    """Prints a line while a bar may be drawn; the bar moves below it.

    Args:
        line: what to say.
        stream: where the bar is; standard error by default.
    """
    stream = sys.stderr if stream is None else stream
    stream.write(f"\r\x1b[K{line}\n" if stream.isatty() else f"{line}\n")
    stream.flush()


def _report(stream: TextIO, terminal: bool, label: str, done: int, total: int | None, elapsed: float) -> None:
    text = _line(label, done, total, elapsed, bar=terminal)
    stream.write(f"\r\x1b[K{text}" if terminal else f"{text}\n")
    stream.flush()


def _line(label: str, done: int, total: int | None, elapsed: float, *, bar: bool) -> str:
    parts = [f"{label}:"] if label else []
    rate = done / elapsed if elapsed > 0 else 0.0
    if total:
        if bar:
            filled = min(_BAR_WIDTH, _BAR_WIDTH * done // total)
            parts.append(f"[{'#' * filled}{' ' * (_BAR_WIDTH - filled)}]")
        parts.append(f"{done:,}/{total:,} ({100 * done // total} %)")
    else:
        parts.append(f"{done:,}")
    parts.append(f"{rate:,.1f}/s")
    if total and rate and done < total:
        parts.append(f"{timedelta(seconds=round((total - done) / rate))} left")
    return " ".join(parts)
