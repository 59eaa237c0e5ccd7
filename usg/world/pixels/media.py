"""Scenes in three media on disk: a corpus of united graphs with a text, a picture and a film of each beside its shards.

OUT/manifest.json, OUT/shard-*.parquet       one graph a scene, of the sources text, image and video
OUT/texts/train-0-00000012.txt
OUT/images/train-0-00000012.png
OUT/videos/train-0-00000012.mp4              or a folder of PNG frames
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.even import LIVELY
from usg.world.pixels.images import image_name
from usg.world.pixels.multimodal import sample_multimodal
from usg.world.pixels.videos import check_format, video_name, write_film
from usg.world.pixels.writing import save_png, write_drawn
from usg.world.priors import DEFAULT

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
    return write_drawn(
        _draw, n, output, {"split": split, "seed": seed, "side": side, "format": format, "lively": lively},
        command="usg world multimodal", label=f"{split} scenes in three media", folders=["texts", "images", "videos"],
        graphs_per_shard=_SHARD, workers=workers, overwrite=overwrite, resume=resume,
    )  # fmt: skip


def text_name(split: str, seed: int, index: int) -> str:
    """Returns the path of a text relative to its corpus.

    >>> text_name("iid", 0, 7)
    'texts/iid-0-00000007.txt'
    """
    return f"texts/{split}-{seed}-{index:08d}.txt"


def _draw(
    index: int, folder: Path | None, *, split: str, seed: int, side: int, format: str, lively: bool
) -> list[SceneGraph]:
    made = sample_multimodal(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
    uris = {
        "text": text_name(split, seed, index),
        "image": image_name(split, seed, index),
        "video": video_name(split, seed, index, format),
    }
    if folder is not None:
        with atomic_path(folder / uris["text"]) as path:
            path.write_text(made.text + "\n", encoding="utf-8")
        save_png(made.image, folder / uris["image"])
        write_film(made.video, folder / uris["video"], format)
    return [replace(made.graph, sources=tuple(replace(each, uri=uris[each.id]) for each in made.graph.sources))]
