"""Which prediction belongs to which gold graph: by the uri of their picture or film, by its file name, or by order.

By uri, two are of one file where the uris are equal or one is the end of the other, whole parts of the path: a corpus
names its pictures relative to its folder (images/7.png), another file of graphs relative to its own
(world/images/7.png, ../world/images/7.png; the way up is no part of the path). Of several such the longest counts, and
where that leaves a choice nothing is guessed.

By uri and by name, a gold graph without a prediction has none and counts as such; a prediction of what is not in the
gold is an error, as it is always a mistake of somebody's. By order, the numbers must agree, and where both sides name
their source the names must too, so that a file that lacks a line is refused and not scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import dropwhile
from pathlib import PurePosixPath
from typing import Literal, get_args

from usg.metrics.scene_graph.scene import Scene

Matching = Literal["uri", "name", "order"]
MATCHINGS: tuple[Matching, ...] = get_args(Matching)

_Parts = tuple[str, ...]


def default_matching(predicted: Sequence[Scene], gold: Sequence[Scene]) -> Matching:
    """`uri` where every graph on both sides has one that no other of its side has, else `order`."""
    sides = [[_uri(scene) for scene in side] for side in (predicted, gold)]
    return "uri" if all(None not in side and len(set(side)) == len(side) for side in sides) else "order"


def paired(
    predicted: Sequence[Scene], gold: Sequence[Scene], matching: Matching, name: str = "the predictions"
) -> list[Scene | None]:
    """The prediction of each gold scene, None where there is none.

    Args:
        predicted: scenes in any order.
        gold: scenes.
        matching: how they are brought together.
        name: of the predictions, for errors.

    Raises:
        ValueError: they do not fit together; the message says where.

    >>> from usg.graph import Source
    >>> gold = [Scene("g", source=Source("i", "image", uri=uri)) for uri in ("a/1.png", "a/2.png")]
    >>> said = [Scene("p", source=Source("i", "image", uri="world/a/2.png"))]
    >>> [scene and scene.name for scene in paired(said, gold, "uri")]
    [None, 'p']
    """
    if matching == "order":
        return _by_order(predicted, gold, name)
    true, said = ([_key(scene, matching) for scene in side] for side in (gold, predicted))
    _refuse_twice(true, "the gold graphs", matching)
    _refuse_twice(said, name, matching)
    found: list[Scene | None] = [None] * len(gold)
    places = _places(said, true, name, matching)
    for scene, key, place in zip(predicted, said, places, strict=True):
        if (taken := found[place]) is not None:
            raise ValueError(
                f"{name} has {_key(taken, matching)!r} and {key!r}, which both fit the gold "
                f"{true[place]!r}; score the predictions of one folder at a time"
            )
        found[place] = scene
    return found


def _places(said: Sequence[str], gold: Sequence[str], name: str, matching: Matching) -> list[int]:
    """The number of the gold key that each predicted one belongs to."""
    exact = {key: number for number, key in enumerate(gold)}
    whole: dict[_Parts, list[int]] = defaultdict(list)
    ends: dict[_Parts, list[int]] = defaultdict(list)
    for number, key in enumerate(gold):
        path = _parts(key)
        whole[path].append(number)
        for end in _ends(path):
            ends[end].append(number)
    places = []
    for key in said:
        path = _parts(key)
        # The gold path itself, one that ends in this, or the longest that this ends in.
        longer = [exact[key]] if key in exact else whole.get(path) or ends.get(path, [])
        found = longer or next((whole[end] for end in _ends(path) if end in whole), [])
        if not found:
            hint = "; --match name compares file names alone" if matching == "uri" else ""
            raise ValueError(
                f"{name} has a graph of {key!r}, of which there is no gold graph (the first gold one is of "
                f"{gold[0]!r}){hint}"
            )
        if len(found) > 1:
            raise ValueError(
                f"{name} has a graph of {key!r}, and the gold graphs of {gold[found[0]]!r} and {gold[found[1]]!r} both "
                "end so; give predictions with longer paths"
            )
        places += found
    return places


def _parts(key: str) -> _Parts:
    """The folders and the name of a path, without the way up that it begins with."""
    return tuple(dropwhile("..".__eq__, PurePosixPath(key).parts))


def _ends(path: _Parts) -> list[_Parts]:
    """The path and what is left of it without its first folders, the longest first."""
    return [path[start:] for start in range(len(path))]


def _by_order(predicted: Sequence[Scene], gold: Sequence[Scene], name: str) -> list[Scene | None]:
    if len(predicted) != len(gold):
        raise ValueError(
            f"{name} has {len(predicted)} graphs and the gold file {len(gold)}; matched by order there must be one for "
            "each (--match uri or name allows for missing ones)"
        )
    for number, (one, two) in enumerate(zip(predicted, gold, strict=True), 1):
        said, true = _uri(one), _uri(two)
        if said and true and PurePosixPath(said).name != PurePosixPath(true).name:
            raise ValueError(f"graph {number} of {name} is of {said!r}, the gold graph of {true!r}; sort them alike, "
                             "or use --match uri or name")  # fmt: skip
    return list(predicted)


def _uri(scene: Scene) -> str | None:
    return scene.source.uri if scene.source is not None else None


def _key(scene: Scene, matching: Matching) -> str:
    uri = _uri(scene)
    if not uri:
        raise ValueError(f"{scene.name} does not say of what it is (its source has no uri); use --match order")
    return PurePosixPath(uri).name if matching == "name" else uri


def _refuse_twice(keys: Sequence[str], name: str, matching: Matching) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{name} have {twice!r} twice; matched by {matching} each must stand once")
