"""Pictures of every kind to upright RGB, and each kind of bad one as a line that names it."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from usg.parsers.image import ImageError
from usg.parsers.image.loading import load_image, uri_of

RED, WHITE, BLUE = (255, 0, 0), (255, 255, 255), (0, 0, 255)


def encoded(image: Image.Image, format: str, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **settings)
    return buffer.getvalue()


def pixel(image: Image.Image, x: int = 0, y: int = 0) -> tuple[int, ...]:
    value = image.getpixel((x, y))
    assert isinstance(value, tuple)
    return value


def png_of_size(width: int, height: int) -> bytes:
    """The head of a PNG that says how large it is, and no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"IEND"
    chunks = [struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (head, end)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "RGBA", "LA", "YCbCr", "I;16"])
def test_every_mode_becomes_rgb_of_the_same_size(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((2, 3), 65535, np.uint16))
    else:
        image = Image.new("RGB", (3, 2), WHITE).convert(mode)
    loaded = load_image(image)
    assert loaded.mode == "RGB" and loaded.size == (3, 2)
    assert pixel(loaded) == WHITE


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    loaded = load_image(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    assert np.abs(np.array(pixel(loaded)) - RED).max() <= 2


def test_sixteen_bits_keep_the_upper_eight() -> None:
    values = np.array([[0, 255, 256, 0x8000, 65535]], np.uint16)
    assert np.asarray(load_image(encoded(Image.fromarray(values), "PNG")))[0, :, 0].tolist() == [0, 0, 1, 128, 255]
    assert np.asarray(load_image(values))[0, :, 0].tolist() == [0, 0, 1, 128, 255]


def test_what_is_transparent_is_white() -> None:
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    half.putpixel((1, 0), (0, 0, 0, 0))
    loaded = load_image(encoded(half, "PNG"))
    assert [pixel(loaded, 0), pixel(loaded, 1)] == [RED, WHITE]
    palette = Image.new("P", (1, 1), 0)
    palette.putpalette([*BLUE, *RED])
    assert pixel(load_image(encoded(palette, "PNG", transparency=0))) == WHITE
    assert pixel(load_image(encoded(palette, "PNG"))) == BLUE


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (29, 19)), (6, (19, 0)), (8, (0, 29))])
def test_a_rotated_picture_stands_upright(orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("RGB", (30, 20), WHITE)
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load_image(encoded(image, "PNG", exif=exif))
    assert loaded.size == ((30, 20) if orientation in (1, 3) else (20, 30))
    assert pixel(loaded, *corner) == RED


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_frame(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (BLUE, RED, WHITE)]
    settings = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **settings)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert pixel(load_image(data)) == BLUE


def test_one_pixel_is_a_picture() -> None:
    assert load_image(encoded(Image.new("RGB", (1, 1), RED), "PNG")).size == (1, 1)


@pytest.mark.parametrize(
    "array",
    [
        np.full((2, 3), 255, np.uint8),
        np.full((2, 3, 1), 255, np.uint8),
        np.full((2, 3, 3), 255, np.uint8),
        np.ones((2, 3, 4)),
        np.ones((2, 3), bool),
        np.full((2, 3, 3), 65535, np.uint16),
        np.full((2, 3, 3), 65535, np.int64),
    ],
)
def test_arrays_are_pictures(array: np.ndarray) -> None:
    loaded = load_image(array)
    assert loaded.size == (3, 2) and pixel(loaded) == WHITE


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((3, 20, 30), np.uint8), r"shape \(3, 20, 30\), expected .*; put the channels last"),
        (np.zeros((0, 4), np.uint8), r"shape \(0, 4\)"),
        (np.full((2, 2), np.nan), "floats from nan to nan, expected 0 to 1"),
        (np.full((2, 2), 3.0), "floats from 3 to 3"),
        (np.full((2, 2), -1), "values from -1 to -1, expected 0 to 65535"),
        (np.zeros((2, 2), complex), "an array of complex128"),
        (b"", "0 bytes: an empty file"),
        (b"hello there, no picture", "no picture that Pillow reads; it begins with b'hello there, no '"),
        (Image.new("RGB", (0, 4)), "a picture of 0 x 4 pixels"),
    ],
)
def test_what_is_no_picture_is_told(image: Any, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as told:
        load_image(image)
    assert "\n" not in str(told.value)


def test_a_text_file_named_png_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    with pytest.raises(ImageError, match=r"notes\.png: no picture that Pillow reads; it begins with b'not a picture'"):
        load_image(tmp_path / "notes.png")
    with pytest.raises(ImageError, match=r"nothing\.png: No such file or directory"):
        load_image(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match="Is a directory"):
        load_image(tmp_path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_truncated_file_is_told_and_never_half_a_picture(format: str) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    data = encoded(noise, format)
    for share in (0.05, 0.5, 0.9):
        with pytest.raises(ImageError) as told:
            load_image(data[: int(len(data) * share)], name="cut.jpg")
        assert str(told.value).startswith("cut.jpg: ") and "\n" not in str(told.value)


@pytest.mark.parametrize("side", [20_000, 11_000])  # Pillow raises for the first and warns for the second
def test_a_decompression_bomb_is_refused_unread(side: int) -> None:
    with pytest.raises(ImageError, match=r"more pixels than PIL\.Image\.MAX_IMAGE_PIXELS = 89,478,485"):
        load_image(png_of_size(side, side))


def test_a_limit_that_was_raised_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load_image(encoded(Image.new("RGB", (10, 10)), "PNG")).size == (10, 10)
    with pytest.raises(ImageError, match="MAX_IMAGE_PIXELS = 100;"):
        load_image(encoded(Image.new("RGB", (11, 10)), "PNG"))


def test_the_picture_of_the_caller_is_left_as_it_is() -> None:
    image = Image.new("RGB", (4, 4), RED)
    load_image(image).putpixel((0, 0), BLUE)
    assert pixel(image) == RED


def test_something_else_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a picture is list; expected a path, bytes, a Pillow image or an array"):
        load_image([[0]])  # type: ignore[arg-type]


def test_a_name_that_is_no_utf8_can_be_written() -> None:
    uri = uri_of("a\udcff.png")
    assert uri is not None
    uri.encode()


def test_the_photographs_are_read(shared_data: Path) -> None:
    sizes = {file.name: load_image(file).size for file in (shared_data / "vision" / "skimage").iterdir()}
    assert sizes == {
        "astronaut.png": (512, 512),
        "camera.png": (512, 512),
        "chelsea.png": (451, 300),
        "coffee.png": (600, 400),
        "rocket.jpg": (640, 427),
    }
    preview = shared_data / "vision" / "intel_sample_videos" / "preview" / "bottle-detection.gif"
    assert load_image(preview).size == (480, 270)
