"""Sequence-to-sequence models as parsers, through transformers: those that write FACTUAL facts.

`TextParser(model="lizhuang144/flan-t5-base-VG-factual-sg")` gives the graphs of the published parser (Li et al.,
FACTUAL, Findings of ACL 2023), whose prompt is "Generate Scene Graph: "; what it writes is read by
usg/parsers/text/generated_facts.py. Texts are never shortened to fit their batch; one that is longer than the model
reads, or an output that is longer than it may write, is said in `metadata["notes"]` of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph
from usg.hub import is_hub_name, reachable
from usg.parsers.text.generated_facts import graph_of, whole_facts

_LONGEST = 100_000  # characters; more tokens than any model reads


class Seq2Seq:
    """A sequence-to-sequence model as a source of scene graphs.

    Args:
        model: a folder that `save_pretrained` wrote, with its tokenizer, or owner/name on the Hugging Face hub, which
            is downloaded when the hub can be reached and it has not been before.
        beams: width of the beam search; 1 is greedy.
        prompt: put before each text.
        max_input_tokens: of prompt and text; what is behind is not read.
        max_output_tokens: of the facts.
        device: where the model runs, as "cpu" or "cuda".

    Attributes:
        version: the model's name, with its revision where it has one.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give it.
        ValueError: a number is not positive, or the folder holds no such model.

    Example:
        >>> Seq2Seq("no/such/folder")
        Traceback (most recent call last):
        ...
        FileNotFoundError: no model folder no/such/folder; pass one of save_pretrained, or owner/name on the hub
    """

    longest = _LONGEST

    def __init__(
        self,
        model: str | Path,
        *,
        beams: int = 1,
        prompt: str = "Generate Scene Graph: ",
        max_input_tokens: int = 512,
        max_output_tokens: int = 512,
        device: str = "cpu",
    ) -> None:
        if min(beams, max_input_tokens, max_output_tokens) < 1:
            raise ValueError(
                f"beams is {beams}, max_input_tokens {max_input_tokens}, max_output_tokens {max_output_tokens}; "
                "expected at least 1 of each"
            )
        self._given = (str(model), beams, prompt, max_input_tokens, max_output_tokens, device)
        self.beams, self.prompt, self.device = beams, prompt, device
        self.max_input_tokens, self.max_output_tokens = max_input_tokens, max_output_tokens
        self._tokenizer, self._model = _load(model)
        self._model.to(device).eval()
        revision = getattr(self._model.config, "_commit_hash", None)
        name = Path(model).resolve().name if Path(model).is_dir() else str(model)
        self.version = f"{name}@{revision[:12]}" if revision else name

    def __reduce__(self) -> tuple[Any, ...]:
        return (_make, self._given)

    def graphs(self, texts: Sequence[str]) -> list[SceneGraph]:
        """The graph of each text."""
        import torch

        prompts = [self.prompt + text for text in texts]
        # Encoded whole first, to know which are too long; the tokenizer's own truncation counts the end mark.
        lengths = [len(ids) for ids in self._tokenizer(prompts, verbose=False)["input_ids"]]
        encoded = self._tokenizer(
            prompts, padding=True, truncation=True, max_length=self.max_input_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            outputs = self._model.generate(
                input_ids=encoded["input_ids"].to(self.device),
                attention_mask=encoded["attention_mask"].to(self.device),
                num_beams=self.beams,
                do_sample=False,
                max_new_tokens=self.max_output_tokens,
            )
        ends = self._model.generation_config.eos_token_id
        if ends is None:  # what has no end mark ends by being shorter than it may be
            ended = [outputs.shape[1] - 1 < self.max_output_tokens] * len(texts)
        else:
            # The first token opens the output; for models like BART it is the end mark.
            ended = torch.isin(outputs[:, 1:].cpu(), torch.tensor(ends)).any(1).tolist()
        written = self._tokenizer.batch_decode(outputs, skip_special_tokens=True)
        return [
            self._graph(text, output, length, whole)
            for text, output, length, whole in zip(texts, written, lengths, ended, strict=True)
        ]

    def _graph(self, text: str, output: str, length: int, whole: bool) -> SceneGraph:
        facts, notes = whole_facts(output)
        if not whole:
            notes.append(f"the model had not ended after {self.max_output_tokens} tokens")
        if length > self.max_input_tokens:
            notes.append(f"the text has {length} tokens with its prompt; the model read {self.max_input_tokens}")
        return graph_of(text, facts, Source("text", "text", text=text), notes)


def _make(model: str, beams: int, prompt: str, max_input_tokens: int, max_output_tokens: int, device: str) -> Seq2Seq:
    return Seq2Seq(
        model,
        beams=beams,
        prompt=prompt,
        max_input_tokens=max_input_tokens,
        max_output_tokens=max_output_tokens,
        device=device,
    )


def _load(model: str | Path) -> tuple[Any, Any]:
    """Tokenizer and model of a folder, or of the hub."""
    folder = Path(model).is_dir()
    if not folder and not is_hub_name(model):
        raise FileNotFoundError(f"no model folder {model}; pass one of save_pretrained, or owner/name on the hub")
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    offline = folder or not reachable(str(model))
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=offline)
        return tokenizer, AutoModelForSeq2SeqLM.from_pretrained(model, local_files_only=offline)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        if folder:
            raise ValueError(f"{model} holds no sequence-to-sequence model and tokenizer: {reason}") from error
        why = f"the hub did not give it: {reason}"
        if offline:
            why = "the hub cannot be reached and no earlier download has it"
        raise FileNotFoundError(f"no model folder {model}; {why}; pass a folder of save_pretrained") from None
