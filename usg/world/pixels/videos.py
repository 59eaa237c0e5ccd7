"""Films on disk: a corpus of gold graphs with a folder of films beside its shards.

    OUT/manifest.json, OUT/shard-*.parquet     the graphs, in the order of their indices
    OUT/videos/train-0-00000012.mp4            H.264; or, as lossless pictures,
    OUT/videos/train-0-00000012/003.png        one for each frame

`Source.uri` says the file, or the folder of frames, relative to OUT. A GIF is not offered: its writers drop frames that
do not differ, and what is said of frames would then be said of others.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name
from usg.world.pixels.even import LIVELY
from usg.world.pixels.films import FPS, sample_film
from usg.world.pixels.writing import save_png, write_drawn
from usg.world.priors import DEFAULT

FOLDER = "videos"
FORMATS = ("mp4", "png")
_SHARD = 200  # graphs; an interrupt loses at most so many films


def write_videos(
    n: int,
    split: str,
    seed: int,
    output: str | Path,
    *,
    side: int = 128,
    format: str = "mp4",
    lively: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
) -> int:
    """Writes n films and their graphs and returns how many were made now.

    Args:
        n: films when the corpus is whole.
        split: train, val, iid, compose, longer or style.
        seed: of the data set.
        output: the corpus folder.
        side: of a frame, pixels; even for mp4.
        format: mp4, which needs PyAV, or png.
        lively: more people, balls and small things, looks drawn evenly; see `usg.world.pixels.even`.
        workers: processes.
        overwrite: replace a corpus that is there.
        resume: keep the films that are there, which must be of the same data set, and go on.

    Raises:
        ValueError: if a number is too small, or a corpus to resume is of another data set or of more films.
        LookupError: if there is no such split or format.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.
        ModuleNotFoundError: for mp4 without PyAV; the extra `vision` has it.
    """
    check_format(format, side)
    return write_drawn(
        _draw, n, output, {"split": split, "seed": seed, "side": side, "format": format, "lively": lively},
        command="usg world videos", label=f"{split} films", folders=[FOLDER], graphs_per_shard=_SHARD,
        workers=workers, overwrite=overwrite, resume=resume,
    )  # fmt: skip


def check_format(format: str, side: int) -> None:
    """Tells of a format that is none, or cannot be written here.

    Raises:
        LookupError: if there is no such format.
        ValueError: for mp4 with frames of an odd side, which its colours cannot have.
        ModuleNotFoundError: for mp4 without PyAV.
    """
    if format not in FORMATS:
        raise LookupError(unknown_name("format", format, FORMATS))
    if format == "mp4":
        if side % 2:
            raise ValueError(f"side is {side} pixels; mp4 wants an even number: take {side + 1}, or the format png")
        import av  # noqa: F401


def video_name(split: str, seed: int, index: int, format: str) -> str:
    """Returns the path of a film relative to its corpus.

    >>> video_name("iid", 0, 7, "mp4"), video_name("iid", 0, 7, "png")
    ('videos/iid-0-00000007.mp4', 'videos/iid-0-00000007')
    """
    return f"{FOLDER}/{split}-{seed}-{index:08d}" + (".mp4" if format == "mp4" else "")


def write_film(images: NDArray[np.uint8], path: Path, format: str) -> None:
    """Writes the frames of a film.

    Args:
        images: (T, H, W, 3) RGB.
        path: the file for mp4, the folder for png; its parent must exist.
        format: mp4 or png.
    """
    if format == "png":
        path.mkdir(exist_ok=True)
        for number, image in enumerate(images):
            save_png(image, path / f"{number:03d}.png")
        return
    import av

    with atomic_path(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "16", "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = images.shape[1], images.shape[2], "yuv420p"
        stream.codec_context.thread_count = 1
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def _draw(
    index: int, folder: Path | None, *, split: str, seed: int, side: int, format: str, lively: bool
) -> list[SceneGraph]:
    made = sample_film(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
    uri = video_name(split, seed, index, format)
    if folder is not None:
        write_film(made.images, folder / uri, format)
    return [replace(made.graph, sources=(replace(made.graph.sources[0], uri=uri),))]
