"""Scenes in three media on disk: a corpus of united graphs with a text, a picture and a film of each beside its shards.

OUT/manifest.json, OUT/shard-*.parquet       one graph a scene, of the sources text, image and video
OUT/texts/train-0-00000012.txt
OUT/images/train-0-00000012.png
OUT/videos/train-0-00000012.mp4              or a folder of PNG frames
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.even import LIVELY
from usg.world.pixels.images import image_name
from usg.world.pixels.multimodal import Multimodal, sample_multimodal
from usg.world.pixels.picture import PIXELS_VERSION
from usg.world.pixels.videos import check_format, video_name, write_film
from usg.world.priors import DEFAULT
from usg.world.tables import WORLD_VERSION
from usg.world.writing import write_graphs

_SHARD = 200  # graphs; an interrupt loses at most so many scenes


def write_multimodal(
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
    """Writes n scenes in three media with their graphs and returns how many were made now.

    Args:
        n: scenes when the corpus is whole.
        split: train, val, iid, compose, longer or style.
        seed: of the data set.
        output: the corpus folder.
        side: of pictures and frames, pixels; even for mp4.
        format: of the films: mp4, which needs PyAV, or png.
        lively: more people, balls and small things, looks drawn evenly; see `usg.world.pixels.even`.
        workers: processes.
        overwrite: replace a corpus that is there.
        resume: keep the scenes that are there, which must be of the same data set, and go on.

    Raises:
        ValueError: if a number is too small, or a corpus to resume is of another data set or of more scenes.
        LookupError: if there is no such split or format.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.
        ModuleNotFoundError: for mp4 without PyAV; the extra `vision` has it.
    """
    check_format(format, side)
    multimodal(0, split, seed, side, format, lively)  # wrong words and numbers are told before the folder is made
    provenance: dict[str, Any] = {
        "made_by": "usg world multimodal", "world": WORLD_VERSION, "pixels": PIXELS_VERSION,
        "split": split, "seed": seed, "side": side, "format": format, "lively": lively,
    }  # fmt: skip
    make = partial(_make, split=split, seed=seed, side=side, format=format, lively=lively, output=str(output))
    return write_graphs(
        make, n, output, provenance, f"{split} scenes in three media",
        workers=workers, overwrite=overwrite, resume=resume, graphs_per_shard=_SHARD,
    )  # fmt: skip


def text_name(split: str, seed: int, index: int) -> str:
    """Returns the path of a text relative to its corpus.

    >>> text_name("iid", 0, 7)
    'texts/iid-0-00000007.txt'
    """
    return f"texts/{split}-{seed}-{index:08d}.txt"


def multimodal(index: int, split: str, seed: int, side: int, format: str, lively: bool) -> Multimodal:
    """Samples a scene whose sources name their files."""
    made = sample_multimodal(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
    uris = {
        "text": text_name(split, seed, index),
        "image": image_name(split, seed, index),
        "video": video_name(split, seed, index, format),
    }
    sources = tuple(replace(source, uri=uris[source.id]) for source in made.graph.sources)
    return replace(made, graph=replace(made.graph, sources=sources))


def _make(
    start: int, n: int, split: str, seed: int, side: int, format: str, lively: bool, output: str
) -> Iterator[SceneGraph]:
    from PIL import Image

    folder = Path(output)
    for name in ("texts", "images", "videos"):
        (folder / name).mkdir(exist_ok=True)
    for index in range(start, start + n):
        made = multimodal(index, split, seed, side, format, lively)
        with atomic_path(folder / text_name(split, seed, index)) as path:
            path.write_text(made.text + "\n", encoding="utf-8")
        with atomic_path(folder / image_name(split, seed, index)) as path:
            Image.fromarray(made.image).save(path, compress_level=4)
        write_film(made.video, folder / video_name(split, seed, index, format), format)
        yield made.graph
