"""The encoder's sizes by name, without importing torch: what `model.size` may say."""

from usg.names import unknown_name
from usg.nn.config import GraphTransformerConfig

# As the builders of usg.nn: width, layers, heads.
SIZES = {"tiny": (128, 4, 4), "small": (256, 6, 8), "base": (512, 12, 8)}


def encoder_config(
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
        dim: width.
        layers: number of layers.
        heads: attention heads.
        dropout: share of values dropped in training.
        two_hop: two-hop edges.
        dense: edges between every two nodes of a graph.

    Raises:
        LookupError: there is no such size.

    Example:
        >>> encoder_config("small", layers=2).layers
        2
    """
    if size not in SIZES:
        raise LookupError(unknown_name("size", size, SIZES))
    width, depth, many = SIZES[size]
    return GraphTransformerConfig(
        dim=width if dim is None else dim,
        layers=depth if layers is None else layers,
        heads=many if heads is None else heads,
        dropout=dropout,
        two_hop=two_hop,
        dense=dense,
    )
