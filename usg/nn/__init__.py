"""The graph transformer and its parts."""

from usg.nn.config import SIZES, GraphTransformerConfig, sized_config
from usg.nn.transformer import (
    GraphTransformer,
    graph_transformer_base,
    graph_transformer_small,
    graph_transformer_tiny,
)

__all__ = [
    "SIZES",
    "GraphTransformer",
    "GraphTransformerConfig",
    "graph_transformer_base",
    "graph_transformer_small",
    "graph_transformer_tiny",
    "sized_config",
]
