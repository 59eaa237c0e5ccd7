"""The graph transformer and its parts, and vectors of labels."""

from usg.nn.config import SIZES, GraphTransformerConfig, sized_config
from usg.nn.label_encoder import LabelEncoder
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
    "LabelEncoder",
    "graph_transformer_base",
    "graph_transformer_small",
    "graph_transformer_tiny",
    "sized_config",
]
