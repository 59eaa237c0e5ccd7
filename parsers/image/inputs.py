"""The pictures that are meant on a command line: files, folders, globs, or standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

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
    files = []
    for name in inputs:
        if name == "-" or Path(name).is_file():
            found = [name]
        else:
            folder = Path(name).is_dir()
            listed = _below(name, on_error) if folder else map(Path, glob.glob(name, recursive=True))
            found = sorted(str(path) for path in listed if _is_picture(path))
            if not found:
                what = "the folder has no pictures" if folder else "no such file, folder or glob of pictures"
                raise FileNotFoundError(f"cannot read {name}: {what} ({' '.join(sorted(SUFFIXES)[:6])} ...)")
        files += found
    return files


def _below(folder: str, on_error: Callable[[str, str], None] | None) -> Iterator[Path]:
    """All files below a folder; `Path.rglob` would pass over a folder that it may not list."""

    def told(error: OSError) -> None:
        if on_error is None:
            raise error
        on_error(str(error.filename), error.strerror or str(error))

    for parent, _, names in os.walk(folder, onerror=told):
        yield from (Path(parent, name) for name in names)


def _is_picture(path: Path) -> bool:
    """By its name; what cannot be reached, as a link that leads nowhere, stays, to be told when it is to be read."""
    named = path.suffix.lower() in SUFFIXES and path.name[0] != "."
    # Of the rest only files: to read a pipe or device might never end.
    return named and (os.path.isfile(path) or not os.path.exists(path))
