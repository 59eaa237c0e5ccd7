"""Pictures and their targets as arrays on disk, made once: reading a graph and a file takes longer than a step.

A folder of .npy files that are mapped into memory, named after a digest of what they were made from. Pictures that
cannot be read are named and left out; their graphs are too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.embedded.detector import NONE
from usg.parsers.image.embedded.fitting import fit
from usg.parsers.image.embedded.network import MASK, STRIDE
from usg.parsers.image.embedded.settings import Words
from usg.parsers.image.loading import ImageError, load_image
from usg.parsers.image.training.targets import Gold, gold_of, picture_source
from usg.progress import progress

VERSION = 2


@dataclass(frozen=True)
class Pictures:
    """n pictures with m objects and r relations in all; see `usg.parsers.image.training.targets.Gold`.

    Attributes:
        images: (n, side, side, 3) bytes.
        places: (n, side / 4, side / 4).
        first_object: (n + 1,), where the objects of each picture begin.
        first_relation: (n + 1,), likewise.
        boxes: (m, 4).
        labels: (m,).
        values: (m, kinds).
        masks: (m, 28, 28).
        masked: (m,).
        relations: (r, 3), objects numbered within their picture.
    """

    images: NDArray[np.uint8]
    places: NDArray[np.int16]
    first_object: NDArray[np.int64]
    first_relation: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int16]
    values: NDArray[np.int16]
    masks: NDArray[np.bool_]
    masked: NDArray[np.bool_]
    relations: NDArray[np.int16]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.images)


def words_of(paths: Sequence[str], min_count: int) -> Words:
    """The words of graphs: labels, values by kind and predicates, each with what is said at least `min_count` times.

    The first value of each kind is "", which says that a thing has none. Attributes without a kind are not learnt.
    """
    labels, predicates = Counter[str](), Counter[str]()
    values: dict[str, Counter[str]] = {}
    for graph in _graphs(paths):
        labels.update(thing.label for thing in graph.objects if not thing.negated)
        predicates.update(r.predicate for r in graph.relations if not r.negated)
        for a in graph.attributes:
            if a.kind and not a.negated:
                values.setdefault(a.kind, Counter())[a.value] += 1
    return Words(
        _frequent(labels, min_count),
        {kind: (NONE, *known) for kind in sorted(values) if (known := _frequent(values[kind], min_count))},
        _frequent(predicates, min_count),
    )


def prepared(paths: Sequence[str], words: Words, side: int, cache: Path, problems: Problems) -> Pictures:
    """The pictures of graph files, read from `cache` where they were prepared before.

    Args:
        paths: corpus folders or graph files; a picture's uri is relative to its folder, or to that of its file.
        words: what is learnt.
        side: of the square.
        cache: folder of all that was prepared.
        problems: is told of pictures that cannot be read.

    Raises:
        ValueError: no picture can be read.
        FileNotFoundError: a file of graphs is missing.
    """
    told = {"version": VERSION, "paths": [_state(path) for path in paths], "words": words.to_dict(), "side": side}
    folder = cache / hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    if not folder.is_dir():
        _prepare(paths, words, side, folder, problems)
    return Pictures(**{field.name: np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in fields(Pictures)})


def _prepare(paths: Sequence[str], words: Words, side: int, folder: Path, problems: Problems) -> None:
    total = sum(_count(path) for path in paths)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    images = np.lib.format.open_memmap(part / "images.npy", "w+", np.uint8, (total, side, side, 3))
    gold: list[Gold] = []
    for name, graph, square, scale in progress(_pictures(paths, side, problems), total=total, label="reading pictures"):
        source = picture_source(graph)
        assert source is not None
        try:
            one = gold_of(graph, source, words, side, scale)
        except ValueError as error:
            problems.add(name, str(error))
            continue
        images[len(gold)] = square
        gold.append(one)
    if not gold:
        raise ValueError(f"no picture of {', '.join(paths)} can be read; nothing to train on")
    images.flush()
    if len(gold) < total:  # some could not be read
        np.save(part / "images.npy", np.array(images[: len(gold)]))
    cells = side // STRIDE
    shapes = {"places": (-1, cells, cells), "masks": (-1, MASK, MASK)}
    np.save(part / "places.npy", np.stack([one.places for one in gold]))
    np.save(part / "first_object.npy", np.cumsum([0, *(len(one.labels) for one in gold)]))
    np.save(part / "first_relation.npy", np.cumsum([0, *(len(one.relations) for one in gold)]))
    for name in ("boxes", "labels", "values", "masks", "masked", "relations"):
        joined = np.concatenate([getattr(one, name) for one in gold])
        np.save(part / f"{name}.npy", joined.reshape(shapes[name]) if name in shapes else joined)
    os.replace(part, folder)


def _pictures(
    paths: Sequence[str], side: int, problems: Problems
) -> Iterator[tuple[str, SceneGraph, NDArray[np.uint8], float]]:
    for path in paths:
        root = Path(path) if Path(path).is_dir() else Path(path).parent
        for number, graph in enumerate(read_graphs(path), 1):
            name = f"{path}: graph {number}"
            source = picture_source(graph)
            if source is None or not source.uri:
                problems.add(name, "it has no picture with a uri; give graphs of pictures")
                continue
            try:
                image = load_image(root / source.uri)
            except ImageError as error:
                problems.add(name, str(error))
                continue
            if (source.width or image.width, source.height or image.height) != image.size:
                problems.add(
                    name,
                    f"{source.uri} has {image.width} x {image.height} pixels, its graph says "
                    f"{source.width} x {source.height}",
                )
                continue
            square, scale = fit(image, side)
            yield name, graph, square, scale


def _graphs(paths: Sequence[str]) -> Iterator[SceneGraph]:
    for path in paths:
        yield from progress(read_graphs(path), total=_count(path), label=f"reading words of {path}")


def _count(path: str) -> int:
    """How many graphs a file or corpus has."""
    return len(Corpus(path)) if Path(path).is_dir() else sum(1 for _ in read_graphs(path))


def _state(path: str) -> list[str | int]:
    """What changes when a file, or a corpus, does."""
    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(f"cannot read {path}: there is no such file or corpus folder")
    shown = file / "manifest.json" if file.is_dir() else file
    return [str(file.resolve()), shown.stat().st_size, shown.stat().st_mtime_ns]


def _frequent(counts: Counter[str], least: int) -> tuple[str, ...]:
    return tuple(sorted(word for word, count in counts.items() if count >= least))
