"""Data sets of pictures and films on disk: a corpus of graphs, and beside its shards the files that the graphs name.

What differs between them is a `Draw`: it samples item INDEX of a data set, writes its files into the corpus folder, and
gives its graphs, whose sources name the files relative to that folder. It must come out the same wherever and whenever
it runs, since processes draw in parallel and an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.picture import PIXELS_VERSION
from usg.world.tables import WORLD_VERSION
from usg.world.writing import write_graphs

Draw: TypeAlias = Callable[..., Sequence[SceneGraph]]
"""`draw(index, folder, **settings)`: the graphs of an item, as many for each; its files go into the folder, if any."""


def write_drawn(
    draw: Draw,
    n: int,
    output: str | Path,
    settings: Mapping[str, Any],
    *,
    command: str,
    label: str,
    folders: Sequence[str],
    graphs_per_shard: int,
    graphs_each: int = 1,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
) -> int:
    """Writes items 0, ..., n - 1 and returns how many were made now.

    Args:
        draw: makes an item; a function that processes can be given.
        n: items when the corpus is whole.
        output: the corpus folder.
        settings: of the data set, what `draw` is called with; a corpus is resumed only with the same.
        command: that makes it, for the manifest.
        label: what is made, for the progress bar.
        folders: that `draw` writes into.
        graphs_per_shard: what an interrupt loses at most; a multiple of `graphs_each`.
        graphs_each: graphs of an item.
        workers: processes.
        overwrite: replace a corpus that is there.
        resume: keep the items that are there and go on.

    Raises:
        ValueError, LookupError: settings that make no item, or as `usg.world.writing.write_graphs`.
        FileExistsError: the folder is not empty and neither `overwrite` nor `resume` is given.
    """
    draw(0, None, **settings)  # wrong words and numbers are told before the folder is made
    provenance = {"made_by": command, "world": WORLD_VERSION, "pixels": PIXELS_VERSION, **settings}
    make = partial(_make, draw=draw, settings=settings, output=str(output), folders=folders, each=graphs_each)
    made = write_graphs(
        make, graphs_each * n, output, provenance, label,
        workers=workers, overwrite=overwrite, resume=resume, graphs_per_shard=graphs_per_shard,
    )  # fmt: skip
    return made // graphs_each


def save_png(image: NDArray[np.uint8], path: Path) -> None:
    """Writes (H, W, 3) RGB as a file that appears when it is whole."""
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, compress_level=4)


def _make(
    start: int, n: int, draw: Draw, settings: Mapping[str, Any], output: str, folders: Sequence[str], each: int
) -> Iterator[SceneGraph]:
    for name in folders:
        (Path(output) / name).mkdir(exist_ok=True)
    for index in range(start // each, (start + n) // each):
        yield from draw(index, Path(output), **settings)
