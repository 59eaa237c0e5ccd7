"""Small films for tests: a red square that moves over white, written by PyAV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from usg.parsers.image import Detections

Images = NDArray[np.uint8]
SIDE = 12


def square(length: int, *, width: int = 64, height: int = 48, step: int = 3) -> Images:
    """(length, height, width, 3): the square goes to the right by `step` a frame."""
    images = np.full((length, height, width, 3), 255, np.uint8)
    for i, image in enumerate(images):
        image[16 : 16 + SIDE, 4 + step * i : 4 + step * i + SIDE] = (220, 20, 20)
    return images


def write(
    path: Path,
    images: Images,
    *,
    rate: int = 8,
    codec: str = "libx264",
    stamps: Sequence[int] | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
    movflags: str = "",
) -> Path:
    """Writes a film; stamps are in milliseconds, of a variable rate."""
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        if len(images):
            stream: Any = container.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width, stream.pix_fmt = images.shape[1], images.shape[2], "yuv420p"
            if stamps is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            for i, image in enumerate(images):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                if stamps is not None:
                    frame.pts, frame.time_base = stamps[i], Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        if sound:
            audio: Any = container.add_stream("aac", rate=16000, layout="mono")
            for i in range(8):
                wave = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                wave.sample_rate, wave.pts, wave.time_base = 16000, 1024 * i, Fraction(1, 16000)
                container.mux(audio.encode(wave))
            container.mux(audio.encode(None))
    return path


def turned(path: Path, clockwise: int) -> Path:
    """An mp4 that is to be shown turned, by the matrix in its track's header."""
    one = (1 << 16).to_bytes(4, "big")
    minus = (-(1 << 16)).to_bytes(4, "big", signed=True)
    nought, last = bytes(4), (1 << 30).to_bytes(4, "big")
    rows = {90: (nought, one, minus, nought), 180: (minus, nought, nought, minus), 270: (nought, minus, one, nought)}
    a, b, c, d = rows[clockwise]
    same = one + nought + nought + nought + one + nought + nought + nought + last
    content = path.read_bytes()
    places = [match.start() for match in re.finditer(re.escape(same), content)]
    header = next(place for place in places if place > content.index(b"tkhd"))
    matrix = a + b + nought + c + d + nought + nought + nought + last
    path.write_bytes(content[:header] + matrix + content[header + len(matrix) :])
    return path


class Red:
    """A detector of what is red in a picture: one box, "square"."""

    version = "red"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
        """The box around all red pixels."""
        self.batches.append(len(images))
        found = []
        for image in images:
            pixels = np.asarray(image).astype(int)
            rows, columns = np.nonzero((pixels[..., 0] > 150) & (pixels[..., 1] < 120))
            if len(rows):
                box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                found.append(Detections([box], [0.9], ["square"]))
            else:
                found.append(Detections(np.zeros((0, 4)), [], []))
        return found
