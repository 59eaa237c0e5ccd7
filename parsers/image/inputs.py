"""The pictures that are meant on a command line: files, folders, globs, or standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from usg.parsers.inputs import find_inputs, is_medium

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .jp2 .avif .tga .ico".split()
)
"""What a file in a folder or glob must end in to be taken for a picture; a file that is named is taken as it is."""


def find_images(inputs: Sequence[str], on_error: Callable[[str, str], None] | None = None) -> list[str]:
    """The pictures that are meant: files and `-` as they are, folders with all below them, globs; sorted within each.

    Args:
        inputs: names.
        on_error: called with a folder that cannot be listed, and the reason; without it such a folder raises.

    Raises:
        FileNotFoundError: there is no such file, or no picture in a folder or glob.
        OSError: a folder cannot be listed and there is no `on_error`.

    >>> find_images(["-"])
    ['-']
    """

    def below(folder: Path) -> list[Path]:
        return sorted(filter(_is_picture, _below(folder, on_error)), key=str)

    return find_inputs(inputs, f"pictures ({' '.join(sorted(SUFFIXES)[:6])} ...)", below, _is_picture)


_is_picture = partial(is_medium, suffixes=SUFFIXES)


def _below(folder: Path, on_error: Callable[[str, str], None] | None) -> Iterator[Path]:
    """All files below a folder; `Path.rglob` would pass over a folder that it may not list."""

    def told(error: OSError) -> None:
        if on_error is None:
            raise error
        on_error(str(error.filename), error.strerror or str(error))

    for parent, _, names in os.walk(folder, onerror=told):
        yield from (Path(parent, name) for name in names)
