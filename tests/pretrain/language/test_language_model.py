import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from usg.cli import main
from usg.formats import write_graphs
from usg.graph import Relation, SceneGraph, SceneObject, Source
from usg.nn.bridge import PromptWriter, load_language_model
from usg.pretrain.cli import stage_of
from usg.pretrain.corpora import WorldScenes
from usg.pretrain.language.data import ExampleDataModule
from usg.pretrain.language.module import fitting_examples
from usg.pretrain.language.tokenizer import train_tokenizer
from usg.pretrain.tasks import Answer, Example, Tell

DOG = SceneGraph(
    sources=[Source("t", "text", text="a dog on a sofa")],
    objects=[SceneObject("a", "dog"), SceneObject("b", "sofa")],
    relations=[Relation("r", "a", "on", "b")],
)


def graphs(tmp_path, count, name="graphs.jsonl", label="dog"):
    scenes = [
        SceneGraph([Source("t", "text", text=f"a {label} {i}")], [SceneObject("a", f"{label} {i}")])
        for i in range(count)
    ]
    write_graphs(scenes, tmp_path / name)
    return str(tmp_path / name)


def test_a_tokenizer_writes_any_text_and_its_own_in_few_tokens():
    words = train_tokenizer(["the small dog on the big sofa"] * 3, 300)
    for text in ("the small dog", "Überraschung 🎈\n\tx", ""):
        assert words.decode(words.encode(text)) == text
    assert len(words.encode("the small dog on the big sofa")) < 12
    assert (words.pad_token, words.eos_token) == ("<pad>", "</s>")
    with pytest.raises(ValueError, match="a vocabulary of 257 is too small; bytes alone take 258"):
        train_tokenizer([], 257)


def test_examples_as_token_ids(caplog):
    words = train_tokenizer(["a dog on a sofa describe"], 300)
    writer = PromptWriter(words, soft=0, max_length=64)
    long = Example("describe", DOG, "describe", "a dog " * 60)
    examples = [Example("describe", DOG, "describe", "a dog"), Example("tell", None, "", "a sofa"), long]
    with caplog.at_level(logging.WARNING):
        assert fitting_examples(writer, examples) == examples[:2]
    assert [record.message for record in caplog.records] == ["1 of 3 examples are longer than 64 tokens"]
    graphs, prompts, answers = ([getattr(one, part) for one in examples[:2]] for part in ("graph", "prompt", "answer"))
    written = writer.write(graphs, prompts, answers)
    assert [words.decode(row, skip_special_tokens=True) for row in written.ids] == [
        " dog; sofa; dog on sofa;\ndescribe\na dog",
        "a sofa",
    ]
    assert [words.decode(row[row >= 0]) for row in written.labels] == ["a dog</s>", "a sofa</s>"]


def test_a_graph_keeps_half_of_all_tokens():
    words = train_tokenizer(["a dog on a sofa what is there"], 300)
    writer = PromptWriter(words, soft=0, max_length=64)
    more = (("what is there", "a dog"),) * 8
    (kept,) = fitting_examples(writer, [Example("answer", DOG, "what is there", "a dog", more=more)])
    assert 0 < len(kept.more) < 8
    assert writer.room(kept.prompt, kept.answer, kept.more) >= 32
    assert writer.room(kept.prompt, kept.answer, more[: len(kept.more) + 1]) < 32


def test_graphs_of_several_corpora_stand_one_behind_the_other(tmp_path):
    paths = [graphs(tmp_path, 5), graphs(tmp_path, 4, "more.jsonl", "cat")]
    data = ExampleDataModule(paths, tasks=[Tell()], holdout=2, batch_size=3, cache=str(tmp_path / "cache"))
    told = [example.answer for example in data.examples("train", np.arange(9), 0)]
    assert told == [f"a dog {i}" for i in range(5)] + [f"a cat {i}" for i in range(4)]
    loader = iter(data.train_dataloader())
    seen = {example.answer for _ in range(2) for example in next(loader)}
    assert len(seen) == 6
    assert not seen & {"a cat 2", "a cat 3"}
    assert [example.answer for batch in data.val_dataloader() for example in batch] == ["a cat 2", "a cat 3"]


def test_what_is_drawn_depends_on_seed_pass_and_graph_alone(tmp_path):
    def drawn(seed, epoch, items):
        data = ExampleDataModule(world=WorldScenes(train=12, val=2), seed=seed, cache=str(tmp_path))
        return {item: data.examples("train", np.array([item]), epoch)[0] for item in items}

    first = drawn(0, 0, range(12))
    assert drawn(0, 0, [7, 3]) == {7: first[7], 3: first[3]}
    assert drawn(0, 1, range(12)) != first != drawn(1, 0, range(12))


def test_validation_asks_one_question_of_a_graph_held_out_ones_too(tmp_path):
    questions = [{"question": f"what is {i}", "answer": "a dog"} for i in range(3)]
    write_graphs([SceneGraph(metadata={"questions": questions})] * 6, tmp_path / "asked.jsonl")
    path = str(tmp_path / "asked.jsonl")
    for val_path in (None, path):
        data = ExampleDataModule(path, val_path, tasks=[Answer(turns=3)], holdout=2, cache=str(tmp_path / "cache"))
        assert [len(each.more) for each in data.examples("train", np.arange(6), 0)] == [2] * 6
        validated = [each for batch in data.val_dataloader() for each in batch]
        assert [len(each.more) for each in validated] == [0] * (2 if val_path is None else 6)


def test_refuses_data_without_graphs_or_tasks(tmp_path):
    with pytest.raises(ValueError, match="there is no data to train on"):
        ExampleDataModule()
    with pytest.raises(ValueError, match=r"data\.tasks is empty"):
        ExampleDataModule(["x"], tasks=[])
    data = ExampleDataModule([graphs(tmp_path, 3)], holdout=3, cache=str(tmp_path / "cache"))
    with pytest.raises(ValueError, match=r"data\.holdout is 3, but there are 3 training graphs"):
        data.train_dataloader()


def test_the_stage_is_that_of_the_last_word(tmp_path):
    (tmp_path / "a.yaml").write_text("stage: language-model\n")
    (tmp_path / "b.yaml").write_text("trainer: {}\n")
    assert stage_of(["fit"]) == "encoder"
    assert stage_of(["fit", "--config", f"{tmp_path}/a.yaml", f"--config={tmp_path}/b.yaml"]) == "language-model"
    assert stage_of(["fit", "--config", f"{tmp_path}/a.yaml", "--stage", "encoder"]) == "encoder"
    with pytest.raises(LookupError, match="unknown stage 'languge-model'; did you mean 'language-model'"):
        stage_of(["fit", "--stage=languge-model"])


SMALL = (
    "--stage language-model --model.dim 32 --model.layers 1 --model.heads 2 --model.vocabulary 400 "
    "--model.max_length 256 --data.world.train 60 --data.world.val 10 --data.world.captions 1 --data.world.questions 2 "
    "--data.batch_size 4 --trainer.accelerator cpu --trainer.log_every_n_steps 4 --trainer.val_check_interval 8 "
    "--checkpoint.every 4"
).split()


def run(tmp_path, name, *more):
    """The words of a run of 12 steps in a folder of that name."""
    folders = ["--trainer.default_root_dir", str(tmp_path / name), "--data.cache", str(tmp_path / "data")]
    return ["pretrain", "fit", *SMALL, *folders, "--trainer.max_steps", "12", *more]


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
def test_killed_and_resumed_gives_the_same_model_which_loads(tmp_path, capsys, use_card):
    assert main(run(tmp_path, "whole")) == 0
    callback = "[{class_path: kill_at.KillAt, init_args: {step: 10}}]"
    words = [sys.executable, "-c", "import sys; from usg.cli import main; sys.exit(main())"]
    words += run(tmp_path, "killed", "--trainer.callbacks", callback)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    process = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert main(run(tmp_path, "killed", "--ckpt_path", "last")) == 0
    (model, words), (other, _) = (load_language_model(tmp_path / name / "model") for name in ("whole", "killed"))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert words.decode(words.encode("the red ball")) == "the red ball"
    assert model.config.max_position_embeddings == 256
    figures = (tmp_path / "whole" / "metrics.csv").read_text().splitlines()[0]
    assert "val/answer" in figures
    assert "val/name_hidden" in figures
    assert "train/gradient_norm" in figures
    card, text, names = use_card(tmp_path / "whole" / "model")
    assert (card.library_name, card.license) == ("transformers", "apache-2.0")
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), names["model"].parameters(), strict=True))
    assert "- NameHidden: " in text
    assert "| steps | 12 of 12 planned |" in text
    assert main(run(tmp_path, "whole", "--ckpt_path", "last", "--model.vocabulary", "380")) == 2
    assert "another tokenizer than the training texts give" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_two_processes_with_weights_in_parts_learn_what_one_does(tmp_path):
    more = ["--trainer.log_every_n_steps", "1", "--trainer.max_steps", "4", "--model.tokens", "300"]
    assert main(run(tmp_path, "one", *more)) == 0
    here = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(here), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, str(here / "run_usg.py"), *run(tmp_path, "two", *more)]
    words += ["--config", "training/fsdp", "--trainer.devices", "2", "--trainer.callbacks", "[count_parts.CountParts]"]
    process = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=500)
    assert process.returncode == 0, process.stderr
    parts = [json.loads((tmp_path / "two" / f"parts{rank}.json").read_text()) for rank in (0, 1)]
    assert sum(part["here"] for part in parts) == parts[0]["all"]
    one, two = (np.genfromtxt(tmp_path / name / "metrics.csv", delimiter=",", names=True) for name in ("one", "two"))
    assert len(one) == 4
    for figure in ("trainloss", "traingradient_norm"):
        np.testing.assert_allclose(two[figure], one[figure], rtol=1e-4)
    (model, _), (other, _) = (load_language_model(tmp_path / name / "model") for name in ("one", "two"))
    torch.testing.assert_close(dict(other.named_parameters()), dict(model.named_parameters()), rtol=1e-2, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_graphs_without_anything_to_say_are_refused(tmp_path, capsys):
    write_graphs([SceneGraph()] * 30, tmp_path / "empty.jsonl")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"stage: language-model\nmodel: {{dim: 32, layers: 1, heads: 2, vocabulary: 300}}\n"
        f"data: {{path: {tmp_path}/empty.jsonl, holdout: 5, batch_size: 4, cache: {tmp_path}/data}}\n"
        f"trainer: {{max_steps: 2, accelerator: cpu, default_root_dir: {tmp_path}/run}}\n"
    )
    assert main(["pretrain", "fit", "--config", str(config)]) == 2
    assert "no graph of this batch has an example of at most 512 tokens for any task" in capsys.readouterr().err
