"""Progress passes items through and reports on its stream only."""

import io

import pytest

from usg.progress import progress, say


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_gets_a_bar_that_ends_full() -> None:
    stream = Terminal()
    assert list(progress(range(4), label="packing", stream=stream)) == [0, 1, 2, 3]
    last = stream.getvalue().split("\r\x1b[K")[-1]
    assert last.startswith("packing: [########################] 4/4 (100 %)")
    assert last.endswith("/s\n")


def test_elsewhere_lines_without_control_characters() -> None:
    stream = io.StringIO()
    list(progress(iter("ab"), total=2, label="reading", stream=stream, seconds_per_line=0.0))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("reading: 1/2 (50 %)")
    assert lines[-1].startswith("reading: 2/2 (100 %)")
    assert "\r" not in stream.getvalue()


def test_short_loops_print_nothing_elsewhere() -> None:
    stream = io.StringIO()
    list(progress([1, 2], stream=stream))
    assert stream.getvalue() == ""


def test_unknown_total_counts() -> None:
    stream = io.StringIO()
    list(progress(iter("abc"), stream=stream, seconds_per_line=0.0))
    assert stream.getvalue().splitlines()[-1].startswith("3 ")


def test_an_error_passes_through() -> None:
    stream = Terminal()
    with pytest.raises(ZeroDivisionError):
        list(progress((1 // n for n in (1, 0)), total=2, stream=stream))
    assert stream.getvalue().endswith("\n")


def test_what_is_said_stands_above_the_bar() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        for item in progress(range(3), label="parsing", stream=stream):
            if item == 1:
                say("line 2 is bad", stream=stream)
    assert "\r\x1b[Kline 2 is bad\n" in terminal.getvalue()
    assert terminal.getvalue().split("\r\x1b[K")[-1].startswith("parsing: [####")
    assert file.getvalue() == "line 2 is bad\n"
