"""Which prediction belongs to which gold graph: by the uri of their picture or film, by its file name, or by order.

By uri, a gold graph without a prediction has none and counts as such; a prediction of what is not in the gold is an
error, as it is always a mistake of somebody's. By order, the numbers must agree, and where both sides name their
source the names must too, so that a file that lacks a line is refused and not scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, get_args

from usg.metrics.scene_graph.scene import Scene

Matching = Literal["uri", "name", "order"]
MATCHINGS: tuple[Matching, ...] = get_args(Matching)


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
    >>> said = [Scene("p", source=Source("i", "image", uri="b/2.png"))]
    >>> [scene and scene.name for scene in paired(said, gold, "name")]
    [None, 'p']
    """
    if matching == "order":
        return _by_order(predicted, gold, name)
    keys = [_key(scene, matching) for scene in gold]
    _refuse_twice(keys, "the gold graphs", matching)
    said = [_key(scene, matching) for scene in predicted]
    _refuse_twice(said, name, matching)
    known = set(keys)
    for key in said:
        if key not in known:
            hint = "; --match name compares file names alone" if matching == "uri" else ""
            raise ValueError(
                f"{name} has a graph of {key!r}, of which there is no gold graph (the first gold one is of "
                f"{keys[0]!r}){hint}"
            )
    table = dict(zip(said, predicted, strict=True))
    return [table.get(key) for key in keys]


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
