"""Video files of every kind: what is read of them, and what is said where nothing can be."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from video_clips import SIDE, Red, square, turned, write

from usg.parsers.video.frames import VideoError, open_film

WHOLE = square(12)


def place(image: object) -> list[int]:
    """Where the red square is."""
    return [round(value) for value in Red().detect([image], 0.5)[0].boxes[0].tolist()]


def read(path: Path) -> tuple[list[float], list[object], str | None]:
    film = open_film(path)
    frames = [(frame.seconds, frame.image) for frame in film]
    film.close()
    return [seconds for seconds, _ in frames], [image for _, image in frames], film.broken


def test_frames_times_and_size(tmp_path: Path) -> None:
    film = open_film(write(tmp_path / "a.mp4", WHOLE))
    assert (film.width, film.height, film.fps, film.duration) == (64, 48, 8.0, 1.5)
    frames = [(frame.number, frame.seconds, place(frame.image)) for frame in film]
    assert [number for number, _, _ in frames] == list(range(12))
    assert [seconds for _, seconds, _ in frames] == [i / 8 for i in range(12)]
    for number, _, box in frames:
        assert np.abs(np.array(box) - [4 + 3 * number, 16, 4 + 3 * number + SIDE, 16 + SIDE]).max() <= 1
    assert film.broken is None


def test_a_variable_rate_has_the_times_of_its_stamps(tmp_path: Path) -> None:
    stamps = [0, 100, 150, 400, 1000, 1010]
    seconds, images, _ = read(write(tmp_path / "a.mkv", WHOLE[:6], stamps=stamps))
    assert seconds == pytest.approx([stamp / 1000 for stamp in stamps], abs=2e-3) and len(images) == 6


@pytest.mark.parametrize(("clockwise", "corner"), [(90, (20, 4)), (180, (48, 20)), (270, (16, 48))])
def test_a_rotation_is_undone(tmp_path: Path, clockwise: int, corner: tuple[int, int]) -> None:
    film = open_film(turned(write(tmp_path / "a.mp4", WHOLE), clockwise))
    assert (film.width, film.height) == ((64, 48) if clockwise == 180 else (48, 64))
    first = next(iter(film))
    assert first.image.size == (film.width, film.height) and first.load((18, 32)).size in {(18, 32), (32, 18)}
    assert np.abs(np.array(place(first.image)[:2]) - corner).max() <= 1


def test_interlaced_frames_are_woven(tmp_path: Path) -> None:
    """The two fields of a frame show two moments: without weaving its edges are combs, whose rows differ."""
    even = square(24)
    woven = even[::2].copy()
    woven[:, 1::2] = even[1::2, 1::2]
    path = write(tmp_path / "a.mp4", woven, options={"x264-params": "tff=1", "flags": "+ildct+ilme"})
    with av.open(str(path)) as container:
        pictures = [(frame.interlaced_frame, frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
    assert all(interlaced for interlaced, _ in pictures)
    _, images, broken = read(path)
    assert len(images) == 12 and broken is None

    def combed(grey: np.ndarray) -> float:
        inside = grey[18:26].astype(float)
        return float(np.abs(inside[:-1] - inside[1:]).mean())

    raw = np.mean([combed(grey) for _, grey in pictures[1:-1]])
    assert np.mean([combed(np.asarray(image.convert("L"))) for image in images[1:-1]]) < 0.5 * raw


def test_a_change_of_size_keeps_the_first(tmp_path: Path) -> None:
    small = write(tmp_path / "a.ts", WHOLE[:4], codec="mpeg2video")
    large = write(tmp_path / "b.ts", square(4, width=128, height=96), codec="mpeg2video")
    both = tmp_path / "c.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    _, images, _ = read(both)
    assert len(images) > 4 and {image.size for image in images} == {(64, 48)}  # type: ignore[attr-defined]


def test_an_interlaced_film_that_changes_its_size(tmp_path: Path) -> None:
    options = {"x264-params": "tff=1", "flags": "+ildct+ilme"}
    large = write(tmp_path / "a.ts", square(8, width=128, height=96), options=options)
    small = write(tmp_path / "b.ts", square(8), options=options)
    (tmp_path / "c.ts").write_bytes(large.read_bytes() + small.read_bytes())
    _, images, broken = read(tmp_path / "c.ts")
    assert len(images) == 16 and broken is None
    for i, image in enumerate(images[8:]):  # twice as large as they were
        box = [8 + 6 * i, 32, 8 + 6 * i + 2 * SIDE, 32 + 2 * SIDE]
        assert image.size == (128, 96) and np.abs(np.array(place(image)) - box).max() <= 3  # type: ignore[attr-defined]


def test_cut_short(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 48, 64, 3)).astype(np.uint8)
    whole = write(tmp_path / "a.mp4", noise, options={"g": "1"}, movflags="faststart").read_bytes()
    part = tmp_path / "b.mp4"
    part.write_bytes(whole[: len(whole) // 2])
    seconds, _, broken = read(part)
    assert 5 < len(seconds) < 38 and broken is not None and f"{len(seconds)} of 40 frames are there" in broken
    late = write(tmp_path / "c.mp4", noise).read_bytes()
    part.write_bytes(late[: late.index(b"moov") - 4])  # the index stands at the end
    with pytest.raises(VideoError, match=r"b\.mp4: no video that FFmpeg reads: Invalid data"):
        open_film(part)


def test_a_matroska_file_that_is_cut_short_has_no_count_of_frames(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 48, 64, 3)).astype(np.uint8)
    path = write(tmp_path / "a.mkv", noise, options={"g": "1"})
    assert read(path)[2] is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seconds, _, broken = read(path)
    assert 5 < len(seconds) < 38 and broken == f"{len(seconds) / 8:.2f} of 5.00 seconds are there"


def test_broken_packets_are_passed_over(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 48, 64, 3)).astype(np.uint8)
    path = write(tmp_path / "a.mp4", noise)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4000
    content[start : start + 3000] = bytes(3000)
    path.write_bytes(content)
    seconds, _, broken = read(path)
    assert 5 <= len(seconds) < 40 and broken is not None and "packets that cannot be decoded" in broken


def test_what_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is a film")
    (tmp_path / "empty.mp4").write_bytes(b"")
    write(tmp_path / "sound.mp4", WHOLE[:0], sound=True)
    other = write(tmp_path / "codec.mp4", WHOLE)
    other.write_bytes(other.read_bytes().replace(b"avc1", b"zzzz"))
    said = {
        "text": "no video that FFmpeg reads: Invalid data found when processing input",
        "empty": "an empty file",
        "sound": "no moving pictures in it; it holds audio",
        "codec": "this FFmpeg has no decoder for its pictures; convert it to H.264",
        "nothing": "No such file or directory",
    }
    for name, reason in said.items():
        with pytest.raises(VideoError) as raised:
            open_film(tmp_path / f"{name}.mp4")
        assert str(raised.value) == f"{tmp_path / name}.mp4: {reason}"


def test_a_stream_without_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write(path, WHOLE)
    content = path.read_bytes()
    # The table of the sizes of samples says there are none.
    table = content.index(b"stsz")
    path.write_bytes(content[: table + 12] + bytes(4) + content[table + 16 :])
    with pytest.raises(VideoError, match=r"a\.mp4: "):
        open_film(path)


def test_a_film_is_read_again_from_the_first_frame(tmp_path: Path) -> None:
    film = open_film(write(tmp_path / "a.ts", WHOLE, codec="mpeg2video"))
    next(iter(film))
    assert [[(frame.number, place(frame.image)) for frame in film] for _ in range(2)] == [
        [(number, place(image)) for number, image in enumerate(read(tmp_path / "a.ts")[1])]
    ] * 2
    film.close()
