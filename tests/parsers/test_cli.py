"""`usg parse` and `usg train-parser`: kinds are entry points, unknown ones are answered with the nearest."""

from importlib.metadata import EntryPoint

import pytest

import usg.cli
from usg.parsers.cli import parse, train_parser

KINDS = {
    "usg.parse": [EntryPoint("text", "usg.parsers.text.cli:main", "usg.parse")],
    "usg.train_parser": [EntryPoint("syntax", "usg.parsers.text.syntax.train:main", "usg.train_parser")],
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usg.cli, "entry_points", lambda group: KINDS[group])


def test_help_lists_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_parser(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: usg train-parser KIND ... [--debug]"
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["syntax"]


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(LookupError, match="unknown kind of usg parse 'txt'; did you mean 'text'"):
        parse(["txt"])


def test_words_go_to_the_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train_parser(["syntax", "--help"])
    assert stopped.value.code == 0
    assert "usage: usg train-parser syntax" in capsys.readouterr().out
