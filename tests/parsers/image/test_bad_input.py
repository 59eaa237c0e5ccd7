"""`usg parse image` on a folder of odd and bad pictures: a sensible graph or one line for each, and all is written."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import odd_detector
import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.graph import Box, SceneGraph
from usg.parsers.image.cli import main
from usg.parsers.image.inputs import find_images
from usg.parsers.image.loading import ImageError, load_image

ODD = "odd_detector.OddDetector"


def run(*words: object) -> int:
    return main(list(map(str, words)))


def told(capsys: pytest.CaptureFixture[str], folder: Path) -> list[str]:
    """The lines of standard error, without the folder and what the command took."""
    text = capsys.readouterr().err.replace(f"{folder}/", "")
    return re.sub(r"; \d+\.\d CPU s, [\d,]+ MiB at most", "", text).splitlines()


def square(width: int = 60, height: int = 40) -> Image.Image:
    """A red square on white."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (5, 5, 25, 25))
    return image


def whole_png(side: int) -> bytes:
    """A white PNG with all its pixels, 1 bit each."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + b"\xff" * -(-side // 8)
    pack = zlib.compressobj(1)
    pixels = b"".join(pack.compress(row) for _ in range(side)) + pack.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One picture of every kind: the same square nine times, two others, and six that are no pictures."""
    folder = tmp_path / "in"
    folder.mkdir()
    image, other = square(), Image.new("RGB", (60, 40), "blue")
    image.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(folder / "sixteen.png")
    image.convert("P").save(folder / "palette.png")
    transparent = image.convert("RGBA")
    transparent.putalpha(Image.new("L", image.size, 200))
    transparent.save(folder / "alpha.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.rotate(90, expand=True).save(folder / "rotated.jpg", exif=exif, quality=95)
    image.save(folder / "animated.gif", save_all=True, append_images=[other])
    image.save(folder / "animated.webp", save_all=True, append_images=[other], lossless=True)
    image.convert("L").save(folder / "grey.jpg", quality=95)
    image.save(folder / "plain.tiff")
    Image.new("RGB", (1, 1), "red").save(folder / "pixel.png")
    Image.new("RGB", (30, 20), "white").save(folder / "white.png")
    noise = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(noise, "JPEG")
    (folder / "truncated.jpg").write_bytes(noise.getvalue()[: len(noise.getvalue()) // 2])
    (folder / "bomb.png").write_bytes(whole_png(20_000))
    (folder / "notes.png").write_text("these are notes")
    (folder / "empty.png").write_bytes(b"")
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    return folder


BAD = {
    "bomb.png": "more pixels than PIL.Image.MAX_IMAGE_PIXELS = 89,478,485; shrink it, or raise that limit",
    "empty.png": "an empty file",
    "gone.png": "No such file or directory",
    "loop.png": "Too many levels of symbolic links",
    "notes.png": "no picture that Pillow reads; it begins with b'these are notes'",
    "truncated.jpg": "image file is truncated",
}


@pytest.mark.parametrize("output", ["out.jsonl", "out"])
def test_every_picture_of_a_folder_has_a_graph_or_a_line(
    output: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "-o", tmp_path / output, "--detector", "setok", "--relations", "geometry") == 1
    lines = told(capsys, tmp_path)
    assert [line.partition(" (")[0] for line in lines[:6]] == [f"in/{name}: {reason}" for name, reason in BAD.items()]
    assert lines[6:] == [f"17 graphs to {output}", "usg: 6 bad pictures"]
    graphs = list(Corpus(tmp_path / output) if output == "out" else read_graphs(tmp_path / output))
    by_name = {Path(str(graph.sources[0].uri)).name: graph for graph in graphs}
    assert list(by_name) == sorted(path.name for path in folder.iterdir())
    for name, graph in by_name.items():
        assert str(graph.metadata.get("failed")).startswith(str(BAD.get(name)))
        if name in BAD:
            assert not graph.objects and graph.sources[0].width is None
        elif name in ("pixel.png", "white.png"):
            assert not graph.objects and graph.sources[0].width in (1, 30)
        else:
            assert _box_of_the_square(graph) == Box(5, 5, 25, 25), name


def _box_of_the_square(graph: SceneGraph) -> Any:
    """The box that is not the background's."""
    assert (graph.sources[0].width, graph.sources[0].height) == (60, 40)
    boxes = [obj.groundings[0].region for obj in graph.objects]
    assert boxes[0] == Box(0, 0, 60, 40) and len(boxes) == 2
    return boxes[1]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text on this system")
def test_names_that_are_no_text_or_have_line_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    square().save(os.fsencode(tmp_path) + b"/\xff.png")
    (tmp_path / "two\nlines.png").write_text("text")
    names = [tmp_path / os.fsdecode(b"\xff.png"), tmp_path / "two\nlines.png"]
    assert run(*names, "-o", tmp_path / "out", "--detector", "setok") == 1
    assert told(capsys, tmp_path)[0].startswith("two lines.png: no picture")
    corpus = Corpus(tmp_path / "out")
    assert [graph.sources[0].uri for graph in corpus] == [f"{tmp_path}/\ufffd.png", f"{tmp_path}/two\nlines.png"]
    assert [len(graph) for graph in corpus] == [2, 0]


def test_what_a_detector_does_to_one_picture_costs_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for width in range(10, 15):
        square(width).save(tmp_path / f"{width}.png")
    assert run(tmp_path, "-o", tmp_path / "out.jsonl", "--detector", ODD) == 1
    assert told(capsys, tmp_path) == [
        "11.png: odd 1: box 0 is [0.0, 0.0, nan, 4.0], not finite; the detector failed on this picture",
        "12.png: odd 1: label 0 is ''; a detector gives words (class_names, or labels to look for)",
        "5 graphs to out.jsonl",
        "usg: 2 bad pictures",
    ]
    assert [len(graph) for graph in read_graphs(tmp_path / "out.jsonl")] == [1, 0, 0, 0, 1]


def test_a_detector_that_has_no_class_names_is_told_before_anything_is_read(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    from transformers import AutoConfig

    nameless = tmp_path / "nameless"
    nameless.mkdir()
    for file in models("detr").iterdir():
        (nameless / file.name).write_bytes(file.read_bytes())
    config = AutoConfig.from_pretrained(nameless)
    config.id2label = {number: f"LABEL_{number}" for number in range(4)}
    config.save_pretrained(nameless)
    square().save(tmp_path / "a.png")
    words = [tmp_path / "a.png", "-o", tmp_path / "out.jsonl", "--detector", nameless]
    with pytest.raises(ValueError, match=r"nameless has no class names; its classes are called LABEL_0, .*give them"):
        run(*words)
    assert not list(tmp_path.glob("out*"))
    assert run(*words, "--class-names", "person,cat,dog,couch", "--threshold", 0) == 0


@pytest.fixture
def nobody() -> Iterator[Callable[[], None]]:
    """Makes the process one that file modes hold for; the superuser reads everything."""
    user = os.geteuid()

    def become() -> None:
        if user == 0:
            os.seteuid(65534)

    yield become
    os.seteuid(user)


def test_what_may_not_be_read_is_told(
    nobody: Callable[[], None], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("modes")
    folder.chmod(0o755)
    monkeypatch.chdir(folder)  # the folders above are the user's own
    for name in ("open", "listed", "shut"):
        Path(name).mkdir()
        square().save(Path(name, "a.png"))
    square().save("b.png")
    Path("b.png").chmod(0)
    Path("listed").chmod(0o744)
    Path("shut").chmod(0)
    assert load_image("open/a.png").size == (60, 40)  # and all modules that are needed are imported
    problems: list[tuple[str, str]] = []
    nobody()
    found = find_images(["."], lambda where, reason: problems.append((where, reason)))
    assert found == ["b.png", "listed/a.png", "open/a.png"]
    assert problems == [("./shut", "Permission denied")]
    with pytest.raises(PermissionError):
        find_images(["."])
    for name in ("b.png", "listed/a.png"):
        with pytest.raises(ImageError, match=f"^{name}: Permission denied$"):
            load_image(name)


def test_a_pipe_or_device_in_a_folder_is_no_picture(tmp_path: Path) -> None:
    square().save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "d.png").symlink_to("/dev/zero")
    assert find_images([str(tmp_path)]) == [str(tmp_path / "a.png")]


def in_a_process(
    words: list[object], before: str = "", stdout: Any = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`usg parse image` in a process of its own, after some lines of Python."""
    code = f"import sys\n{before}\nfrom usg.cli import main\nsys.exit(main(['parse', 'image', *sys.argv[1:]]))"
    path = os.pathsep.join([str(Path(odd_detector.__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path, **environment},
        check=False,
    )


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Forty pictures; the 31st is deadly."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(40):
        square(odd_detector.DEADLY if i == 30 else 60).save(folder / f"{i:02}.png")
    return folder


@pytest.mark.parametrize("output", ["out.jsonl", "out"])
def test_a_run_that_is_killed_is_gone_on_with(output: str, many: Path, tmp_path: Path) -> None:
    words: list[object] = [many, "--detector", ODD, "--batch-size", 4]
    assert run(*words, "-o", tmp_path / "whole.jsonl") == 0
    killed = in_a_process([*words, "-o", tmp_path / output], DEADLY="1")
    assert (killed.returncode, killed.stderr) == (-9, "")
    assert output == "out" or not (tmp_path / output).exists()
    assert run(*words, "-o", tmp_path / output, "--resume") == 0
    whole = list(read_graphs(tmp_path / "whole.jsonl"))
    assert len(whole) == 40
    assert list(Corpus(tmp_path / output) if output == "out" else read_graphs(tmp_path / output)) == whole


@pytest.mark.parametrize("room", [2_000, 10_000])  # it ends while graphs are written, or when the file is closed
def test_a_disk_without_room_is_named_and_what_is_whole_is_gone_on_with(room: int, many: Path, tmp_path: Path) -> None:
    words: list[object] = [many, "-o", tmp_path / "out.jsonl", "--detector", ODD]
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))"
    full = in_a_process(words, limit)
    assert (full.returncode, full.stderr) == (1, f"usg: error: {tmp_path}/out.jsonl.part: File too large\n")
    assert 0 < (tmp_path / "out.jsonl.part").stat().st_size <= room
    assert run(*words, "--resume") == 0
    assert len(list(read_graphs(tmp_path / "out.jsonl"))) == 40


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_standard_output_is_named(many: Path) -> None:
    with open("/dev/full", "w") as out:
        full = in_a_process([many / "00.png", "-o", "-", "--detector", ODD], stdout=out)
    reason = "standard output: No space left on device; free some space and run again"
    assert (full.returncode, full.stderr) == (1, f"usg: error: {reason}\n")
