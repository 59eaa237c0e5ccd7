"""A graph encoder, a bridge and a causal language model as one model: graphs and prompts in, words out.

Prompts become token ids with places for graph tokens (usg/nn/bridge/prompts.py); words are embedded by the language
model, graph tokens come from the bridge, and the language model reads both as `inputs_embeds`. It is trained on the
answer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.batch.words import MASK
from usg.graph import SceneGraph
from usg.names import unknown_name
from usg.nn.bridge.cross_attention import CrossAttentionBridge, decoder_layers
from usg.nn.bridge.interface import Places
from usg.nn.bridge.language_model import LoRA, add_lora, context_length, embedding_size, end_tokens, with_padding
from usg.nn.bridge.prefix import PrefixBridge
from usg.nn.bridge.prompts import IGNORED, SOFT, Names, PromptBatch, PromptWriter, Turns, by_length
from usg.nn.bridge.resampler import ResamplerBridge
from usg.nn.bridge.text import pieces
from usg.nn.transformer import GraphTransformer

__all__ = ["BRIDGES", "GraphLanguageModel", "make_bridge"]

BRIDGES = ("prefix", "resampler", "xattn", "text")
"""Short names; `text` is no bridge: the graph is in words alone."""


def make_bridge(name: str, encoder: GraphTransformer, language_model: Any, *, latents: int = 32, every: int = 4) -> Any:
    """A bridge by its short name, of the right sizes; `None` for `text`.

    Args:
        name: of `BRIDGES`.
        encoder: whose states go in.
        language_model: whose embeddings it stands among.
        latents: of the resampler.
        every: layers of the language model between two that read, of `xattn`.

    Raises:
        LookupError: there is no such bridge.
    """
    dim, (width, size) = encoder.config.dim, embedding_size(language_model)
    if name == "prefix":
        return PrefixBridge(dim, width, size)
    if name == "resampler":
        return ResamplerBridge(dim, width, size, latents)
    if name == "xattn":
        layers = decoder_layers(language_model)
        hidden = int(getattr(language_model.config, "hidden_size", width))
        return CrossAttentionBridge(dim, hidden, len(layers), every)
    if name == "text":
        return None
    raise LookupError(unknown_name("bridge", name, BRIDGES))


class GraphLanguageModel(nn.Module):
    """Letters: n nodes, b prompts, l tokens, D width of the language model's embeddings.

    Args:
        encoder: of graphs.
        language_model: any causal language model of transformers. It is frozen here, but for `lora`.
        tokenizer: its own.
        bridge: a short name of `BRIDGES`, a module that is a `Bridge`, as `make_bridge` gives with settings of its own,
            or `None` for the graph in words alone.
        names: what stands in words beside graph tokens; see `usg.nn.bridge.prompts.Names`.
        lora: trains low-rank updates of the language model.
        max_length: the most tokens of prompt and answer; `None` for what the language model knows, at most 1,024.
        max_graph_tokens: the most tokens of a graph, those in words included.
        grounding: the encoder sees boxes, times and spans; for encoders that were trained so.
        tokens: the most tokens, padding included, that a training step computes at once; prompts of like length go
            together, which changes nothing but time and memory. `None` computes all at once.

    Raises:
        LookupError: there is no such bridge.
        ValueError: names is "none" and the bridge is `text`, or max_length is more than the language model knows.
    """

    def __init__(
        self,
        encoder: GraphTransformer,
        language_model: Any,
        tokenizer: Any,
        bridge: str | nn.Module | None = "prefix",
        *,
        names: Names = "facts",
        lora: LoRA | None = None,
        max_length: int | None = None,
        max_graph_tokens: int | None = None,
        grounding: bool = False,
        tokens: int | None = 4096,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        made: Any = make_bridge(bridge, encoder, language_model) if isinstance(bridge, str) else bridge
        self.bridge = made
        language_model.requires_grad_(False)
        self.language_model: Any = language_model if lora is None else add_lora(language_model, lora)
        self.tokenizer = with_padding(tokenizer)
        soft: Literal["nodes"] | int = 0 if made is None else made.soft
        if made is None and names == "none":
            raise ValueError("names is 'none' and there is no bridge: nothing of the graph would be read")
        known = context_length(language_model)
        length = min(1024, known or 1024) if max_length is None else max_length
        if known is not None and not 0 < length <= known:
            raise ValueError(f"max_length is {length}, but the language model knows {known} positions")
        self.grounding, self.tokens = grounding, tokens
        self.writer = PromptWriter(self.tokenizer, soft, names, length, max_graph_tokens)

    def forward(self, graphs: Sequence[SceneGraph], prompts: Sequence[str], answers: Sequence[str]) -> Tensor:
        """Mean loss of the tokens of the answers; arguments as of `score`."""
        return self.score(graphs, prompts, answers)[0].mean()

    def score(
        self,
        graphs: Sequence[SceneGraph],
        prompts: Sequence[str],
        answers: Sequence[str],
        more: Sequence[Turns] | None = None,
        names: Names | None = None,
    ) -> tuple[Tensor, Tensor]:
        """How well answers are predicted; k tokens of all answers, their ends among them.

        Args:
            graphs: one of each prompt.
            prompts: texts, with `<graph>` where the graph should stand.
            answers: what should follow.
            more: turns behind each answer, if any; their answers are scored too.
            names: what stands in words beside graph tokens, if not what the model was made with.

        Returns:
            `(k,)` the loss of each token, and `(b,)` whether every token of a prompt's answers was the likeliest.
        """
        written = self.writer.write(graphs, prompts, answers, more=more, names=names).to(self.device)
        embeddings, reading = self._embed(graphs, written)
        lengths = written.attention_mask.sum(1)
        losses = []
        right = torch.empty(len(lengths), dtype=torch.bool, device=lengths.device)
        for rows in by_length(lengths, self.tokens):
            longest = int(lengths[rows].max())
            with reading(rows):
                out = self.language_model(
                    inputs_embeds=embeddings[rows, :longest], attention_mask=written.attention_mask[rows, :longest]
                )
            logits, wanted = out.logits[:, :-1], written.labels[rows, 1:longest]
            losses.append(
                F.cross_entropy(logits[wanted != IGNORED].float(), wanted[wanted != IGNORED], reduction="none")
            )
            right[rows] = ((logits.argmax(-1) == wanted) | (wanted == IGNORED)).all(1)
        return torch.cat(losses), right

    def lexical_loss(self, graphs: Sequence[SceneGraph], hidden: Sequence[str | None]) -> Tensor:
        """How far graph tokens are from the words that they stand for; the language model does not run.

        Each token is compared with the mean embedding of all words that the graph in words has for it: an object with
        its attributes, a relation with its subject and object. The loss is 1 - cosine, from 0 to 2. It tells a new
        bridge of every node what the loss of an answer tells of one.

        Args:
            graphs: any.
            hidden: the label, value or predicate behind `<mask>` in each graph; None where nothing is hidden.

        Returns:
            `(t,)` the loss of each graph token, none where there is no object.

        Raises:
            ValueError: the bridge has no token for each object and relation.
        """
        if self.bridge is None or self.bridge.soft != "nodes":
            raise ValueError("only a bridge with a token for each object and relation has words to compare tokens with")
        graph, node, texts = [], [], []
        for number, (scene, behind) in enumerate(zip(graphs, hidden, strict=True)):
            for piece in pieces(scene, numbered=False):
                graph.append(number)
                node.append(piece.node)
                texts.append(piece.text if behind is None else piece.text.replace(MASK, behind))
        batch: GraphBatch = self.encoder.pack(graphs, grounding=self.grounding)
        owner = torch.tensor(graph, dtype=torch.int64, device=self.device)
        place = batch.offsets[owner] + torch.tensor(node, dtype=torch.int64, device=self.device)
        tokens = self.bridge(self.encoder(batch), batch, Places(owner, place))
        return 1 - F.cosine_similarity(tokens.float(), self._mean_words(texts))

    def _mean_words(self, texts: Sequence[str]) -> Tensor:
        """`(t, D)` the mean embedding of the words of each text, as they stand in a prompt."""
        embeddings = self.language_model.get_input_embeddings()
        known = {
            text: embeddings(torch.tensor(self.writer.words(text), device=self.device)).mean(0).detach()
            for text in dict.fromkeys(texts)
        }
        rows = [known[text].float() for text in texts]
        return torch.stack(rows) if rows else torch.zeros(0, embeddings.weight.shape[1], device=self.device)

    @torch.no_grad()
    def generate(
        self,
        graphs: Sequence[SceneGraph],
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 32,
        num_beams: int = 1,
        temperature: float = 0.0,
    ) -> list[str]:
        """An answer to each prompt.

        Args:
            graphs: one of each prompt.
            prompts: texts, with `<graph>` where the graph should stand.
            max_new_tokens: of an answer.
            num_beams: of beam search; 1 is greedy.
            temperature: of sampling; 0 takes the likeliest token.
        """
        if not prompts and not graphs:
            return []
        training = [part for part in self.modules() if part.training]
        self.eval()
        try:
            return self._generate(graphs, prompts, max_new_tokens, num_beams, temperature)
        finally:
            for part in training:
                part.training = True

    def _generate(
        self,
        graphs: Sequence[SceneGraph],
        prompts: Sequence[str],
        max_new_tokens: int,
        num_beams: int,
        temperature: float,
    ) -> list[str]:
        written = self.writer.write(graphs, prompts, new_tokens=max_new_tokens).to(self.device)
        embeddings, reading = self._embed(graphs, written)
        sampling: dict[str, Any] = (
            {"do_sample": False} if not temperature else {"do_sample": True, "temperature": temperature}
        )
        with reading(None):
            ids = self.language_model.generate(
                inputs_embeds=embeddings,
                attention_mask=written.attention_mask,
                max_new_tokens=max_new_tokens,
                num_beams=num_beams,
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=end_tokens(self.language_model, self.tokenizer),
                **sampling,
            )
        return [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    @property
    def device(self) -> torch.device:
        """Where the language model's embeddings are."""
        device: torch.device = self.language_model.get_input_embeddings().weight.device
        return device

    def parameter_counts(self) -> Mapping[str, tuple[int, int]]:
        """Trained and frozen parameters of each part."""
        parts = {"encoder": self.encoder, "bridge": self.bridge, "language model": self.language_model}
        return {
            name: tuple(sum(p.numel() for p in part.parameters() if p.requires_grad == kind) for kind in (True, False))
            for name, part in parts.items()
            if part is not None
        }

    def _embed(
        self, graphs: Sequence[SceneGraph], written: PromptBatch
    ) -> tuple[Tensor, Callable[[Tensor | None], AbstractContextManager[None]]]:
        """`(b, l, D)`, and what must last while the language model runs on some rows, or on all."""
        words: Tensor = self.language_model.get_input_embeddings()(written.ids.clamp(min=0))
        if self.bridge is None:
            return words, lambda rows: nullcontext()
        batch: GraphBatch = self.encoder.pack(graphs, grounding=self.grounding)
        states = self.encoder(batch)
        if len(written.graph):
            places = Places(written.graph, batch.offsets[written.graph] + written.node)
            tokens = self.bridge(states, batch, places).to(words.dtype)
            words = words.index_put((written.ids == SOFT).nonzero(as_tuple=True), tokens)
        return words, partial(self.bridge.reading, self.language_model, states, batch)
