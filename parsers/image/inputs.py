"""The pictures that are meant on a command line: files, folders, globs, or standard input."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .jp2 .avif .tga .ico".split()
)
"""What a file in a folder or glob must end in to be taken for a picture; a file that is named is taken as it is."""


def find_images(inputs: Sequence[str]) -> list[str]:
    """The pictures that are meant: files and `-` as they are, folders with all below them, globs; sorted within each.

    Raises:
        FileNotFoundError: there is no such file, or no picture in a folder or glob.

    >>> find_images(["-"])
    ['-']
    """
    files = []
    for name in inputs:
        if name == "-" or Path(name).is_file():
            found = [name]
        else:
            folder = Path(name).is_dir()
            listed = Path(name).rglob("*") if folder else map(Path, glob.glob(name, recursive=True))
            found = sorted(
                str(path)
                for path in listed
                # A link that leads nowhere stays, to be told when it cannot be read.
                if path.suffix.lower() in SUFFIXES and path.name[0] != "." and (path.is_file() or path.is_symlink())
            )
            if not found:
                what = "the folder has no pictures" if folder else "no such file, folder or glob of pictures"
                raise FileNotFoundError(f"cannot read {name}: {what} ({' '.join(sorted(SUFFIXES)[:6])} ...)")
        files += found
    return files
