"""An example of a pretraining with a language model in it, as that reads it, and what a batch of them takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from usg.batch.words import MASK
from usg.draw import draw_graph
from usg.nn.bridge import PromptWriter
from usg.nn.bridge.prompts import IGNORED, SOFT, by_length
from usg.pretrain.bridge.module import BridgeModule
from usg.pretrain.examples import label_of
from usg.pretrain.language.module import LanguageModelModule, fitting_examples
from usg.pretrain.peek import wrapped
from usg.pretrain.tasks import Example

__all__ = ["draw_example_graph", "example_batch_text", "example_text", "readable"]

_TOKEN = "\u25c6"  # stands for a graph token

Module = LanguageModelModule | BridgeModule


def readable(module: Module, batch: Sequence[Example]) -> list[Example]:
    """The examples of a batch that fit the model.

    Args:
        module: with its model built.
        batch: examples.
    """
    return fitting_examples(_writer(module), batch)


def example_text(module: Module, examples: Sequence[Example]) -> str:
    """The first example with a graph, or the first: what is read, token by token, and what is to be said.

    Args:
        module: with its model built.
        examples: that fit it, at least one.
    """
    writer = _writer(module)
    example = _first(examples)
    written = writer.write([example.graph], [example.prompt], [example.answer])
    ids, asked = written.ids[0].tolist(), (written.labels[0] != IGNORED).tolist()
    read, said = (
        _decoded(writer, [i for i, answer in zip(ids, asked, strict=True) if answer == which])
        for which in (False, True)
    )
    soft = f", {len(written.node)} of them graph tokens ({_TOKEN})" if len(written.node) else ""
    turns = f"; {len(example.more)} more questions follow" if example.more else ""
    head = f"an example of {example.task}: {len(ids)} tokens{soft}{turns}"
    return "\n".join([head, wrapped("  reads  ", read.strip()), wrapped("  says   ", said)])


def draw_example_graph(examples: Sequence[Example], path: Path) -> bool:
    """Draws the graph of the example of `example_text`, hidden labels as `?`; False where it has none."""
    example = _first(examples)
    if example.graph is None:
        return False
    hidden = [element.id for element in example.graph.elements() if label_of(element) == MASK]
    draw_graph(example.graph, path, masked=hidden, title=f"{example.prompt}: {example.answer}")
    return True


def example_batch_text(module: Module, examples: Sequence[Example]) -> str:
    """The size of a batch in words: examples by task, tokens, and the share of padding in what is computed."""
    written = _writer(module).write(
        [each.graph for each in examples],
        [each.prompt for each in examples],
        [each.answer for each in examples],
        more=[each.more for each in examples],
    )
    lengths = written.attention_mask.sum(1)
    parts = by_length(lengths, module.tokens)
    tokens, computed = int(lengths.sum()), sum(len(rows) * int(lengths[rows].max()) for rows in parts)
    tasks = ", ".join(f"{count} {task}" for task, count in sorted(Counter(each.task for each in examples).items()))
    return (
        f"a batch: {len(examples)} examples ({tasks}), {tokens:,} tokens, the longest of {int(lengths.max())}, "
        f"{int((written.labels != IGNORED).sum()):,} of answers\n"
        f"  computed in {len(parts)} part{'s' if len(parts) > 1 else ''}, padding {1 - tokens / computed:.1%}"
    )


def _first(examples: Sequence[Example]) -> Example:
    return next((example for example in examples if example.graph is not None), examples[0])


def _writer(module: Module) -> PromptWriter:
    writer = module.graph_language_model.writer if isinstance(module, BridgeModule) else module.writer
    if writer is None:
        raise RuntimeError("the model is built by Trainer.fit, when the texts are known")
    return writer


def _decoded(writer: PromptWriter, ids: Sequence[int]) -> str:
    runs = groupby(ids, lambda token: token == SOFT)
    return "".join(_TOKEN * len(list(run)) if soft else writer.tokenizer.decode(list(run)) for soft, run in runs)
