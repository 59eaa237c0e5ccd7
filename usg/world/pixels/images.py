"""Pictures on disk: a corpus of gold graphs with a folder of PNG files beside its shards.

OUT/manifest.json, OUT/shard-*.parquet     the graphs, in the order of their indices
OUT/images/train-0-00000012.png            split, seed, index; `Source.uri` says it relative to OUT
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.even import EVEN
from usg.world.pixels.picture import PIXELS_VERSION, Picture, sample_picture
from usg.world.priors import DEFAULT
from usg.world.tables import WORLD_VERSION
from usg.world.writing import write_graphs

FOLDER = "images"
_SHARD = 1_000  # graphs; an interrupt loses at most so many pictures


def image_name(split: str, seed: int, index: int) -> str:
    """Returns the path of a picture relative to its corpus.

    >>> image_name("iid", 0, 7)
    'images/iid-0-00000007.png'
    """
    return f"{FOLDER}/{split}-{seed}-{index:08d}.png"


def write_images(
    n: int,
    split: str,
    seed: int,
    output: str | Path,
    *,
    side: int = 128,
    even: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
) -> int:
    """Writes n pictures and their graphs and returns how many were made now.

    Args:
        n: pictures when the corpus is whole.
        split: train, val, iid, compose, longer or style.
        seed: of the data set.
        output: the corpus folder.
        side: of a picture, pixels.
        even: draw colours, sizes and textures evenly, and more structure; see `usg.world.pixels.even`.
        workers: processes.
        overwrite: replace a corpus that is there.
        resume: keep the pictures that are there, which must be of the same data set, and go on.

    Raises:
        ValueError: if a number is too small, or a corpus to resume is of another data set or of more pictures.
        LookupError: if there is no such split.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.

    Example:
        >>> import tempfile
        >>> from usg.corpus import Corpus
        >>> folder = tempfile.mkdtemp()
        >>> write_images(2, "iid", 0, folder)
        2
        >>> Corpus(folder)[1].sources[0].uri
        'images/iid-0-00000001.png'
    """
    picture(0, split, seed, side, even)  # wrong words and numbers are told before the folder is made
    provenance: dict[str, Any] = {
        "made_by": "usg world images", "world": WORLD_VERSION, "pixels": PIXELS_VERSION,
        "split": split, "seed": seed, "side": side, "even": even,
    }  # fmt: skip
    make = partial(_make, split=split, seed=seed, side=side, even=even, output=str(output))
    return write_graphs(
        make, n, output, provenance, f"{split} pictures",
        workers=workers, overwrite=overwrite, resume=resume, graphs_per_shard=_SHARD,
    )  # fmt: skip


def picture(index: int, split: str, seed: int, side: int, even: bool) -> Picture:
    """Samples a picture whose source names its file."""
    made = sample_picture(split, seed, index, side=side, priors=EVEN if even else DEFAULT)
    source = replace(made.graph.sources[0], uri=image_name(split, seed, index))
    return replace(made, graph=replace(made.graph, sources=(source,)))


def _make(start: int, n: int, split: str, seed: int, side: int, even: bool, output: str) -> Iterator[SceneGraph]:
    from PIL import Image

    (Path(output) / FOLDER).mkdir(exist_ok=True)
    for index in range(start, start + n):
        made = picture(index, split, seed, side, even)
        with atomic_path(Path(output) / image_name(split, seed, index)) as path:
            Image.fromarray(made.image).save(path, compress_level=4)
        yield made.graph
