"""Pairs of pictures before and after an edit, on disk: two graphs a pair, one after the other, and two PNG files.

    OUT/manifest.json, OUT/shard-*.parquet              rows 2 i (before) and 2 i + 1 (after) are pair i
    OUT/images/train-0-00000012-before.png, ...-after.png

Both graphs' metadata tell the `pair`, the `kind`, the `target` and the `edits` in the JSON form of `usg.graph.edit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.graph.edit import edit_to_dict
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.edits import KINDS, EditPair, sample_edit
from usg.world.pixels.even import EVEN
from usg.world.pixels.images import FOLDER, image_name
from usg.world.pixels.picture import PIXELS_VERSION
from usg.world.priors import DEFAULT
from usg.world.tables import WORLD_VERSION
from usg.world.writing import write_graphs

_SHARD = 1_000  # graphs; even, so that a shard holds whole pairs


def write_edits(
    n: int,
    split: str,
    seed: int,
    output: str | Path,
    *,
    side: int = 128,
    even: bool = False,
    overwrite: bool = False,
    resume: bool = False,
) -> int:
    """Writes n pairs of pictures with their graphs and returns how many were made now; kinds take turns.

    Args:
        n: pairs when the corpus is whole.
        split: train, val, iid, compose, longer or style.
        seed: of the data set.
        output: the corpus folder.
        side: of a picture, pixels.
        even: draw colours, sizes and textures evenly; see `usg.world.pixels.even`.
        overwrite: replace a corpus that is there.
        resume: keep the pairs that are there, which must be of the same data set, and go on.

    Raises:
        ValueError: if a number is too small, or a corpus to resume is of another data set or of more pairs.
        LookupError: if there is no such split.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.
    """
    pair(0, split, seed, side, even)  # wrong words and numbers are told before the folder is made
    provenance: dict[str, Any] = {
        "made_by": "usg world edits", "world": WORLD_VERSION, "pixels": PIXELS_VERSION,
        "split": split, "seed": seed, "side": side, "even": even,
    }  # fmt: skip
    make = partial(_make, split=split, seed=seed, side=side, even=even, output=str(output))
    made = write_graphs(
        make, 2 * n, output, provenance, f"{split} pictures of pairs",
        overwrite=overwrite, resume=resume, graphs_per_shard=_SHARD,
    )  # fmt: skip
    return made // 2


def pair(index: int, split: str, seed: int, side: int, even: bool) -> EditPair:
    """Samples the pair of a number: of the kind whose turn it is, in the first scene from there on that allows it."""
    priors, kind = EVEN if even else DEFAULT, KINDS[index % len(KINDS)]
    # Steps of a large prime keep the scenes of one pair apart from those of its neighbours.
    for scene in count(index, 1_000_003):
        made = sample_edit(split, seed, scene, kind=kind, side=side, priors=priors)
        if made is not None:
            return made
    raise AssertionError("unreachable: counting does not end")


def _make(start: int, n: int, split: str, seed: int, side: int, even: bool, output: str) -> Iterator[SceneGraph]:
    from PIL import Image

    folder = Path(output)
    (folder / FOLDER).mkdir(exist_ok=True)
    for index in range(start // 2, (start + n) // 2):
        made = pair(index, split, seed, side, even)
        edits = [edit_to_dict(edit) for edit in made.edits]
        for name, picture in (("before", made.before), ("after", made.after)):
            uri = image_name(split, seed, index).removesuffix(".png") + f"-{name}.png"
            with atomic_path(folder / uri) as path:
                Image.fromarray(picture.image).save(path, compress_level=4)
            source = replace(picture.graph.sources[0], uri=uri)
            told = {"pair": index, "kind": made.kind, "target": made.target, "which": name, "edits": edits}
            yield replace(picture.graph, sources=(source,), metadata={**picture.graph.metadata, **told})
