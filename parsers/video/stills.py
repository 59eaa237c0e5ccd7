"""Films that Pillow reads: animated GIF, WebP and PNG, and folders of pictures, one for each frame.

A frame of an animation is shown as long as the file says; one that says nothing, 0.1 s, as browsers have it. A folder's
pictures are its frames in the order of their names, numbers by value (2.png before 10.png), at a given rate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from usg.parsers.image.inputs import SUFFIXES
from usg.parsers.image.loading import ImageError, load_image
from usg.parsers.video.frames import Frame, VideoError

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATED = frozenset({".gif", ".webp", ".apng"})
_USUAL = 0.1  # seconds


class Animation:
    """An open animation; a picture that does not move is a film of one frame.

    Args:
        path: of the file.

    Raises:
        VideoError: Pillow cannot read it.
    """

    def __init__(self, path: Path) -> None:
        from PIL import Image

        self._name = str(path)
        try:
            self.width, self.height = load_image(path).size  # upright, as every frame will be
        except ImageError as error:
            raise VideoError(str(error)) from None
        self._image = Image.open(path)
        self.duration: float | None = None
        self.fps: float | None = None
        self.broken: str | None = None

    def __iter__(self) -> Iterator[Frame]:
        """The frames; from the first one again when asked again."""
        seconds, number = 0.0, 0
        while True:
            try:
                self._image.seek(number)
                image = load_image(self._image, name=self._name)
            except EOFError:
                break
            except (ImageError, OSError, SyntaxError, ValueError) as error:
                self.broken = f"frame {number}: {str(error).removeprefix(f'{self._name}: ')}"
                break
            yield Frame(number, round(seconds, 6), partial(_sized, image))
            seconds += (self._image.info.get("duration") or 1000 * _USUAL) / 1000
            number += 1
        self.duration = seconds
        self.fps = number / seconds if seconds else None

    def close(self) -> None:
        """Lets go of the file."""
        self._image.close()


class PictureFolder:
    """A folder of pictures as a film.

    Args:
        path: of the folder.
        rate: frames a second.

    Raises:
        VideoError: no picture of it can be read.
        ValueError: the rate is not positive.
    """

    def __init__(self, path: Path, rate: float) -> None:
        if not rate > 0:
            raise ValueError(f"the rate is {rate} frames a second, expected more than 0")
        self._files = frame_files(path)
        if not self._files:
            raise VideoError(f"{path}: a folder without pictures")
        self.fps: float | None = rate
        self.duration: float | None = len(self._files) / rate
        self.broken: str | None = None
        self._rate, self._bad = rate, list[str]()
        first = next(iter(self._read()), None)
        if first is None:
            raise VideoError(f"{path}: none of its {len(self._files)} pictures can be read; {self._bad[0]}")
        self.width, self.height = first[1].size

    def __iter__(self) -> Iterator[Frame]:
        """The frames; from the first one again when asked again."""
        self._bad = []
        for number, image in self._read():
            if image.size != (self.width, self.height):
                image = image.resize((self.width, self.height))
            yield Frame(number, round(number / self._rate, 6), partial(_sized, image))
        if self._bad:
            self.broken = f"{len(self._bad)} of {len(self._files)} frames cannot be read, the first: {self._bad[0]}"

    def _read(self) -> Iterator[tuple[int, Image]]:
        for number, file in enumerate(self._files):
            try:
                yield number, load_image(file, name=file.name)
            except ImageError as error:
                self._bad.append(str(error))

    def close(self) -> None:
        """Nothing is open."""


def frame_files(folder: Path) -> list[Path]:
    """The still pictures of a folder, in the order of their names."""
    files = [
        each
        for each in folder.iterdir()
        if each.suffix.lower() in SUFFIXES - ANIMATED and each.name[0] != "." and each.is_file()
    ]
    return sorted(files, key=lambda file: _natural(file.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts numbers in names by value.

    >>> sorted(["10.png", "2.png"], key=_natural)
    ['2.png', '10.png']
    >>> _natural("²")  # a digit that is no number
    [(-1, '²')]
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower())]


def _sized(image: Image, size: tuple[int, int] | None) -> Image:
    return image if size is None else image.resize(size)
