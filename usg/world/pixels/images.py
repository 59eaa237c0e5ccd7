"""Pictures on disk: a corpus of gold graphs with a folder of PNG files beside its shards.

OUT/manifest.json, OUT/shard-*.parquet     the graphs, in the order of their indices
OUT/images/train-0-00000012.png            split, seed, index; `Source.uri` says it relative to OUT
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.even import EVEN
from usg.world.pixels.picture import sample_picture
from usg.world.pixels.writing import save_png, write_drawn
from usg.world.priors import DEFAULT
from usg.world.questions import DEPTHS, ask
from usg.world.scene import QUESTIONS, stream

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
    questions: int = 0,
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
        questions: about each picture, answered by its whole graph, in `metadata["questions"]`.
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
    if questions < 0:
        raise ValueError(f"questions is {questions}, expected zero or more")
    return write_drawn(
        _draw, n, output, {"split": split, "seed": seed, "side": side, "even": even, "questions": questions},
        command="usg world images", label=f"{split} pictures", folders=[FOLDER], graphs_per_shard=_SHARD,
        workers=workers, overwrite=overwrite, resume=resume,
    )  # fmt: skip


def _draw(
    index: int, folder: Path | None, *, split: str, seed: int, side: int, even: bool, questions: int
) -> list[SceneGraph]:
    made = sample_picture(split, seed, index, side=side, priors=EVEN if even else DEFAULT)
    uri = image_name(split, seed, index)
    if folder is not None:
        save_png(made.image, folder / uri)
    metadata = dict(made.graph.metadata)
    if questions:
        scene = "iid" if split == "style" else split
        metadata["questions"] = ask(made.graph, questions, stream(scene, seed, index, QUESTIONS), DEPTHS[scene])
    return [replace(made.graph, sources=(replace(made.graph.sources[0], uri=uri),), metadata=metadata)]
