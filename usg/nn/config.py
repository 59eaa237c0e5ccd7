"""What a graph transformer is made of: the numbers that config.json beside a checkpoint holds."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usg.graph import EdgeType
from usg.names import unknown_name

ARCHITECTURE = "usg.GraphTransformer"
_VERSION = 2  # 1 had no kinds of attributes


@dataclass(frozen=True)
class GraphTransformerConfig:
    """Sizes and switches of a `GraphTransformer`.

    Args:
        dim: width of the node states.
        layers: number of blocks.
        heads: attention heads; divides `dim`.
        hidden: width of the feed-forward layer; `None` for 8/3 of `dim`, rounded up to a multiple of 32.
        dropout: share of values dropped in training, after attention and feed-forward layer.
        attention_dropout: share of attention weights dropped in training.
        octaves: sine and cosine pairs per coordinate of a box, time or span.
        edge_types: number of rows in the edge tables.
        two_hop: batches are packed with two-hop edges.
        dense: batches are packed with an edge between every two nodes of a graph.

    Raises:
        ValueError: a size is not positive, `heads` does not divide `dim`, or a dropout is not in [0, 1).

    >>> GraphTransformerConfig(dim=96, layers=2, heads=4).hidden_width
    256
    """

    dim: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int | None = None
    dropout: float = 0.0
    attention_dropout: float = 0.0
    octaves: int = 8
    edge_types: int = len(EdgeType)
    two_hop: bool = False
    dense: bool = False

    def __post_init__(self) -> None:
        for name in ("dim", "layers", "heads", "octaves", "edge_types"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"graph transformer with {name} {value!r}; expected a whole number >= 1")
        if self.dim % self.heads:
            raise ValueError(f"graph transformer of dim {self.dim} with {self.heads} heads; heads must divide dim")
        if self.hidden is not None and self.hidden < 1:
            raise ValueError(f"graph transformer with hidden {self.hidden!r}; expected None or a whole number >= 1")
        for name in ("dropout", "attention_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"graph transformer with {name} {getattr(self, name)!r}; expected a share in [0, 1)")

    @property
    def hidden_width(self) -> int:
        """Width of the feed-forward layer."""
        return self.hidden if self.hidden is not None else -(-self.dim * 8 // 96) * 32

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GraphTransformerConfig:
        """Reads what `to_dict` gave.

        Raises:
            ValueError: a key is not one of the configuration's.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(unknown_name("graph transformer setting", name, known))
        return cls(**values)


SIZES = {
    "tiny": GraphTransformerConfig(dim=128, layers=4, heads=4),
    "small": GraphTransformerConfig(dim=256, layers=6, heads=8),
    "base": GraphTransformerConfig(dim=512, layers=12, heads=8),
}
"""The named sizes: about 1, 5 and 40 million weights beside the label table."""


def sized_config(
    size: str = "tiny",
    *,
    dim: int | None = None,
    layers: int | None = None,
    heads: int | None = None,
    dropout: float = 0.0,
    two_hop: bool = False,
    dense: bool = False,
) -> GraphTransformerConfig:
    """The configuration of a named size, with single numbers replaced.

    Args:
        size: tiny, small or base.
        dim: width instead of the size's.
        layers: number of layers instead of the size's.
        heads: attention heads instead of the size's.
        dropout: share of values dropped in training.
        two_hop: two-hop edges.
        dense: edges between every two nodes of a graph.

    Raises:
        LookupError: there is no such size.
        ValueError: the numbers do not fit each other.

    >>> sized_config("small", layers=2).layers
    2
    """
    if size not in SIZES:
        raise LookupError(unknown_name("size", size, SIZES))
    known = SIZES[size]
    return dataclasses.replace(
        known,
        dim=known.dim if dim is None else dim,
        layers=known.layers if layers is None else layers,
        heads=known.heads if heads is None else heads,
        dropout=dropout,
        two_hop=two_hop,
        dense=dense,
    )


def write_config(path: str | os.PathLike[str], config: GraphTransformerConfig, vocabulary_digest: str) -> None:
    """Writes config.json: the architecture, its sizes, and which vocabulary the weights belong to."""
    content = {
        "architecture": ARCHITECTURE,
        "version": _VERSION,
        "vocabulary": vocabulary_digest,
        "config": config.to_dict(),
    }
    Path(path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_config(path: str | os.PathLike[str]) -> tuple[GraphTransformerConfig, str]:
    """Reads config.json.

    Returns:
        The configuration and the digest of the vocabulary.

    Raises:
        ValueError: the file is not JSON, of another architecture or version, or has an unknown setting.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON ({error}); expected the configuration of a graph transformer") from None
    if not isinstance(content, dict) or content.get("architecture") != ARCHITECTURE:
        found = content.get("architecture") if isinstance(content, dict) else None
        raise ValueError(f"{path} has architecture {found!r}, expected {ARCHITECTURE!r}; it is another model's")
    if content.get("version") != _VERSION:
        raise ValueError(f"{path} has version {content.get('version')!r}; this code reads {_VERSION}")
    try:
        return GraphTransformerConfig.from_dict(content["config"]), str(content["vocabulary"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a whole configuration: {error!r}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
