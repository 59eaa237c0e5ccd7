"""A tiny local T5 as a parser: one with random weights, and one that has learnt a few captions by heart."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from usg.parsers.text import TextParser
from usg.parsers.text.seq2seq import Seq2Seq

LEARNT = {
    "two dogs ride a skateboard": "( dogs , is , 2 ) , ( dogs , ride , skateboard )",
    "a wet cat": "( cat , is , wet )",
    "a dog and a cat": "( dog ) , ( cat",  # a model that stops too soon
}
PROMPT = "Generate Scene Graph: "


def save(folder: Path, learnt: bool) -> Path:
    texts = [PROMPT, *LEARNT, *LEARNT.values()]
    words = ["<pad>", "</s>", "<unk>", *sorted({word for text in texts for word in text.split()})]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(words), d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, dropout_rate=0.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    if learnt:
        inputs = fast([PROMPT + text for text in LEARNT], padding=True, return_tensors="pt")
        labels = fast(list(LEARNT.values()), padding=True, return_tensors="pt")["input_ids"]
        labels[labels == 0] = -100
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        for _ in range(500):
            loss = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if loss.item() < 0.01:
                break
        assert loss.item() < 0.01
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("models") / "learnt", learnt=True)


@pytest.mark.parametrize("beams", [1, 3])
def test_facts_become_a_grounded_graph(learnt: Path, beams: int) -> None:
    parser = TextParser(model=Seq2Seq(learnt, beams=beams))
    graphs = list(parser.pipe([*LEARNT, ""]))
    assert graphs[0].triples == [("dogs", "ride", "skateboard")]
    assert graphs[0].attributes[0].number == 2
    quoted = [e.groundings[0].region.quote(graphs[0].sources[0].text) for e in graphs[0].elements()]
    assert quoted == ["dogs", "skateboard", "two", "ride"]
    assert [a.value for a in graphs[1].attributes] == ["wet"]
    assert graphs[2].metadata["notes"] == ["not a whole fact: '( cat'"]
    assert len(graphs[2].objects) == 1
    assert not graphs[3].objects
    assert {(s.parser, s.parser_version) for graph in graphs for s in graph.sources} == {("usg.text", "learnt")}


def test_a_batch_gives_what_each_text_gives_alone(learnt: Path) -> None:
    parser = TextParser(model=str(learnt))
    assert list(parser.pipe(LEARNT, batch_size=3)) == [parser(text) for text in LEARNT]


def test_the_last_word_of_every_text_is_read(learnt: Path) -> None:
    """The published package cuts the last piece of the longest text of each batch."""
    reader = Seq2Seq(learnt)
    read: list[torch.Tensor] = []
    generate = reader._model.generate
    reader._model.generate = lambda **inputs: read.append(inputs["input_ids"]) or generate(**inputs)
    reader.graphs(list(LEARNT))
    decoded = reader._tokenizer.batch_decode(read[0], skip_special_tokens=True)
    assert decoded == [PROMPT + text for text in LEARNT]


def test_what_is_too_long_is_said(learnt: Path) -> None:
    short = Seq2Seq(learnt, max_input_tokens=6, max_output_tokens=4)
    (graph,) = short.graphs(["two dogs ride a skateboard"])
    assert "the text has 9 tokens with its prompt; the model read 6" in graph.metadata["notes"]
    assert "the model had not ended after 4 tokens" in graph.metadata["notes"]


def test_a_decoder_that_starts_with_the_end_mark_has_not_ended(learnt: Path) -> None:
    """As those of BART and its like do."""
    reader = Seq2Seq(learnt, max_output_tokens=4)
    reader._model.generation_config.decoder_start_token_id = reader._model.generation_config.eos_token_id
    (graph,) = reader.graphs(["two dogs ride a skateboard"])
    assert "the model had not ended after 4 tokens" in graph.metadata["notes"]


@pytest.mark.parametrize(("longest", "ended"), [(4, False), (200, True)])
def test_a_model_without_an_end_mark_ends_before_the_limit(
    learnt: Path, longest: int, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Seq2Seq(learnt, max_output_tokens=longest)
    written = torch.tensor([[0, 3, 3, 3, 3]])
    monkeypatch.setattr(reader._model.generation_config, "eos_token_id", None)
    monkeypatch.setattr(reader._model, "generate", lambda **_: written)
    (graph,) = reader.graphs(["two dogs ride a skateboard"])
    assert any("had not ended" in note for note in graph.metadata["notes"]) != ended


def test_a_model_that_writes_nonsense_gives_notes(tmp_path: Path) -> None:
    parser = TextParser(model=Seq2Seq(save(tmp_path / "random", learnt=False), max_output_tokens=8))
    for graph in parser.pipe([*LEARNT, "unknown words 🐕", "2 " * 600]):
        assert graph.metadata["notes"]
        assert graph.sources[0].parser_version == "random"


def test_models_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the hub cannot be reached and no earlier download has it"):
        TextParser(model="nobody/no-such-model")
    with pytest.raises(ValueError, match="holds no sequence-to-sequence model"):
        TextParser(model=tmp_path)
    with pytest.raises(FileNotFoundError, match="no model folder"):
        TextParser(model=tmp_path / "nothing")
    with pytest.raises(ValueError, match="beams is 0"):
        Seq2Seq(tmp_path, beams=0)
