"""Pairs of pictures before and after an edit, on disk: two graphs a pair, one after the other, and two PNG files.

    OUT/manifest.json, OUT/shard-*.parquet              rows 2 i (before) and 2 i + 1 (after) are pair i
    OUT/images/train-0-00000012-before.png, ...-after.png

Both graphs' metadata tell the `pair`, the `kind`, the `target` and the `edits` in the JSON form of `usg.graph.edit`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from usg.graph.edit import edit_to_dict
from usg.graph.scene_graph import SceneGraph
from usg.world.pixels.edits import KINDS, EditPair, sample_edit
from usg.world.pixels.even import EVEN
from usg.world.pixels.images import FOLDER, image_name
from usg.world.pixels.writing import save_png, write_drawn
from usg.world.priors import DEFAULT

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
    return write_drawn(
        _draw, n, output, {"split": split, "seed": seed, "side": side, "even": even},
        command="usg world edits", label=f"{split} pictures of pairs", folders=[FOLDER], graphs_per_shard=_SHARD,
        graphs_each=2, overwrite=overwrite, resume=resume,
    )  # fmt: skip


def pair(index: int, split: str, seed: int, side: int, even: bool) -> EditPair:
    """Samples the pair of a number: of the kind whose turn it is, in the first scene from there on that allows it."""
    priors, kind = EVEN if even else DEFAULT, KINDS[index % len(KINDS)]
    # Steps of a large prime keep the scenes of one pair apart from those of its neighbours.
    for scene in count(index, 1_000_003):
        made = sample_edit(split, seed, scene, kind=kind, side=side, priors=priors)
        if made is not None:
            return made
    raise AssertionError("unreachable: counting does not end")


def _draw(index: int, folder: Path | None, *, split: str, seed: int, side: int, even: bool) -> list[SceneGraph]:
    made = pair(index, split, seed, side, even)
    edits = [edit_to_dict(edit) for edit in made.edits]
    graphs = []
    for name, picture in (("before", made.before), ("after", made.after)):
        uri = image_name(split, seed, index).removesuffix(".png") + f"-{name}.png"
        if folder is not None:
            save_png(picture.image, folder / uri)
        source = replace(picture.graph.sources[0], uri=uri)
        told = {"pair": index, "kind": made.kind, "target": made.target, "which": name, "edits": edits}
        graphs.append(replace(picture.graph, sources=(source,), metadata={**picture.graph.metadata, **told}))
    return graphs
