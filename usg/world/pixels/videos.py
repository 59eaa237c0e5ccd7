"""Films on disk: a corpus of gold graphs with a folder of films beside its shards.

    OUT/manifest.json, OUT/shard-*.parquet     the graphs, in the order of their indices
    OUT/videos/train-0-00000012.mp4            H.264; or, as lossless pictures,
    OUT/videos/train-0-00000012/003.png        one for each frame

`Source.uri` says the file, or the folder of frames, relative to OUT. A GIF is not offered: its writers drop frames that
do not differ, and what is said of frames would then be said of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name
from usg.world.pixels.even import LIVELY
from usg.world.pixels.films import FPS, Film, sample_film
from usg.world.pixels.picture import PIXELS_VERSION
from usg.world.priors import DEFAULT
from usg.world.tables import WORLD_VERSION
from usg.world.writing import write_graphs

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
    film(0, split, seed, side, format, lively)  # wrong words and numbers are told before the folder is made
    provenance: dict[str, Any] = {
        "made_by": "usg world videos", "world": WORLD_VERSION, "pixels": PIXELS_VERSION,
        "split": split, "seed": seed, "side": side, "format": format, "lively": lively,
    }  # fmt: skip
    make = partial(_make, split=split, seed=seed, side=side, format=format, lively=lively, output=str(output))
    return write_graphs(
        make, n, output, provenance, f"{split} films",
        workers=workers, overwrite=overwrite, resume=resume, graphs_per_shard=_SHARD,
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


def film(index: int, split: str, seed: int, side: int, format: str, lively: bool) -> Film:
    """Samples a film whose source names its file."""
    made = sample_film(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
    source = replace(made.graph.sources[0], uri=video_name(split, seed, index, format))
    return replace(made, graph=replace(made.graph, sources=(source,)))


def write_film(images: NDArray[np.uint8], path: Path, format: str) -> None:
    """Writes the frames of a film.

    Args:
        images: (T, H, W, 3) RGB.
        path: the file for mp4, the folder for png; its parent must exist.
        format: mp4 or png.
    """
    if format == "png":
        from PIL import Image

        path.mkdir(exist_ok=True)
        for number, image in enumerate(images):
            with atomic_path(path / f"{number:03d}.png") as temporary:
                Image.fromarray(image).save(temporary, compress_level=4)
        return
    import av

    with atomic_path(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "16", "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = images.shape[1], images.shape[2], "yuv420p"
        stream.codec_context.thread_count = 1
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def _make(
    start: int, n: int, split: str, seed: int, side: int, format: str, lively: bool, output: str
) -> Iterator[SceneGraph]:
    (Path(output) / FOLDER).mkdir(exist_ok=True)
    for index in range(start, start + n):
        made = film(index, split, seed, side, format, lively)
        write_film(made.images, Path(output) / video_name(split, seed, index, format), format)
        yield made.graph
