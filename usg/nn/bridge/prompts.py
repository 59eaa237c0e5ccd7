"""Token ids of prompts in which a graph stands: its words, places of its graph tokens, or both.

A prompt is text with `<graph>` in it. Where the tokenizer has a chat template the prompt is a user's turn in it, so the
graph stands where the template puts it, and no family's marks are written here. A place of a graph token is `SOFT`,
which is no id; the language model is given states there in place of an embedding.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from usg.graph import SceneGraph
from usg.names import unknown_name
from usg.nn.bridge.text import NOTHING, Piece, fitting, pieces

__all__ = ["GRAPH", "IGNORED", "SOFT", "Names", "PromptBatch", "PromptWriter", "Turns", "by_length"]

GRAPH = "<graph>"
"""Stands for the graph in the text of a prompt."""

SOFT = -1
"""Stands for a graph token among ids."""

IGNORED = -100
"""The label of what is not predicted, as transformers has it."""

_CONTENT = "usg-content"  # where a chat template puts what a user says
_REPLY = "usg-reply"  # and what it is answered

Turns = Sequence[tuple[str, str]]
"""What is asked next, and what should be answered, in turn."""

Names = Literal["none", "labels", "facts"]
"""What is written beside each graph token: nothing, the label, or all that is said of the object or relation."""

_BUSY = 256  # tokens: fewer at once cost as much

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class PromptBatch:
    """Letters: b prompts, l tokens of the longest, t graph tokens in all.

    Attributes:
        ids: `(b, l)` int64; `SOFT` at graph tokens.
        attention_mask: `(b, l)` int64; 0 at padding.
        labels: `(b, l)` int64; the ids of answers, -100 elsewhere.
        graph: `(t,)` int64, the prompt of each graph token, in the order in which they stand.
        node: `(t,)` int64, its node in the Levi form of its graph.
    """

    ids: Tensor
    attention_mask: Tensor
    labels: Tensor
    graph: Tensor
    node: Tensor

    def to(self, device: torch.device | str) -> PromptBatch:
        """The same on another device."""
        return PromptBatch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


class PromptWriter:
    """Writes graphs and questions as token ids.

    Args:
        tokenizer: of transformers.
        soft: `"nodes"` for a graph token per object and relation, a number for so many of the whole graph, 0 for none.
        names: what is written beside graph tokens.
        max_length: the most tokens of prompt and answer together.
        max_graph_tokens: the most tokens of a graph, those in words included; `None` for what the prompt leaves.

    Raises:
        LookupError: there are no such names.
    """

    def __init__(
        self,
        tokenizer: Any,
        soft: Literal["nodes"] | int = "nodes",
        names: Names = "facts",
        max_length: int = 1024,
        max_graph_tokens: int | None = None,
    ) -> None:
        if names not in get_args(Names):
            raise LookupError(unknown_name("names", names, get_args(Names)))
        self.tokenizer = tokenizer
        self.soft = soft
        self.names = names
        self.max_length = max_length
        self.max_graph_tokens = max_graph_tokens
        self._cut_was_said = False
        # Tokenizers of the SentencePiece kind put a space before whatever they are given.
        self._space = "" if tokenizer.tokenize("a")[:1] in (["\u2581a"], ["\u2581"]) else " "

    def write(
        self,
        graphs: Sequence[SceneGraph | None],
        prompts: Sequence[str],
        answers: Sequence[str] | None = None,
        new_tokens: int = 0,
        more: Sequence[Turns] | None = None,
        names: Names | None = None,
    ) -> PromptBatch:
        """Prompts with their graphs, padded: on the right with answers, for training, and on the left without.

        Args:
            graphs: one of each prompt; None for a prompt without.
            prompts: texts; the graph stands at `<graph>`, or before all where there is none.
            answers: what should follow each prompt.
            new_tokens: room to leave behind each prompt, for what will be generated.
            more: turns behind each answer, if any.
            names: what is written beside graph tokens, if not what the writer was made with.

        Raises:
            ValueError: there are not as many graphs as prompts and answers, or a prompt leaves no room for its graph.
        """
        if len(prompts) != len(graphs) or (answers is not None and len(answers) != len(graphs)):
            raise ValueError(
                f"{len(graphs)} graphs, {len(prompts)} prompts and "
                f"{'no' if answers is None else len(answers)} answers; expected as many of each"
            )
        rows, targets, graph, node = [], [], [], []
        for i, (scene, prompt) in enumerate(zip(graphs, prompts, strict=True)):
            answer, target = ([], []) if answers is None else self._said(answers[i], more[i] if more else ())
            ids, nodes = self._row(scene, prompt, len(answer) + new_tokens, i, names or self.names)
            rows.append(ids + answer)
            targets.append([IGNORED] * len(ids) + target)
            graph += [i] * len(nodes)
            node += nodes
        left = answers is None
        pad = self.tokenizer.pad_token_id
        return PromptBatch(
            ids=_padded(rows, pad, left),
            attention_mask=_padded([[1] * len(row) for row in rows], 0, left),
            labels=_padded(targets, IGNORED, left),
            graph=torch.tensor(graph, dtype=torch.int64),
            node=torch.tensor(node, dtype=torch.int64),
        )

    def words(self, text: str) -> list[int]:
        """Ids of a text as it stands in a graph."""
        return self._words(f"{self._space}{text}")

    def room(self, prompt: str, answer: str, more: Turns = ()) -> int:
        """How many tokens prompt, answer and further turns leave for the graph."""
        return self._room(*self._around(prompt), len(self._said(answer, more)[0]))

    def fits(self, prompt: str, answer: str, new_tokens: int = 0) -> bool:
        """Whether a prompt leaves room for a graph, before an answer and before so many tokens that are generated."""
        said = max(len(self._answer(answer)), new_tokens)
        return self._room(*self._around(prompt), said) >= self._least

    @property
    def _least(self) -> int:
        """What a graph needs at least: one token, or its fixed graph tokens."""
        return max(1, self.soft) if isinstance(self.soft, int) else 1

    def _room(self, before: Sequence[int], behind: Sequence[int], answer: int) -> int:
        room = self.max_length - len(before) - len(behind) - answer
        return room if self.max_graph_tokens is None else min(room, self.max_graph_tokens)

    def _row(
        self, scene: SceneGraph | None, prompt: str, answer: int, number: int, names: Names
    ) -> tuple[list[int], list[int]]:
        before, behind = self._around(prompt)
        if scene is None:
            return (before + behind if prompt else []), []
        room = self._room(before, behind, answer)
        fixed = self.soft if isinstance(self.soft, int) else 0
        if room < self._least:
            raise ValueError(
                f"prompt {number} leaves {room} tokens for its graph, which needs {self._least}; shorten it, or "
                f"raise max_length ({self.max_length}) or max_graph_tokens ({self.max_graph_tokens})"
            )
        nodes = [0] * fixed
        middle = [SOFT] * fixed
        parts = [] if names == "none" and self.soft != "nodes" else pieces(scene)
        words = {id(piece): self._piece(piece, names) for piece in parts}
        kept = fitting(parts, lambda piece: len(words[id(piece)]), room - fixed)
        if len(kept) < len(parts) and not self._cut_was_said:
            self._cut_was_said = True
            _LOGGER.warning(
                "a graph of %d objects and relations does not fit into %d tokens; %d are kept, and of other large "
                "graphs what fits, which is not said again (raise max_length, or max_graph_tokens)",
                len(parts), room, len(kept),
            )  # fmt: skip
        if not parts and names != "none":
            middle += self._words(f"{self._space}{NOTHING};")
        for piece in kept:
            middle += words[id(piece)]
            nodes += [piece.node] if self.soft == "nodes" else []
        return before + middle + behind, nodes

    def _piece(self, piece: Piece, names: Names) -> list[int]:
        soft = [SOFT] if self.soft == "nodes" else []
        if names == "none":
            return soft
        return soft + self._words(f"{self._space}{piece.label if names == 'labels' else piece.text};")

    def _around(self, prompt: str) -> tuple[list[int], list[int]]:
        """Ids before and behind the graph."""
        if prompt.count(GRAPH) > 1:
            raise ValueError(
                f"{GRAPH} stands {prompt.count(GRAPH)} times in the prompt {prompt[:80]!r}; a graph stands once"
            )
        before, found, behind = prompt.partition(GRAPH)
        if not found:
            before, behind = "", f"\n{prompt}"
        if not self.tokenizer.chat_template:
            start = [] if self.tokenizer.bos_token_id is None else [self.tokenizer.bos_token_id]
            return start + self._words(before), self._after(f"{behind}\n")
        turn = [{"role": "user", "content": _CONTENT}]
        text = self.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        if text.count(_CONTENT) != 1:
            raise ValueError(
                "the tokenizer's chat template does not say what a user says, once; set chat_template to None"
            )
        opening, _, closing = text.partition(_CONTENT)
        return self._marks(opening) + self._words(before), self._after(behind) + self._marks(closing)

    def _said(self, answer: str, more: Turns) -> tuple[list[int], list[int]]:
        """Ids of an answer and of the turns behind it, and their labels: those of answers."""
        ids = self._answer(answer)
        labels = list(ids)
        for asked, answered in more:
            question, reply = self._next(asked), self._answer(answered)
            ids += question + reply
            labels += [IGNORED] * len(question) + reply
        return ids, labels

    def _answer(self, answer: str) -> list[int]:
        return [*self._words(answer), self.tokenizer.eos_token_id]

    def _next(self, prompt: str) -> list[int]:
        """Ids of a prompt without a graph, behind an answer and its end."""
        if not self.tokenizer.chat_template:
            return self._words(f"\n{prompt}\n")
        turns = [("user", ""), ("assistant", _REPLY), ("user", _CONTENT)]
        said = [{"role": role, "content": content} for role, content in turns]
        text = self.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        between, _, closing = text.partition(_REPLY)[2].partition(_CONTENT)
        opening = self._marks(between)
        # The answer has its end already.
        opening = opening[1:] if opening[:1] == [self.tokenizer.eos_token_id] else opening
        return opening + self._words(prompt) + self._marks(closing)

    def _words(self, text: str) -> list[int]:
        """Text of users and graphs, in which nothing is a control token."""
        ids: list[int] = (
            self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) if text else []
        )
        return ids

    def _after(self, text: str) -> list[int]:
        """Text that goes on behind a graph: without the space that tokenizers of that kind would put in front."""
        mark = [] if self._space or not text else self._words(";")
        ids = self._words(f";{text}" if mark else text)
        return ids[len(mark) :] if ids[: len(mark)] == mark else self._words(text)

    def _marks(self, text: str) -> list[int]:
        """Text of the chat template, which has control tokens."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False) if text else []
        return ids


def by_length(lengths: Tensor, tokens: int | None) -> list[Tensor]:
    """Rows in groups of like length, so that little of a group is padding.

    A group ends where the next row is a quarter shorter than its longest, if it is large enough to fill a processor.

    Args:
        lengths: `(b,)` of each row.
        tokens: the most that a group may measure, its padding included; a single row may measure more. `None` puts all
            rows in one group.

    Returns:
        Indices of rows, each row once.

    Example:
        >>> [group.tolist() for group in by_length(torch.tensor([9, 2, 8, 9, 2]), 18)]
        [[0, 3], [2, 1], [4]]
        >>> [group.tolist() for group in by_length(torch.tensor([100, 300, 90]), 2048)]
        [[1], [0, 2]]
    """
    if tokens is None:
        return [torch.arange(len(lengths), device=lengths.device)]
    groups: list[list[int]] = []
    longest = 0
    for row in torch.argsort(lengths, descending=True, stable=True).tolist():
        length = int(lengths[row])
        size = len(groups[-1]) * longest if groups else 0
        if not groups or size + longest > tokens or (size >= _BUSY and length < 0.75 * longest):
            groups.append([])
            longest = length
        groups[-1].append(row)
    return [torch.tensor(group, device=lengths.device) for group in groups]


def _padded(rows: Sequence[Sequence[int]], value: int, left: bool) -> Tensor:
    size = max(map(len, rows), default=0)
    padding = [[value] * (size - len(row)) for row in rows]
    return torch.tensor([[*p, *r] if left else [*r, *p] for r, p in zip(rows, padding, strict=True)])
