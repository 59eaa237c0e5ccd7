"""From graph states into any causal language model: three bridges, and the graph in words."""

from usg.nn.bridge.cross_attention import CrossAttentionBridge
from usg.nn.bridge.graph_language_model import BRIDGES, GraphLanguageModel, make_bridge
from usg.nn.bridge.interface import Bridge, Places
from usg.nn.bridge.language_model import LoRA, load_language_model
from usg.nn.bridge.prefix import PrefixBridge
from usg.nn.bridge.prompts import GRAPH, Names, PromptWriter
from usg.nn.bridge.resampler import ResamplerBridge
from usg.nn.bridge.saving import (
    BridgeSettings,
    build_graph_language_model,
    load_graph_language_model,
    save_graph_language_model,
)
from usg.nn.bridge.text import graph_text

__all__ = [
    "BRIDGES",
    "GRAPH",
    "Bridge",
    "BridgeSettings",
    "CrossAttentionBridge",
    "GraphLanguageModel",
    "LoRA",
    "Names",
    "Places",
    "PrefixBridge",
    "PromptWriter",
    "ResamplerBridge",
    "build_graph_language_model",
    "graph_text",
    "load_graph_language_model",
    "load_language_model",
    "make_bridge",
    "save_graph_language_model",
]
