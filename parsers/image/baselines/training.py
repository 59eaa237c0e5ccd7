"""What baselines learn from: the pictures of a corpus with their scenes, or, where none is named, of the world.

Pictures are found from where their graphs lie, see usg/formats/media.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from usg.formats import read_graphs
from usg.formats.media import media_folder
from usg.metrics.scene_graph.scene import Scene, scene_of
from usg.parsers.image.loading import load_image

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = 500
"""Of the world, split train, where no corpus is given; and at most so many of a corpus where pixels are looked at."""


def scenes(corpus: str | os.PathLike[str] | None) -> Iterator[Scene]:
    """The scenes of a corpus, all of them.

    Args:
        corpus: a file or folder of graphs in any format, or None for the world.

    Raises:
        FileNotFoundError, ValueError: there are no such graphs, or one has no picture.
    """
    if corpus is None:
        yield from (scene for scene, _ in _world())
    else:
        for number, graph in enumerate(read_graphs(corpus), 1):
            yield scene_of(graph, "image", f"graph {number} of {corpus}")


def pictures(corpus: str | os.PathLike[str] | None, most: int = PICTURES) -> Iterator[tuple[Scene, Image]]:
    """The first scenes of a corpus with their pictures.

    Args:
        corpus: as of `scenes`.
        most: how many.

    Raises:
        FileNotFoundError, ValueError: as `scenes`; or a picture is not there.

    >>> [(len(scene.things) > 0, picture.size) for scene, picture in pictures(None, 1)]
    [(True, (128, 128))]
    """
    if corpus is None:
        yield from _world(most)
        return
    for scene in islice(scenes(corpus), most):
        yield scene, load_image(picture_path(corpus, scene))


def picture_path(corpus: str | os.PathLike[str], scene: Scene) -> Path:
    """Where the picture of a scene is.

    Raises:
        FileNotFoundError: it is not there, or the scene does not say.
    """
    folder = media_folder(corpus)
    uri = scene.source.uri if scene.source is not None else None
    if uri is None or not (folder / uri).is_file():
        raise FileNotFoundError(
            f"{scene.name} is of the picture {uri!r}, which is not in {folder}; a corpus says where its pictures are, "
            "relative to its folder"
        )
    return folder / uri


def _world(most: int = PICTURES) -> Iterator[tuple[Scene, Image]]:
    from PIL import Image

    from usg.world.pixels import sample_picture

    for index in range(most):
        made = sample_picture("train", 0, index)
        yield scene_of(made.graph, "image", f"picture {index} of the world"), Image.fromarray(made.image)
