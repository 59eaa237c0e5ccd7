"""Pictures and their targets as arrays on disk, made once: reading a graph and a file takes longer than a step.

A folder of files that are mapped into memory, named after a digest of what they were made from. Pictures that cannot be
read are named, each time that the folder is used, and left out; their graphs are too. When one of them has changed, the
folder is made anew.
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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.formats.media import media_folder
from usg.formats.problems import Problems
from usg.graph.elements import is_of
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.embedded.heads import NONE
from usg.parsers.image.embedded.letterbox import letterbox
from usg.parsers.image.embedded.settings import Words
from usg.parsers.image.loading import load_image
from usg.parsers.image.training.targets import Gold, gold_of, picture_source
from usg.progress import progress

VERSION = 3
_NO_PIXELS = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Pictures:
    """n pictures with m objects and r relations in all; see `usg.parsers.image.training.targets.Gold`.

    Attributes:
        images: (n, side, side, 3) bytes.
        files: (n,), which of the files or corpora the graph of each picture is in.
        graphs: (n,), its number there, from 0.
        positives: (n, side / 4, side / 4).
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
    files: NDArray[np.int32]
    graphs: NDArray[np.int32]
    positives: NDArray[np.int32]
    first_object: NDArray[np.int64]
    first_relation: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    values: NDArray[np.int32]
    masks: NDArray[np.bool_]
    masked: NDArray[np.bool_]
    relations: NDArray[np.int32]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.images)


def words_of(paths: Sequence[str], min_count: int) -> Words:
    """The words of what the pictures of graphs show, said `min_count` times at least: labels, values, predicates.

    The first value of each kind is "", which says that a thing has none. Attributes without a kind are not learnt.
    """
    labels, predicates = Counter[str](), Counter[str]()
    values: dict[str, Counter[str]] = {}
    for graph in progress(_graphs(paths), total=_count(paths), label=f"reading words of {', '.join(paths)}"):
        source = picture_source(graph)
        if source is None:
            continue
        labels.update(thing.label for thing in graph.objects if not thing.negated and is_of(thing, source.id))
        predicates.update(r.predicate for r in graph.relations if not r.negated and is_of(r, source.id))
        for a in graph.attributes:
            if a.kind and not a.negated and is_of(a, source.id):
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
    if folder.is_dir() and any(_stamp(one.picture) != one.stamp for one in _left_out(folder)):
        shutil.rmtree(folder)
    if not folder.is_dir():
        _prepare(paths, words, side, folder)
    for one in _left_out(folder):
        problems.add(one.where, one.reason)
    arrays = {f.name: np.load(folder / f"{f.name}.npy", mmap_mode="r") for f in fields(Pictures) if f.name != "images"}
    images = np.memmap(folder / "images.bin", np.uint8, "r").reshape(-1, side, side, 3)
    return Pictures(images=images, **arrays)


def graphs_of(data: Pictures, paths: Sequence[str], items: NDArray[np.int64]) -> list[tuple[str, SceneGraph]]:
    """The graphs that pictures were prepared from, each with the path of its picture.

    Args:
        data: what `prepared` made of `paths`.
        paths: as then.
        items: numbers of the pictures, rising.
    """
    found: list[tuple[str, SceneGraph]] = []
    for file, path in enumerate(paths):
        numbers = data.graphs[items[data.files[items] == file]].tolist()
        if numbers:
            graphs: Sequence[SceneGraph] = Corpus(path) if Path(path).is_dir() else list(read_graphs(path))
            found.extend((str(_picture(path, graphs[number])), graphs[number]) for number in numbers)
    return found


class _Read(NamedTuple):
    """A picture that was read, and where its graph is."""

    file: int
    graph: int
    square: NDArray[np.uint8]
    gold: Gold


class _LeftOut(NamedTuple):
    """A picture that cannot be used, and what changes when the file of it does."""

    where: str
    reason: str
    picture: str | None
    stamp: list[int] | None


def _prepare(paths: Sequence[str], words: Words, side: int, folder: Path) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    read: list[_Read] = []
    left_out: list[_LeftOut] = []
    with (part / "images.bin").open("wb") as images:
        for one in progress(_pictures(paths, words, side), total=_count(paths), label="reading pictures"):
            if isinstance(one, _LeftOut):
                left_out.append(one)
            else:
                images.write(one.square.tobytes())
                read.append(one._replace(square=_NO_PIXELS))
    if not read:
        first = f": {left_out[0].where}: {left_out[0].reason}" if left_out else ""
        raise ValueError(f"no picture of {', '.join(paths)} can be read; nothing to train on{first}")
    gold = [one.gold for one in read]
    arrays: dict[str, Any] = {
        "files": np.array([one.file for one in read], np.int32),
        "graphs": np.array([one.graph for one in read], np.int32),
        "positives": np.stack([one.positives for one in gold]),
        "first_object": np.cumsum([0, *(len(one.labels) for one in gold)]),
        "first_relation": np.cumsum([0, *(len(one.relations) for one in gold)]),
    }
    for name in ("boxes", "labels", "values", "masks", "masked", "relations"):
        arrays[name] = np.concatenate([getattr(one, name) for one in gold])
    for name, array in arrays.items():
        np.save(part / f"{name}.npy", array)
    (part / "left_out.json").write_text(json.dumps(left_out), encoding="utf-8")
    os.replace(part, folder)


def _pictures(paths: Sequence[str], words: Words, side: int) -> Iterator[_Read | _LeftOut]:
    for file, path in enumerate(paths):
        for number, graph in enumerate(read_graphs(path)):
            picture = _picture(path, graph)
            try:
                yield _Read(file, number, *_targets(graph, picture, words, side))
            except ValueError as error:
                shown = None if picture is None else str(picture)
                yield _LeftOut(f"{path}: graph {number + 1}", str(error), shown, _stamp(shown))


def _targets(graph: SceneGraph, picture: Path | None, words: Words, side: int) -> tuple[NDArray[np.uint8], Gold]:
    source = picture_source(graph)
    if source is None or picture is None:
        raise ValueError("it has no picture with a uri; give graphs of pictures")
    image = load_image(picture)
    if (source.width or image.width, source.height or image.height) != image.size:
        raise ValueError(
            f"{source.uri} has {image.width} x {image.height} pixels, its graph says {source.width} x {source.height}"
        )
    square, _ = letterbox(image, side)
    return square, gold_of(graph, source, words, side, image.size)


def _picture(path: str, graph: SceneGraph) -> Path | None:
    """The file of a graph's picture; None where the graph does not say."""
    source = picture_source(graph)
    return None if source is None or not source.uri else media_folder(path) / source.uri


def _left_out(folder: Path) -> list[_LeftOut]:
    return [_LeftOut(*one) for one in json.loads((folder / "left_out.json").read_text(encoding="utf-8"))]


def _stamp(picture: str | None) -> list[int] | None:
    """Size and time of a file; None where there is none."""
    if picture is None or not os.path.isfile(picture):
        return None
    state = os.stat(picture)
    return [state.st_size, state.st_mtime_ns]


def _graphs(paths: Sequence[str]) -> Iterator[SceneGraph]:
    for path in paths:
        yield from read_graphs(path)


def _count(paths: Sequence[str]) -> int | None:
    """How many graphs there are; None where a file would have to be read for it."""
    return sum(len(Corpus(path)) for path in paths) if all(Path(path).is_dir() for path in paths) else None


def _state(path: str) -> list[str | int]:
    """What changes when a file, or a corpus, does."""
    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(f"cannot read {path}: there is no such file or corpus folder")
    shown = file / "manifest.json" if file.is_dir() else file
    return [str(file.resolve()), shown.stat().st_size, shown.stat().st_mtime_ns]


def _frequent(counts: Counter[str], least: int) -> tuple[str, ...]:
    return tuple(sorted(word for word, count in counts.items() if count >= least))
