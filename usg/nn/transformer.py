"""The graph transformer: the encoder of scene graphs that everything learned here shares.

A batch of graphs in Levi form goes in, one state per node comes out. Attention runs along the typed edges of the batch,
with a key, a value and a bias per edge type, so direction and role are part of what is heard; the graph node hears and
is heard by all. Words of captions and questions are nodes too and use the same weights, but no graph node hears them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from huggingface_hub import ModelHubMixin
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recomputed

from usg.batch import GraphBatch, Texts, Vocabulary, pack
from usg.graph import NodeKind, SceneGraph
from usg.nn import checkpoint
from usg.nn.block import Block
from usg.nn.config import GraphTransformerConfig, sized_config
from usg.nn.label_embedding import LabelEmbedding
from usg.nn.node_embedding import NodeEmbedding
from usg.nn.prediction import LabelHead

_CARD = """---
{{ card_data }}
---

A graph transformer over scene graphs, saved by the library usg:

```python
from usg.nn import GraphTransformer

model = GraphTransformer.from_pretrained("this folder, or owner/name on the hub")
```
"""


class GraphTransformer(
    nn.Module,
    ModelHubMixin,
    library_name="usg",
    license="apache-2.0",
    tags=["scene-graph"],
    model_card_template=_CARD,
):
    """Letters: n nodes, d width, t states, V labels.

    Args:
        config: sizes.
        vocabulary: the labels; saved with the weights, which mean nothing without it.

    Attributes:
        recompute: keep only what goes between blocks for the gradient, and compute the rest a second time (Chen et al.
            2016, https://arxiv.org/abs/1604.06174): less memory, more time, the same bits.

    >>> from usg.graph import Relation, SceneObject
    >>> scene = SceneGraph(
    ...     objects=[SceneObject("a", "man"), SceneObject("b", "horse")], relations=[Relation("r", "a", "riding", "b")]
    ... )
    >>> model = GraphTransformer(GraphTransformerConfig(dim=32, layers=1, heads=2), Vocabulary.from_graphs([scene]))
    >>> states = model(model.pack([scene]))
    >>> states.shape, model.label_logits(states[1:3], NodeKind.OBJECT).shape
    (torch.Size([4, 32]), torch.Size([2, 6]))
    """

    def __init__(self, config: GraphTransformerConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.recompute = False
        self.labels = LabelEmbedding(vocabulary, config.dim)
        self.nodes = NodeEmbedding(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.head = LabelHead(vocabulary, config.dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Truncated normal of deviation 0.02; the 2L terms added to the residual stream less, by the root of 2L.

        Labels start at 0.1 and the head's bias at their log frequency, which halves the steps that a small vocabulary
        or a short training needs.
        """
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" in name:
                nn.init.ones_(parameter)
            else:
                std = 0.02
                if name.endswith(("out.weight", "down.weight")):
                    std /= math.sqrt(2 * self.config.layers)
                elif name == "labels.ids":
                    std = 0.1
                elif name == "labels.buckets":
                    std = 0.4  # a label is the mean of about 16 of them, and should weigh as much as its own row
                nn.init.trunc_normal_(parameter, std=std, a=-3 * std, b=3 * std)
        self.head.reset_bias(self.vocabulary)

    @property
    def num_parameters(self) -> int:
        """Weights without the label table, which grows with the vocabulary."""
        table = {id(parameter) for parameter in self.labels.parameters()} | {id(self.head.bias)}
        return sum(parameter.numel() for parameter in self.parameters() if id(parameter) not in table)

    def forward(self, batch: GraphBatch) -> Tensor:
        """`(n, d)` the state of every node of the batch.

        Raises:
            ValueError: the batch was packed with another vocabulary.
        """
        x = self.nodes(batch, self.labels(batch))
        for block in self.blocks:
            if self.recompute and torch.is_grad_enabled():
                x = recomputed(block, x, batch.graph, batch.edge_type, use_reentrant=False)
            else:
                x = block(x, batch.graph, batch.edge_type)
        return self.norm(x)

    def label_logits(self, states: Tensor, kind: NodeKind | None = None) -> Tensor:
        """`(t, V)` how well each label fits each of `(t, d)` states.

        Args:
            states: states of nodes, as `forward` gives them.
            kind: only labels seen as this kind of node, the others are -inf; `None` for all but the specials.
        """
        return self.head(states, self.labels.known(), kind)

    def pack(
        self, graphs: Sequence[SceneGraph], words: Sequence[Texts] | None = None, grounding: bool = False
    ) -> GraphBatch:
        """Packs graphs for this model: its vocabulary, its edges, its device; see `usg.batch.pack`."""
        batch = pack(
            graphs,
            self.vocabulary,
            words=words,
            grounding=grounding,
            two_hop=self.config.two_hop,
            dense=self.config.dense,
        )
        return batch.to(self.norm.weight.device)

    def _save_pretrained(self, save_directory: Path) -> None:
        checkpoint.save(self, save_directory)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        vocabulary: Vocabulary | None = None,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        local_files_only: bool = False,
    ) -> GraphTransformer:
        """Loads what `save_pretrained` wrote or `push_to_hub` sent.

        Args:
            pretrained_model_name_or_path: a folder, or `owner/name` on the Hugging Face hub.
            vocabulary: the vocabulary the caller's data was prepared with, to be sure that it is the checkpoint's.
            revision: branch, tag or commit on the hub; this and the following are unused for a folder.
            token: for private models, as in `huggingface_hub.hf_hub_download`.
            cache_dir: where downloads are kept.
            local_files_only: use only what was downloaded before.

        Raises:
            FileNotFoundError: there is no such folder or model, or it lacks a file.
            ValueError: a file is broken, or the weights belong to another vocabulary.
        """
        files = checkpoint.locate(pretrained_model_name_or_path, revision, token, cache_dir, local_files_only)
        config, known = checkpoint.read(files, vocabulary)
        # A load must not advance the caller's random numbers.
        with torch.random.fork_rng(devices=[]):
            model = cls(config, known)
        checkpoint.load_weights(model, files)
        return model.eval()


def graph_transformer_tiny(
    vocabulary: Vocabulary, *, dropout: float = 0.0, two_hop: bool = False, dense: bool = False
) -> GraphTransformer:
    """About 1 M weights beside the label table: 128 wide, 4 layers, 4 heads."""
    return GraphTransformer(sized_config("tiny", dropout=dropout, two_hop=two_hop, dense=dense), vocabulary)


def graph_transformer_small(
    vocabulary: Vocabulary, *, dropout: float = 0.0, two_hop: bool = False, dense: bool = False
) -> GraphTransformer:
    """About 5 M weights beside the label table: 256 wide, 6 layers, 8 heads."""
    return GraphTransformer(sized_config("small", dropout=dropout, two_hop=two_hop, dense=dense), vocabulary)


def graph_transformer_base(
    vocabulary: Vocabulary, *, dropout: float = 0.0, two_hop: bool = False, dense: bool = False
) -> GraphTransformer:
    """About 40 M weights beside the label table: 512 wide, 12 layers, 8 heads."""
    return GraphTransformer(sized_config("base", dropout=dropout, two_hop=two_hop, dense=dense), vocabulary)
