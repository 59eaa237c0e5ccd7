"""`usg parse video`: what goes in, what comes out, what goes wrong, and going on after a kill."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from video_clips import square, write

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.parsers.video.cli import main, parse_video


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two films, a text file that says it is one, and one that is cut short."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.mp4", square(10))
    write(folder / "c.mkv", square(10))
    (folder / "b.mp4").write_text("and this is not")
    whole = write(folder / "d.mp4", square(60, width=300), options={"g": "1", "crf": "0"}, movflags="faststart")
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 2 // 3])
    return folder


def run(*words: object) -> int:
    return main([*map(str, words), "--detector", "setok", "--events", "none"])


def told(capsys: pytest.CaptureFixture[str], folder: Path) -> list[str]:
    """Standard error, without the folder and what the command took."""
    lines = re.sub(r"; \d+\.\d CPU s, [\d,]+ MiB at most", "", capsys.readouterr().err).replace(f"{folder}/", "")
    return [line for line in lines.splitlines() if not line.startswith("parsing")]


def test_a_folder_with_bad_films(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(films, "-o", tmp_path / "out.jsonl", "--relations", "geometry") == 1
    graphs = list(read_graphs(tmp_path / "out.jsonl"))
    assert [Path(str(graph.sources[0].uri)).name for graph in graphs] == ["a.mp4", "b.mp4", "c.mkv", "d.mp4"]
    assert [bool(graph.objects) for graph in graphs] == [True, False, True, True]
    reason = "no video that FFmpeg reads: Invalid data found when processing input"
    assert graphs[1].metadata["failed"] == reason and graphs[1].metadata["settings"]["threshold"] == 0.5
    missing = graphs[3].metadata["incomplete"]
    assert "of 60 frames are there" in missing
    assert told(capsys, tmp_path) == [
        f"in/b.mp4: {reason}",
        f"in/d.mp4: incomplete: {missing}",
        "4 graphs to out.jsonl",
        "usg: 2 bad films",
    ]


def test_a_corpus_and_going_on(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    assert run(films / "a.mp4", "-o", out, "--fps", 4, "--no-masks") == 0
    assert run(films / "a.mp4", films / "c.mkv", "-o", out, "--fps", 4, "--no-masks", "--resume") == 0
    corpus = Corpus(out)
    assert [Path(str(graph.sources[0].uri)).name for graph in corpus] == ["a.mp4", "c.mkv"]
    assert corpus.manifest["provenance"]["made_by"] == "usg parse video"
    assert corpus[0].metadata["frames"] == 5 and all(len(each.groundings) == 1 for each in corpus[0].objects)
    with pytest.raises(ValueError, match="cannot be gone on with"):
        run(films / "c.mkv", films / "a.mp4", "-o", out, "--resume")
    with pytest.raises(ValueError, match="was made by"):
        run(films / "a.mp4", films / "c.mkv", "-o", out, "--resume", "--tracker", "nearest")


def test_graphs_find_their_films_from_another_folder(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graphs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("in/a.mp4", "-o", "graphs/out.jsonl", "--count", 2) == 0
    monkeypatch.chdir(films)
    assert run("a.mp4", "c.mkv", "-o", "../graphs/out.jsonl", "--count", 2, "--resume") == 0
    uris = [graph.sources[0].uri for graph in read_graphs(tmp_path / "graphs" / "out.jsonl")]
    assert uris == ["../in/a.mp4", "../in/c.mkv"]


@pytest.mark.parametrize("name", ["out.jsonl", "corpus"])
def test_going_on_with_other_settings_is_refused(films: Path, tmp_path: Path, name: str) -> None:
    words = ["-o", tmp_path / name, "--resume", "--count", 4]
    assert run(films / "a.mp4", *words) == 0
    both = [films / "a.mp4", films / "b.mp4"]  # of which the second fails
    for other, reason in [
        (["--threshold", 0.4], "threshold 0.5, not 0.4"),
        (["--no-masks"], "masks True, not False"),
        (["--count", 5, "--shots"], "count 4, not 5; shots False, not True"),
        (["--rate", 4], "rate 8.0, not 4.0"),
    ]:
        with pytest.raises(ValueError, match=re.escape(f"{name} was made with other settings ({reason}); give those")):
            run(*both, *words, *other)
    assert run(*both, *words) == 1
    with pytest.raises(ValueError, match=r"other settings \(masks True, not False\)"):
        run(*both, films / "c.mkv", *words, "--no-masks")
    assert run(*both, films / "c.mkv", *words) == 1


def test_wrong_use(films: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "o.jsonl")
    with pytest.raises(LookupError, match="unknown tracker"):
        parse_video([str(films)], out, detector="setok", events="none", tracker="best")
    with pytest.raises(FileNotFoundError, match=r"no event network nothing\.safetensors"):
        parse_video([str(films)], out, detector="setok", events="nothing.safetensors")
    with pytest.raises(ValueError, match="give one of them"):
        parse_video([str(films)], out, detector="setok", fps=1, count=2)
    with pytest.raises(ValueError, match=r"b\.mp4: no video that FFmpeg reads"):
        parse_video([str(films / "b.mp4")], out, detector="setok", events="none")


def test_the_command_is_there(films: Path) -> None:
    words = [
        "parse",
        "video",
        str(films / "a.mp4"),
        "-o",
        "-",
        "--detector",
        "setok",
        "--events",
        "rules",
        "--count",
        "4",
    ]
    code = f"from usg.cli import main; raise SystemExit(main({words!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metadata"]["frames"] == 4
