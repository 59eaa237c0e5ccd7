"""What a film is to the parser: a size, perhaps a rate and a length, and a stream of frames.

    number    of the frame in its film, from 0, whether or not those between are looked at
    seconds   from the first frame, by the film's own time stamps; a variable rate needs nothing more
    shot      from 0; grows at a cut, where cuts are looked for (usg/parsers/video/sampling.py)

A frame's picture is made when it is asked for, so that a frame that is passed over costs its decoding alone. Whoever
reads must not keep frames: that, and nothing else, keeps memory flat for films of hours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

RATE = 8.0
"""Frames a second of a folder of pictures, which does not say: that of the world's films."""

_PICTURES = (b"GIF8", b"\x89PNG")


class VideoError(ValueError):
    """A film cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; see the module docstring. `load` makes its picture, upright RGB, of a size or of its own."""

    number: int
    seconds: float
    load: Callable[[tuple[int, int] | None], Image]
    shot: int = 0

    @property
    def image(self) -> Image:
        """The picture."""
        return self.load(None)


class FilmReader(Protocol):
    """An open film.

    Attributes:
        width, height: of its frames, upright, pixels; frames of another size are brought to it.
        fps: frames a second on average, if it says.
        duration: seconds, if it says.
        broken: after reading, what is missing of it.
    """

    width: int
    height: int
    fps: float | None
    duration: float | None
    broken: str | None

    def __iter__(self) -> Iterator[Frame]:
        """The frames; from the first one again when asked again."""

    def close(self) -> None:
        """Lets go of the file."""


def open_film(path: str | os.PathLike[str], *, rate: float = RATE) -> FilmReader:
    """Opens a film: a video file, an animated GIF, WebP or PNG, or a folder of pictures.

    Args:
        path: of it.
        rate: frames a second of a folder of pictures.

    Raises:
        VideoError: it is not there, or has no frame that can be read.
    """
    from usg.parsers.video.stills import Animation, PictureFolder

    file, name = Path(path), os.fspath(path)
    if file.is_dir():
        return PictureFolder(file, rate)
    try:
        with file.open("rb") as opened:
            head = opened.read(16)
    except OSError as error:
        raise VideoError(f"{name}: {error.strerror}") from None
    if not head:
        raise VideoError(f"{name}: an empty file")
    if head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return Animation(file)
    from usg.parsers.video.decoding import VideoFile

    return VideoFile(file)
