"""The films that are meant on a command line: files, folders, globs.

A folder that has still pictures directly in it, and no video, is a film of those pictures; any other is looked through
with all below it, for videos, animations and folders of pictures.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from usg.parsers.video.stills import ANIMATED, frame_files

SUFFIXES = ANIMATED | frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .mts .m2ts .wmv .flv .ogv .3gp .vob .mxf .y4m .asf .mjpeg".split()
)
"""What a file in a folder or glob must end in to be taken for a film; a file that is named is taken as it is."""


def find_videos(inputs: Sequence[str]) -> list[str]:
    """The films that are meant: files as they are, folders, globs; sorted within each.

    Raises:
        FileNotFoundError: there is no such file, or no film in a folder or glob.
        ValueError: nothing is named.

    >>> find_videos(["no/such.mp4"])
    Traceback (most recent call last):
    FileNotFoundError: cannot read no/such.mp4: no such file, folder or glob of films (.3gp .apng .asf .avi ...)
    """
    if not inputs:
        raise ValueError("no film is named; give files, folders or globs")
    films: list[str] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found = list(_inside(path))
        elif path.is_file():
            found = [name]
        else:
            found = []
            for each in sorted(map(Path, glob.glob(name, recursive=True))):
                if each.is_dir():
                    found += [str(each)] if _is_film(each) else []
                elif _is_video(each):
                    found.append(str(each))
        if not found:
            what = "the folder has no films" if path.is_dir() else "no such file, folder or glob of films"
            raise FileNotFoundError(f"cannot read {name}: {what} ({' '.join(sorted(SUFFIXES)[:4])} ...)")
        films += found
    return films


def _inside(folder: Path) -> Iterator[str]:
    if _is_film(folder):
        yield str(folder)
        return
    for each in sorted(folder.iterdir()):
        if each.name[0] == ".":
            continue
        if each.is_dir():
            yield from _inside(each)
        elif _is_video(each):
            yield str(each)


def _is_film(folder: Path) -> bool:
    return bool(frame_files(folder)) and not any(_is_video(each) for each in folder.iterdir())


def _is_video(path: Path) -> bool:
    # A link that leads nowhere stays, to be told when it cannot be read.
    return path.suffix.lower() in SUFFIXES and path.name[0] != "." and (path.is_file() or path.is_symlink())
