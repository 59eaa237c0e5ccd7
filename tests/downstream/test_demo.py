import json
import re
from dataclasses import replace

import pytest

from usg.cli import main
from usg.downstream.demo import QUICK, DemoSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A demo whose figures mean nothing."""
    out = tmp_path_factory.mktemp("demo") / "demo"
    assert main(["demo", "--quick", "-o", str(out), "--debug"]) == 0
    return out


def test_report_is_whole_and_needs_nothing_beside_it(folder):
    page = (folder / "report.html").read_text()
    assert page.endswith("</html>\n")
    assert not re.search(r"<(script|link|img|iframe)\b|src=|@import|url\((?!#)", page)
    for words in (
        "A hidden object",
        "Masked prediction",
        "Questions from 60 labels",
        "naive Bayes",
        "usg pretrain fit",
    ):
        assert words in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "pictures on one page must not share ids"


def test_goes_on_without_doing_anything_twice(folder, capsys):
    kept = ("masked.json", "questions.json", "pretrain/model/model.safetensors")
    before = {name: (folder / name).stat().st_mtime_ns for name in kept}
    assert main(["demo", "--quick", "-o", str(folder)]) == 0
    assert before == {name: (folder / name).stat().st_mtime_ns for name in kept}
    printed = capsys.readouterr().out
    assert "exact_ceiling" in printed
    assert "executor on the gold graph" in printed
    assert str(folder / "report.html") in printed


def test_other_settings_are_refused(folder, capsys):
    assert main(["demo", "-o", str(folder)]) == 2
    assert "demo of other settings; pass --overwrite" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("words")
    assert main(["demo", "--quick", "--overwrite", "-o", str(tmp_path)]) == 2
    assert "is not empty and holds no demo" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").read_text() == "words"


def test_executor_is_right_on_every_question(folder):
    """The ceiling of the table: programs on gold graphs give the gold answers."""
    figures = json.loads((folder / "questions.json").read_text())
    assert figures["accuracy"]["executor on the gold graph"] == {"60": [1.0]}


def test_minutes_scale_pretraining():
    assert DemoSettings().scaled(15.0) == DemoSettings()
    assert DemoSettings().scaled(25.0) == replace(DemoSettings(), steps=2 * DemoSettings().steps)
    with pytest.raises(ValueError, match="needs at least 7"):
        DemoSettings().scaled(6)
    assert QUICK.steps < 100
