"""`ImageParser`: a picture, or a stream of any number of them, to scene graphs.

Three parts, each replaceable: a detector (usg/parsers/image/detector.py), an attribute head and a relation head
(usg/parsers/image/heads.py), all of which read a batch of pictures at a time. The parser does around them what all
need: it reads pictures of any kind, cuts boxes to the picture, applies one threshold, names itself in the source of
every graph, and when a picture makes a batch fail it reads them one by one, so that no neighbour is lost.

**The threshold** is the least score of anything in the graph: of an object that it is there and is what its label says,
of an attribute or relation that it holds given its objects. Where the detector is calibrated
(usg/parsers/image/calibration.py) a score is a probability: 0.5 keeps what is more likely right than wrong. The scores
of an outside detector are its own until `calibration` is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph
from usg.heap import garbage_kept
from usg.parsers.image.build import SOURCE, build_graph, keep
from usg.parsers.image.calibration import Calibration
from usg.parsers.image.detector import Detections, Detector
from usg.parsers.image.heads import AttributeHead, AttributeScore, RelationHead, RelationScore, ask, one_each
from usg.parsers.image.loading import ImageError, ImageInput, describe_input, load_image, uri_of
from usg.parsers.image.names import make_detector, make_heads

if TYPE_CHECKING:
    from PIL.Image import Image

PARSER = "usg.image"
"""What the sources of graphs name as their parser."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be parsed, and why: one line that names it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the three parts say of a picture, before it is a graph.

    Attributes:
        size: width and height of the picture, pixels.
        found: its regions, by falling score.
        attributes: of the regions that score the threshold at least, by their numbers in `found`.
        relations: between these, likewise; neither they nor the attributes are cut at the threshold.
    """

    size: tuple[int, int]
    found: Detections
    attributes: Sequence[AttributeScore]
    relations: Sequence[RelationScore]


class ImageParser:
    """Parses pictures to scene graphs.

    Args:
        detector: an object with `version` and `detect(images, threshold)`, or the name of one: a short name
            (usg/parsers/image/names.py), a file .onnx, a folder of `usg train-parser image`, a folder or hub name of a
            Hugging Face detector, or the dotted path of a class; the shipped one when None.
        attributes: an attribute head or its name, as the hub name of a CLIP, or "none"; the detector's own when None,
            where it has one.
        relations: a relation head or its name, as "geometry", or "none"; likewise.
        threshold: least score of what is in the graph, see the module docstring.
        labels: what an open-vocabulary detector that is given by name looks for.
        class_names: of the classes of a detector that is given by name and has none.
        calibration: turns the detector's scores into probabilities.
        max_objects: most objects of a graph, the best ones; pairs grow with its square.

    Raises:
        ValueError: a number is out of range, or what is named cannot be loaded.
        LookupError: there is no such name.
        FileNotFoundError: there is no such model.
        TypeError: what is given is no detector.

    Example:
        >>> import numpy as np
        >>> picture = np.full((64, 96, 3), 255, np.uint8)
        >>> picture[16:48, 16:48] = (200, 30, 30)
        >>> graph = ImageParser("setok", relations="geometry")(picture)
        >>> graph.sources[0].width, graph.sources[0].height, len(graph.objects) >= 1
        (96, 64, True)
    """

    def __init__(
        self,
        detector: Detector | str | os.PathLike[str] | None = None,
        *,
        attributes: AttributeHead | str | os.PathLike[str] | None = None,
        relations: RelationHead | str | os.PathLike[str] | None = None,
        threshold: float = 0.5,
        labels: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        calibration: Calibration | None = None,
        max_objects: int = 100,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"the threshold is {threshold}, expected a number in [0, 1]")
        if max_objects < 1:
            raise ValueError(f"max_objects is {max_objects}, expected at least 1")
        self.detector = make_detector(detector, labels=labels, class_names=class_names)
        self.attributes, self.relations = make_heads(self.detector, attributes, relations)
        self.threshold, self.calibration, self.max_objects = threshold, calibration, max_objects

    def __repr__(self) -> str:
        return f"ImageParser({self.version!r}, threshold={self.threshold})"

    @property
    def version(self) -> str:
        """What stands as `parser_version` in the source of every graph: the names and versions of the parts."""
        parts = (self.detector, self.attributes, self.relations)
        return " + ".join(part.version for part in parts if part is not None)

    def __call__(self, image: ImageInput, *, uri: str | None = None) -> SceneGraph:
        """The scene graph of one picture.

        Args:
            image: a path, the bytes of a file, a Pillow image or an array (usg/parsers/image/loading.py).
            uri: of the source; the path, where it is one, when None.

        Raises:
            ImageError: the picture cannot be read, or a part fails on it.
            TypeError: `image` is no picture.
        """
        (graph,) = self.read([image], [uri])
        if isinstance(graph, Failure):
            raise ImageError(graph.reason)
        return graph

    @overload
    def pipe(
        self,
        images: Iterable[ImageInput],
        batch_size: int = ...,
        *,
        as_tuples: Literal[False] = ...,
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[SceneGraph]: ...

    @overload
    def pipe(
        self,
        images: Iterable[tuple[ImageInput, Any]],
        batch_size: int = ...,
        *,
        as_tuples: Literal[True],
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[tuple[SceneGraph, Any]]: ...

    def pipe(
        self,
        images: Iterable[Any],
        batch_size: int = 8,
        *,
        as_tuples: bool = False,
        on_error: Callable[[int, str], None] | None = None,
    ) -> Iterator[Any]:
        """The scene graph of each picture, in order and lazily: a batch of pictures is in memory at a time.

        Args:
            images: as for a call, or pairs of one and anything with `as_tuples`.
            batch_size: pictures that the detector reads together.
            as_tuples: take pairs (image, context) and give pairs (graph, context).
            on_error: called with the number of a picture, from 0, that cannot be parsed, and the reason, before its
                graph, which then has no objects, is given; without it such a picture raises.

        Yields:
            A graph for each picture.

        Raises:
            ImageError: a picture cannot be parsed and there is no `on_error`; the graphs of those before it are given.
            TypeError: an item is no picture.
            ValueError: the batch size is not positive.

        Example:
            >>> import numpy as np
            >>> parser = ImageParser("setok")
            >>> failed = []
            >>> pictures = [np.zeros((8, 8), np.uint8), b"text", np.zeros((9, 9), np.uint8)]
            >>> len(list(parser.pipe(pictures, on_error=lambda i, reason: failed.append(reason))))
            3
            >>> failed
            ["4 bytes: no picture that Pillow reads; it begins with b'text'"]
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected at least 1")
        return self._pipe(iter(images), batch_size, as_tuples, on_error)

    def _pipe(
        self,
        items: Iterator[Any],
        batch_size: int,
        as_tuples: bool,
        on_error: Callable[[int, str], None] | None,
    ) -> Iterator[Any]:
        number = 0
        while batch := list(islice(items, batch_size)):
            images = [item[0] for item in batch] if as_tuples else batch
            for item, image, graph in zip(batch, images, self.read(images), strict=True):
                if isinstance(graph, Failure):
                    if on_error is None:
                        raise ImageError(graph.reason)
                    on_error(number, graph.reason)
                    graph = SceneGraph((self._source((None, None), uri_of(image)),))
                yield (graph, item[1]) if as_tuples else graph
                number += 1

    def read(
        self, images: Sequence[ImageInput], uris: Sequence[str | None] | None = None
    ) -> list[SceneGraph | Failure]:
        """The graph of each picture of a batch, or why there is none; no error is raised for a picture.

        Args:
            images: the batch.
            uris: of their sources; None where the path, if there is one, is meant.

        Raises:
            TypeError: an item is no picture.
        """
        names = [(uris[i] if uris is not None else None) or uri_of(image) for i, image in enumerate(images)]
        with garbage_kept():
            return [
                seen if isinstance(seen, Failure) else self._graph(seen, names[i], describe_input(images[i]))
                for i, seen in enumerate(self.examine(images, names))
            ]

    def examine(
        self, images: Sequence[ImageInput], names: Sequence[str | None] | None = None, *, least: float | None = None
    ) -> list[Seen | Failure]:
        """What the parts say of each picture of a batch, without a graph; no error is raised for a picture.

        Args:
            images: the batch.
            names: what failures call them; a description of the picture where None.
            least: regions down to this score are found too; the heads do not read them. The threshold when None.

        Raises:
            TypeError: an item is no picture.
        """
        least = self.threshold if least is None else min(least, self.threshold)
        pictures = [_loaded(image) for image in images]
        looked = iter(self._look([picture for picture in pictures if not isinstance(picture, Failure)], least))
        results: list[Seen | Failure] = []
        for i, picture in enumerate(pictures):
            seen = picture if isinstance(picture, Failure) else next(looked)
            if isinstance(seen, Failure) and seen is not picture:
                name = names[i] if names is not None else None
                seen = Failure(f"{name or describe_input(images[i])}: {seen.reason}")
            results.append(seen)
        return results

    def _look(self, images: Sequence[Image], least: float) -> list[Seen | Failure]:
        """What the parts say; the picture that makes a batch fail is found by giving them each by itself."""
        if not images:
            return []
        try:
            return list(self._seen(images, least))
        except ImportError:  # a missing package is not the picture's fault
            raise
        except Exception as error:
            if len(images) == 1:
                return [Failure(f"{self.version}: {reason_of(error)}")]
            return [result for image in images for result in self._look([image], least)]

    def _seen(self, images: Sequence[Image], least: float) -> list[Seen]:
        score = least if self.calibration is None else self.calibration.score(least)
        found = one_each(self.detector.detect(images, score), images)
        kept = [
            keep(each, image.size, least, self.max_objects, self.calibration)
            for image, each in zip(images, found, strict=True)
        ]
        # By falling score, so that those that the heads read have the same numbers among all.
        confident = kept
        if least < self.threshold:
            confident = [each.select(np.flatnonzero(each.scores >= self.threshold)) for each in kept]
        values = ask(self.attributes.attributes, images, confident, 1) if self.attributes else [()] * len(images)
        predicates = ask(self.relations.relations, images, confident, 2) if self.relations else [()] * len(images)
        for regions, a, r in zip(confident, values, predicates, strict=True):
            for i in [each.object for each in a] + [i for each in r for i in (each.subject, each.object)]:
                if not 0 <= i < len(regions):
                    raise ValueError(f"a head names region {i}; the regions are 0 to {len(regions) - 1}")
        sizes = [image.size for image in images]
        return [Seen(*each) for each in zip(sizes, kept, values, predicates, strict=True)]

    def _graph(self, seen: Seen, uri: str | None, name: str) -> SceneGraph | Failure:
        try:
            source = self._source(seen.size, uri)
            return build_graph(seen.found, seen.attributes, seen.relations, source, self.threshold)
        except ValueError as error:  # a head said what no graph can hold
            return Failure(f"{uri or name}: {self.version}: {reason_of(error)}")

    def _source(self, size: tuple[int | None, int | None], uri: str | None) -> Source:
        width, height = size
        return Source(SOURCE, "image", uri=uri, width=width, height=height, parser=PARSER, parser_version=self.version)


def _loaded(image: ImageInput) -> Image | Failure:
    try:
        return load_image(image)
    except ImageError as error:
        return Failure(str(error))


def reason_of(error: Exception) -> str:
    """Why a part failed, in one line; the kind of error is told where it is not the one that parts are to raise."""
    words = " ".join(str(error).split())[:200]
    return words if isinstance(error, ValueError) and words else f"{type(error).__name__}: {words}"
