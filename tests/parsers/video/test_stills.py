"""Animated pictures and folders of pictures as films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from video_clips import square

from usg.parsers.video.frames import VideoError, open_film
from usg.parsers.video.stills import frame_files

PICTURES = [Image.fromarray(image) for image in square(5)]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animations_have_the_times_that_the_file_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    PICTURES[0].save(path, save_all=True, append_images=PICTURES[1:], duration=[100, 200, 100, 300, 100], loop=0)
    film = open_film(path)
    frames = list(film)
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.1, 0.3, 0.4, 0.7])
    assert film.duration == pytest.approx(0.8) and (film.width, film.height) == (64, 48)
    assert [frame.number for frame in frames] == list(range(5))
    film.close()


def test_a_picture_that_is_to_be_turned_is_a_film_of_the_upright_size(tmp_path: Path) -> None:
    turned = PICTURES[0].getexif()
    turned[0x0112] = 6
    PICTURES[0].save(tmp_path / "a.png", exif=turned)
    film = open_film(tmp_path / "a.png")
    assert (film.width, film.height) == (48, 64) == next(iter(film)).image.size
    film.close()


def test_an_animation_that_is_cut_short(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3)).astype(np.uint8)
    first, *rest = map(Image.fromarray, noise)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest)
    content = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(content[: len(content) // 2])
    film = open_film(tmp_path / "a.gif")
    assert 1 <= len(list(film)) < 6 and film.broken and film.broken.startswith("frame ")
    film.close()


def test_a_folder_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for i, picture in enumerate(PICTURES):
        picture.save(tmp_path / f"{8 + i}.png")
    (tmp_path / "notes.txt").write_text("not a frame")
    assert [file.name for file in frame_files(tmp_path)] == ["8.png", "9.png", "10.png", "11.png", "12.png"]
    film = open_film(tmp_path, rate=4)
    frames = list(film)
    assert [frame.seconds for frame in frames] == [0, 0.25, 0.5, 0.75, 1.0] and film.duration == 1.25
    assert all((np.asarray(frame.image) == np.asarray(one)).all() for frame, one in zip(frames, PICTURES, strict=True))


def test_bad_frames_of_a_folder(tmp_path: Path) -> None:
    for i, picture in enumerate(PICTURES):
        picture.save(tmp_path / f"{i}.png")
    (tmp_path / "2.png").write_text("no picture")
    PICTURES[0].resize((32, 24)).save(tmp_path / "3.png")
    film = open_film(tmp_path)
    frames = list(film)
    assert [frame.number for frame in frames] == [0, 1, 3, 4] and {frame.image.size for frame in frames} == {(64, 48)}
    assert film.broken == (
        "1 of 5 frames cannot be read, the first: 2.png: no picture that Pillow reads; it begins with b'no picture'"
    )
    for file in tmp_path.iterdir():
        file.write_text("no picture")
    with pytest.raises(VideoError, match=r"none of its 5 pictures can be read; 0\.png: no picture"):
        open_film(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="a folder without pictures"):
        open_film(tmp_path / "empty")


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a and then words")
    with pytest.raises(VideoError, match=r"a\.gif: "):
        open_film(tmp_path / "a.gif")
