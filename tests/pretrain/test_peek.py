"""`usg peek` as a user meets it: what is said before a run of each stage, and that the run is not touched."""

import re
from pathlib import Path
from typing import Any

import pytest

from usg.batch.words import MASK
from usg.cli import main
from usg.nn import GraphTransformer
from usg.pretrain.corpora import WorldScenes
from usg.pretrain.data import GraphDataModule
from usg.pretrain.module import PretrainingModule
from usg.pretrain.objectives import Alignment, Endpoint, MaskedNode
from usg.pretrain.peek_graph import draw_sample, masked_sample
from usg.pretrain.tasks import Example


def peek(small_run: Any, picture: Path, *more: str) -> list[str]:
    return ["peek", *small_run.words()[2:], "--steps", "2", "-o", str(picture), *more]


def files(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_before_a_run_of_the_encoder(small_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(small_run.folder)
    assert main([*peek(small_run, tmp_path / "masked.svg"), "--debug"]) == 0
    said = capsys.readouterr().out
    assert files(small_run.folder) == before  # of a run that is there, and of its data
    assert (tmp_path / "masked.svg").read_text().startswith("<svg")
    for name in ("masked_node", "endpoint", "masked_caption"):
        assert re.search(rf"^  {name} +\w", said, re.MULTILINE)
    assert re.search(r"a batch: 8 graphs, [\d,]+ nodes, [\d,]+ edges\n  nodes  8 graph, \d+ object, ", said)
    model = GraphTransformer.from_pretrained(small_run.run / "model")
    weights = sum(each.numel() for each in model.parameters()) + 2 * (32 * 32 + 32)  # those of the pointer
    assert f"parameters: {weights:,} in all, {weights:,} trained (100.0%)" in said
    assert re.search(rf"^  gradients +{4 * weights / 2**20:.1f} MiB$", said, re.MULTILINE)
    assert re.search(r"speed: [\d.e+]+ steps/s, measured over 2 steps\ntime: 0:00:\d\d for 12 steps;", said)


def test_a_sample_is_what_the_encoder_reads(tmp_path: Path) -> None:
    data = GraphDataModule(
        world=WorldScenes(train=16, val=1, captions=1, questions=0), captions=True, batch_size=8, cache=str(tmp_path)
    )
    module = PretrainingModule(dim=16, layers=1, heads=2, objectives=[MaskedNode(mask_share=1.0), Endpoint(rate=0.5)])
    module.encoder = GraphTransformer(module.config, data.vocabulary)
    items = next(iter(data.train_dataloader())).items
    sample = masked_sample(module, data, items)
    shown, asked = sample.text.split("\nasked\n")
    number = int(re.search(r"training graph (\d+)", shown)[1])  # type: ignore[index]
    assert number in items
    graph = data.corpus("train")[number]
    assert sample.hidden and shown.count(MASK) == len(sample.hidden)
    right = {element.id: element for element in graph.elements()}
    for line in shown.splitlines():
        if MASK in line:
            element = right[line.split()[0]]
            answer = line.split(" is ")[-1]
            assert answer in (getattr(element, name, None) for name in ("label", "value", "predicate"))
    asked = " ".join(asked.split())  # lines are as wide as a page
    assert asked.startswith("masked_node ") and all(f"{id}: " in asked for id in sample.hidden if id[0] != "r")
    relation, end = re.search(r"endpoint .*(r\d+): (o\d+)", asked).groups()  # type: ignore[union-attr]
    assert end in (right[relation].subject, right[relation].object)  # type: ignore[union-attr]
    assert re.search(rf"^  {relation} .*\?", shown, re.MULTILINE)
    draw_sample(sample, tmp_path / "sample.svg")
    assert "?" in (tmp_path / "sample.svg").read_text()


def test_views_are_shown_in_words(tmp_path: Path) -> None:
    scenes = WorldScenes(train=16, val=1, questions=0)
    data = GraphDataModule(world=scenes, captions=False, batch_size=8, views=1.0, cache=str(tmp_path))
    module = PretrainingModule(dim=16, layers=1, heads=2, objectives=[MaskedNode(), Alignment()])
    module.encoder = GraphTransformer(module.config, data.vocabulary)
    text = masked_sample(module, data, next(iter(data.train_dataloader())).items).text
    number = int(re.search(r"training graph (\d+)", text)[1])  # type: ignore[index]
    graph = data.corpus("train")[number]
    facts = {f"{a.value} {graph.object(a.object).label}" for a in graph.attributes}
    facts |= {" ".join(triple) for triple in graph.triples} | {one.label for one in graph.objects}
    said, shown, edited = (
        set(part.split(", "))
        for part in re.search(r"said: (.*) shown: (.*) edited: (.*)", " ".join(text.split())).groups()  # type: ignore[union-attr]
    )
    assert said < shown == facts
    assert edited - facts


def test_a_swapped_label_is_shown_as_it_is_seen(tmp_path: Path) -> None:
    data = GraphDataModule(world=WorldScenes(train=16, val=1, questions=0), captions=False, cache=str(tmp_path))
    module = PretrainingModule(dim=16, layers=1, heads=2, objectives=[MaskedNode(mask_share=0.0, guard_pairs=False)])
    module.encoder = GraphTransformer(module.config, data.vocabulary)
    sample = masked_sample(module, data, next(iter(data.train_dataloader())).items)
    number = int(re.search(r"training graph (\d+)", sample.text)[1])  # type: ignore[index]
    swapped = [
        (seen.id, seen.label, real.label)
        for seen, real in zip(sample.graph.objects, data.corpus("train")[number].objects, strict=True)
        if seen != real
    ]
    assert not sample.hidden and MASK not in sample.text
    for id, seen, real in swapped:
        assert re.search(rf"^  {id} +{seen} +is {real}$", sample.text, re.MULTILINE)
    assert len(sample.asked) >= len(swapped)


WORDS = ["--stage", "language-model", "--data.world.train", "40", "--data.world.val", "8", "--data.batch_size", "4"]
WORDS += ["--trainer.max_steps", "6", "--trainer.accelerator", "cpu", "--steps", "2"]


def test_before_a_run_of_a_language_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--data.cache", str(tmp_path / "data"), "--trainer.default_root_dir", str(tmp_path / "run")]
    sizes = ["--model.dim", "32", "--model.layers", "1", "--model.heads", "2", "--model.vocabulary", "400"]
    assert main(["peek", *WORDS, *places, *sizes, "-o", str(tmp_path / "example.svg"), "--debug"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"an example of \w+: \d+ tokens\n  reads  .+\n(?:         .+\n)*  says   .+</s>\n", said)
    assert re.search(r"a batch: 4 examples \(.+\), [\d,]+ tokens, the longest of \d+, [\d,]+ of answers\n", said)
    assert re.search(r"computed in \d+ parts?, padding \d+\.\d%", said)
    assert "for 6 steps" in said
    assert (tmp_path / "example.svg").is_file() and not (tmp_path / "run").exists()


def test_before_a_run_of_a_bridge(small_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    from usg.pretrain.language.tokenizer import train_tokenizer

    tokenizer = train_tokenizer(["the small dog is on the big sofa"] * 3, 300)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=2048, **sizes))
    for part in (tokenizer, model):
        part.save_pretrained(tmp_path / "words")
    words = ["--stage", "bridge", "--model.encoder", str(small_run.run / "model"), *WORDS[2:]]
    words += ["--model.language_model", str(tmp_path / "words"), "--model.settings.bridge", "prefix"]
    places = ["--data.cache", str(tmp_path / "data"), "--trainer.default_root_dir", str(tmp_path / "run")]
    assert main(["peek", *words, *places, "-o", str(tmp_path / "example.svg"), "--debug"]) == 0
    said = capsys.readouterr().out
    tokens = int(re.search(r"(\d+) of them graph tokens", said)[1])  # type: ignore[index]
    read = said[said.index("  reads") : said.index("  says")]
    assert tokens > 0 and read.count("\u25c6") == tokens
    total = sum(each.numel() for each in [*model.parameters(), *small_encoder(small_run).parameters()])
    all_, trained = re.search(r"parameters: ([\d,]+) in all, ([\d,]+) trained", said).groups()  # type: ignore[union-attr]
    assert int(all_.replace(",", "")) - int(trained.replace(",", "")) == total
    assert not (tmp_path / "run").exists()


def small_encoder(small_run: Any) -> GraphTransformer:
    return GraphTransformer.from_pretrained(small_run.run / "model")


def test_an_example_without_a_graph_has_no_picture(tmp_path: Path) -> None:
    from usg.pretrain.peek_words import draw_example_graph

    assert not draw_example_graph([Example("tell", None, "", "a dog")], tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data.batchsize", "3"], "did you mean 'data.batch_size'"),
        (["--steps", "0"], "--steps 0; expected a whole number >= 1"),
        (["-o", "masked.png"], "-o masked.png; expected a file ending in .svg"),
        (["-o", "nowhere/masked.svg"], "in a folder that exists"),
        (["--ckpt_path", "nowhere.ckpt"], "--ckpt_path nowhere.ckpt: no such file"),
        (["--ckpt_path", "last"], "the run has no step left"),
    ],
)
def test_mistakes_are_one_line(
    small_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert main([*peek(small_run, tmp_path / "masked.svg"), *more]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("usg: error: ") and message in line


@pytest.mark.parametrize(
    ("words", "message"),
    [([], "usg peek --config CONFIG"), (["fit", "--config", "pretrain/world"], "leave out fit")],
)
def test_it_has_no_sub_commands(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peek", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_loss_that_is_no_number(small_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--model.optimizer.learning_rate", "1e30", "--model.optimizer.warmup_steps", "0"]
    assert main([*peek(small_run, tmp_path / "masked.svg"), *settings]) == 1
    assert "the loss of one of the first steps is no number" in capsys.readouterr().err


def test_it_goes_on_from_a_checkpoint(small_run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--ckpt_path", "last", "--trainer.max_steps", "20"]
    assert main([*peek(small_run, tmp_path / "masked.svg"), *more, "--debug"]) == 0
    assert " for 8 steps" in capsys.readouterr().out
