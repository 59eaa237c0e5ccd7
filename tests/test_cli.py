"""The front: which command runs, what a failure looks like, and its exit status."""

import errno
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint

import pytest

from usg import __version__, cli


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[str]], int]], None]:
    """Makes `usg try` run a function."""

    def install(function: Callable[[list[str]], int]) -> None:
        class Try(EntryPoint):
            def load(self) -> Callable[[list[str]], int]:
                return function

        monkeypatch.setattr(cli, "entry_points", lambda group: [Try("try", "usg.names:unknown_name", group)])

    return install


def fails(error: BaseException) -> Callable[[Sequence[str]], int]:
    def run(argv: Sequence[str]) -> int:
        raise error

    return run


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"usg {__version__}\n"


def test_command_gets_the_words_after_it_and_gives_the_status(command) -> None:
    seen = []

    def run(argv: list[str]) -> int:
        seen.append(argv)
        return 1

    command(run)
    assert cli.main(["try", "a", "--debug", "--b=1"]) == 1
    assert seen == [["a", "--b=1"]]


def test_help_lists_commands_and_their_summaries(command, capsys: pytest.CaptureFixture[str]) -> None:
    command(lambda argv: 0)
    assert cli.main(["--help"]) == 0
    assert "  try  Returns the one-line message for a name that is not among the known ones." in capsys.readouterr().out


def test_no_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("usage: usg COMMAND")


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chek"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("usg: error: unknown command of usg 'chek'; did you mean 'check'? Known: ask, ")
    assert error.count("\n") == 1


def test_kinds_of_bench_are_dispatched_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "bach"]) == 2
    assert "unknown kind of usg bench 'bach'; did you mean 'batch'?" in capsys.readouterr().err
    assert cli.main(["bench", "--help"]) == 0
    assert "usage: usg bench KIND" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ValueError("the box is inverted; swap x0 and x1"), 2, "the box is inverted; swap x0 and x1"),
        (LookupError("no graph 7 in the corpus"), 2, "no graph 7 in the corpus"),
        (
            ValueError("line 3:\n    CSV parse error:\n\n Expected 2 columns"),
            2,
            "line 3: CSV parse error: Expected 2 columns",
        ),
        (OSError("Tried reading 8 bytes\nbut got 4"), 1, "Tried reading 8 bytes but got 4"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.jsonl"),
            2,
            "a.jsonl: No such file or directory",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/0.parquet"),
            1,
            "out/0.parquet: No space left on device; free some space and run again",
        ),
        *(
            (error, 1, f"{type(error).__name__}: {error} (run again with --debug for the traceback)")
            for error in (
                KeyError("dog"),
                KeyError("a dog"),
                IndexError("list index out of range"),
                TypeError("'int' object is not iterable"),
                ValueError("dog"),
                ModuleNotFoundError("No module named 'usg.grap'", name="usg.grap"),
            )
        ),
        (
            RuntimeError("sizes differ\nat length"),
            1,
            "RuntimeError: sizes differ (run again with --debug for the traceback)",
        ),
        (AssertionError(), 1, "AssertionError: no message (run again with --debug for the traceback)"),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            2,
            "this needs the package 'torch', which is not installed: pip install 'universal-scene-graph[train]'",
        ),
        (
            ModuleNotFoundError("No module named 'PIL'", name="PIL"),
            2,
            "this needs the package 'PIL', which is not installed: pip install 'universal-scene-graph[image]'",
        ),
        (
            ModuleNotFoundError("No module named 'torch_geometric'", name="torch_geometric.data"),
            2,
            "this needs the package 'torch_geometric.data', which is not installed: "
            "pip install 'universal-scene-graph[train]'",
        ),
    ],
)
def test_errors_are_one_line(command, capsys: pytest.CaptureFixture[str], error, status: int, line: str) -> None:
    command(fails(error))
    assert cli.main(["try"]) == status
    output = capsys.readouterr()
    assert output.err == f"usg: error: {line}\n"
    assert output.out == ""


def test_debug_lets_the_error_through(command) -> None:
    command(fails(ValueError("as raised")))
    with pytest.raises(ValueError, match="as raised"):
        cli.main(["try", "--debug"])


def test_interrupt_says_how_to_go_on_where_the_command_knows(command, capsys: pytest.CaptureFixture[str]) -> None:
    command(fails(KeyboardInterrupt()))
    assert cli.main(["try"]) == 130
    assert capsys.readouterr().err == "usg: interrupted; nothing already written is lost\n"
    command(fails(KeyboardInterrupt("the same words with --resume go on where it was")))
    assert cli.main(["try"]) == 130
    assert capsys.readouterr().err == "usg: interrupted; the same words with --resume go on where it was\n"


def test_exit_of_an_argument_parser_passes(command) -> None:
    command(fails(SystemExit(2)))
    with pytest.raises(SystemExit, match="2"):
        cli.main(["try"])
