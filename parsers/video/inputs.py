"""The films that are meant on a command line: files, folders, globs.

A folder that has still pictures directly in it, and no video, is a film of those pictures; any other is looked through
with all below it, for videos, animations and folders of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from usg.parsers.inputs import find_inputs, is_medium
from usg.parsers.video.stills import ANIMATED, frame_files

SUFFIXES = ANIMATED | frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .mts .m2ts .wmv .flv .ogv .3gp .vob .mxf .y4m .asf .mjpeg".split()
)
"""What a file in a folder or glob must end in to be taken for a film; a file that is named is taken as it is."""


def find_videos(inputs: Sequence[str], on_error: Callable[[str, str], None] | None = None) -> list[str]:
    """The films that are meant: files as they are, folders, globs; sorted within each.

    Args:
        inputs: names.
        on_error: called with a folder that cannot be listed, and the reason; without it such a folder raises.

    Raises:
        FileNotFoundError: there is no such file, or no film in a folder or glob.
        OSError: a folder cannot be listed and there is no `on_error`.
        ValueError: nothing is named, or standard input is.

    >>> find_videos(["no/such.mp4"])
    Traceback (most recent call last):
    FileNotFoundError: cannot read no/such.mp4: no such file, folder or glob of films (.3gp .apng .asf .avi ...)
    """
    if not inputs or "-" in inputs:
        raise ValueError("films are not read from standard input; name files, folders or globs")
    what = f"films ({' '.join(sorted(SUFFIXES)[:4])} ...)"
    return find_inputs(
        inputs, what, partial(_inside, on_error=on_error), lambda path: _is_film(path) or _is_video(path)
    )


_is_video = partial(is_medium, suffixes=SUFFIXES)


def _inside(folder: Path, on_error: Callable[[str, str], None] | None) -> Iterator[Path]:
    try:
        listed = sorted(each for each in folder.iterdir() if each.name[0] != ".")
        film = _is_film(folder)
    except OSError as error:
        if on_error is None:
            raise
        on_error(str(folder), error.strerror or str(error))
        return
    if film:
        yield folder
        return
    for each in listed:
        if each.is_dir():
            yield from _inside(each, on_error)
        elif _is_video(each):
            yield each


def _is_film(folder: Path) -> bool:
    return folder.is_dir() and bool(frame_files(folder)) and not any(_is_video(each) for each in folder.iterdir())
