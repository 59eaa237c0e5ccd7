"""Which films a command line means."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from usg.parsers.video.inputs import find_videos


def test_files_folders_globs_and_folders_of_pictures(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mkv", "deep/c.gif", "deep/.hidden.mp4", "deep/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"film")
    for folder in ("films/one", "films/two"):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", (4, 4)).save(tmp_path / folder / f"{i}.png")
    (tmp_path / "poster.png").write_bytes(b"beside videos a picture is no frame")

    def names(*inputs: str) -> list[str]:
        return [name.removeprefix(f"{tmp_path}/") for name in find_videos([f"{tmp_path}/{each}" for each in inputs])]

    assert names("") == ["a.mkv", "b.mp4", "deep/c.gif", "films/one", "films/two"]
    assert names("films") == names("films/*") == ["films/one", "films/two"]
    assert names("films/two", "b.mp4", "deep/notes.txt") == ["films/two", "b.mp4", "deep/notes.txt"]
    assert names("*.m*") == ["a.mkv", "b.mp4"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder has no films"):
        find_videos([str(tmp_path)])
    with pytest.raises(FileNotFoundError, match="no such file, folder or glob of films"):
        find_videos([str(tmp_path / "*.mp4")])
    for inputs in ([], ["-"]):
        with pytest.raises(ValueError, match="films are not read from standard input"):
            find_videos(inputs)
