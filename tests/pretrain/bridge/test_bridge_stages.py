"""Both stages of a bridge on scenes of the world, with a language model of one layer."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from usg import world
from usg.batch import Vocabulary
from usg.cli import main
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.nn.bridge import LoRA, load_graph_language_model, load_language_model
from usg.nn.bridge.language_model import embedding_size
from usg.pretrain.bridge.module import BridgeModule, parameter_table
from usg.pretrain.bridge.samples import AnswerSamples
from usg.pretrain.language.tokenizer import train_tokenizer
from usg.training.checkpoint_io import load_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers")

CONFIG = """
stage: bridge
seed_everything: 1
trainer: {max_steps: 6, val_check_interval: 3, log_every_n_steps: 1, accelerator: cpu, enable_progress_bar: false}
model: {optimizer: {warmup_steps: 2}}
data: {world: {train: 40, val: 8, test: 6, captions: 1, questions: 2}, batch_size: 4}
checkpoint: {every: 2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An encoder, a language model, and a configuration that names neither."""
    from transformers import LlamaConfig, LlamaForCausalLM

    made = tmp_path_factory.mktemp("bridge")
    scenes = list(world.scenes(20, "train", 0, captions=1))
    torch.manual_seed(0)
    GraphTransformer(GraphTransformerConfig(dim=16, layers=1, heads=2), Vocabulary.from_graphs(scenes)).save_pretrained(
        made / "encoder"
    )
    words = train_tokenizer((source.text or "" for scene in scenes for source in scene.sources), 400)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(
        LlamaConfig(vocab_size=len(words), max_position_embeddings=512, bos_token_id=None, eos_token_id=1, **sizes)
    ).save_pretrained(made / "words")
    words.save_pretrained(made / "words")
    (made / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return made


def words(folder, run, *more):
    named = ["--data.cache", str(folder / "data"), "--trainer.default_root_dir", str(folder / run)]
    return ["pretrain", "fit", "--config", str(folder / "config.yaml"), *named, *more]


def align(folder, run, *more):
    return words(
        folder, run, "--model.encoder", str(folder / "encoder"), "--model.language_model", str(folder / "words"), *more
    )


def run(argv):
    assert main([*argv, "--debug"]) == 0


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("bridge", ["prefix", "resampler", "xattn"])
def test_alignment_trains_the_bridge_alone(folder, bridge, capsys, use_card):
    lexical = ["--model.lexical", "1.0"]
    run(align(folder, bridge, "--model.settings.bridge", bridge, "--model.settings.every", "1", *lexical))
    said = capsys.readouterr().out
    assert "parameters are trained (" in said
    model, settings = load_graph_language_model(folder / bridge / "model")
    assert settings.bridge == bridge
    assert same(model.encoder, GraphTransformer.from_pretrained(folder / "encoder"))
    start = 0.0 if bridge == "xattn" else embedding_size(load_language_model(folder / "words")[0])[1]
    scales = [value for name, value in model.bridge.named_parameters() if name.endswith(("gates", "norm.scale"))]
    assert scales and all((value != start).all() for value in scales)
    checkpoint = load_checkpoint(folder / bridge / "checkpoints" / "last.ckpt")
    assert not [name for name in checkpoint["state_dict"] if name.startswith("model.language_model.")]
    figures = (folder / bridge / "metrics.csv").read_text()
    assert all(f"val/{task}" in figures for task in ("name_hidden", "describe", "answer"))
    assert ("train/lexical" in figures) == (bridge == "prefix")
    assert "train/gradient_norm" in figures
    card, text, names = use_card(folder / bridge / "model")
    assert (card.library_name, card.license) == ("usg", "unknown")
    assert same(names["model"].bridge, model.bridge)
    assert f"| bridge | {bridge} |" in text and "| language model, trained and frozen | 0 and " in text
    assert "- NameHidden: " in text and "- `world`: 40 graphs" in text


def test_killed_and_resumed_gives_the_same_bridge(folder):
    lora = ["--model.settings.lora.dropout", "0.2", "--model.train_encoder", "true"]
    run(align(folder, "whole", *lora))
    argv = [sys.executable, "-c", "import sys; from usg.cli import main; sys.exit(main())"]
    argv += align(
        folder, "killed", *lora, "--trainer.callbacks", "[{class_path: kill_at.KillAt, init_args: {step: 5}}]"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    process = subprocess.run(argv, env=environment, capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    run(align(folder, "killed", *lora, "--ckpt_path", "last"))
    whole, killed = (load_graph_language_model(folder / name / "model")[0] for name in ("whole", "killed"))
    assert same(whole, killed)
    other = [*align(folder, "killed", *lora, "--ckpt_path", "last"), "--model.settings.bridge", "resampler"]
    assert main(other) == 2


def test_instruction_tuning_goes_on_with_lora(folder, capsys):
    run(align(folder, "first"))
    sampled = "[{class_path: usg.pretrain.bridge.samples.AnswerSamples, init_args: {every: 4, count: 5}}]"
    more = ["--model.start", str(folder / "first" / "model"), "--model.settings.lora.rank", "2"]
    run(words(folder, "second", *more, "--trainer.callbacks", sampled, "--model.train_encoder", "true"))
    first, second = (load_graph_language_model(folder / name / "model") for name in ("first", "second"))
    assert first[1].lora is None
    assert second[1].lora == LoRA(rank=2)
    assert not same(first[0].encoder, second[0].encoder)
    assert not same(first[0].bridge, second[0].bridge)
    base, _ = load_language_model(folder / "words")
    inner = second[0].language_model.get_base_model()
    assert torch.equal(inner.get_input_embeddings().weight, base.get_input_embeddings().weight)
    assert any(value.abs().max() > 0 for name, value in second[0].named_parameters() if "lora_B" in name)
    files = sorted(path.name for path in (folder / "second" / "samples").iterdir())
    assert files == ["step_000004.md", "step_000006.md"]
    rows = (folder / "second" / "samples" / files[0]).read_text().splitlines()
    assert rows[2] == "| task | graph | prompt | wanted | said |"
    assert len(rows) == 2 + 2 + 5
    assert main(words(folder, "third", *more, "--model.settings.names", "labels")) == 2
    assert "was built with facts; leave the setting out" in capsys.readouterr().err


def test_words_first_then_all_of_the_language_model(folder):
    """Two steps of the lexical loss alone, in which nothing is asked; then answers, with and without words."""
    several = "[{class_path: usg.pretrain.tasks.Answer, init_args: {turns: 2}}]"
    asked = ["--model.lexical", "1.0", "--model.lexical_steps", "2", "--model.bare", "0.5", "--data.tasks", several]
    run(align(folder, "lexical", *asked))
    with (folder / "lexical" / "metrics.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["train/lexical"]]
    assert [bool(row["train/loss"]) for row in rows] == [False] * 2 + [True] * 4
    whole = ["--model.start", str(folder / "lexical" / "model"), "--model.train_language_model", "true"]
    run(words(folder, "full", *whole, "--model.saved_dtype", "bfloat16"))
    written = load_file(folder / "full" / "model" / "language_model" / "model.safetensors")
    assert {value.dtype for value in written.values()} == {torch.bfloat16}
    model, settings = load_graph_language_model(folder / "full" / "model")
    assert settings.lora is None
    assert (
        "a causal language model that is part of this folder." in (folder / "full" / "model" / "README.md").read_text()
    )
    base, _ = load_language_model(folder / "words")
    assert not same(model.language_model, base)
    with pytest.raises(ValueError, match=r"leave out model\.settings\.lora"):
        BridgeModule("a", "b", train_language_model=True, quantization="4bit")
    with pytest.raises(ValueError, match=r"model\.saved_dtype is 'half-ish'"):
        BridgeModule("a", "b", saved_dtype="half-ish")
    with pytest.raises(ValueError, match=r"needs model\.lexical above 0"):
        BridgeModule("a", "b", lexical_steps=2)
    several = BridgeModule("a", "b", lexical=1.0, lexical_steps=2, train_language_model=True)
    several.trainer = SimpleNamespace(world_size=2, is_global_zero=True)
    with pytest.raises(ValueError, match=r"align it frozen first"):
        several.on_fit_start()
    with pytest.raises(ValueError, match=r"model\.bare is 50 and model\.lexical 0\.0; expected a share and a weight"):
        BridgeModule("a", "b", bare=50)
    with pytest.raises(ValueError, match=r"leave out model\.encoder, or model\.start"):
        BridgeModule("a", start="b")


def test_a_loss_that_is_no_number_stops_and_leaves_the_batch(folder, capsys):
    argv = align(folder, "nan", "--model.optimizer.learning_rate", "1e30", "--model.settings.bridge", "resampler")
    assert main(argv) == 1
    said = capsys.readouterr().err
    assert "the loss of step" in said
    assert "bad_batch_" in said
    (file,) = (folder / "nan").glob("bad_batch_*.jsonl")
    assert '"prompt":' in file.read_text().splitlines()[0]


def test_what_cannot_be_trained_is_refused(folder, capsys):
    for argv, said in (
        (words(folder, "none"), "give --model.encoder and --model.language_model"),
        (words(folder, "none", "--model.start", str(folder)), "holds no bridge.json"),
        (
            align(folder, "none", "--data.tasks", "[{class_path: usg.pretrain.tasks.Tell}]"),
            "tell shows no graph",
        ),
        (
            align(folder, "none", "--model.settings.max_length", "12"),
            "no graph of this batch has an example of at most 12",
        ),
    ):
        assert main([*argv, "--overwrite", "true"]) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(ValueError, match="AnswerSamples: every 0"):
        AnswerSamples(every=0)


def test_the_table_counts_every_part(folder):
    run(align(folder, "counted"))
    model, _ = load_graph_language_model(folder / "counted" / "model")
    total = sum(parameter.numel() for parameter in model.parameters())
    assert f"of {total:,} parameters are trained" in parameter_table(model)
    assert np.isclose(sum(map(sum, model.parameter_counts().values())), total)
    with pytest.raises(RuntimeError, match=r"built by Trainer\.fit"):
        assert BridgeModule("a", "b").graph_language_model


def test_the_table_of_answers_stands_beside_its_controls(folder, capsys):
    run(align(folder, "tabled"))
    argv = align(folder, "tabled", "--ckpt_path", "last", "--model.table_path", str(folder / "table.json"))
    run([argv[0], "test", *argv[2:]])
    said = capsys.readouterr().out
    assert all(
        name in said for name in ("shuffled edges", "noise tokens", "paraphrased", "answer: 1 hop", "ms an answer")
    )
    table = json.loads((folder / "table.json").read_text())
    assert set(table["baselines"]) == {"shuffled_edges", "noise_tokens", "paraphrased"}
    assert "answer" not in table["baselines"]["paraphrased"]
    assert table["tokens"] > 20
    assert main([argv[0], "test", *argv[2:], "--data.path", str(folder / "missing.jsonl")]) == 2


def test_bridges_beside_one_another(folder, capsys):
    """Two systems, one seed, a few steps; what is finished is read and not run again."""
    argv = ["pretrain", "bridge-table", "--encoder", str(folder / "encoder"), "--language-model", str(folder / "words")]
    argv += ["--systems", "text", "prefix alone", "--seeds", "0", "--cells", str(folder / "cells")]
    argv += ["--json", str(folder / "all.json"), "--", "--config", str(folder / "config.yaml")]
    argv += ["--data.cache", str(folder / "data"), "--trainer.callbacks", "null", "--model.settings.lora.rank", "2"]
    run(argv)
    first = capsys.readouterr().out
    assert "| prefix alone, shuffled edges |" in first
    assert "| text, shuffled edges |" not in first
    cells = json.loads((folder / "all.json").read_text())["cells"]
    assert len(cells["text"][0]["asked"]) == len(cells["prefix alone"][0]["right"]["noise tokens"])
    stamp = (folder / "cells" / "text-facts-0.json").stat().st_mtime_ns
    run(argv)
    assert (folder / "cells" / "text-facts-0.json").stat().st_mtime_ns == stamp


def test_quantized_weights_are_not_put_in_parts(monkeypatch):
    monkeypatch.setattr("usg.pretrain.bridge.module.is_sharded", lambda module: True)
    with pytest.raises(ValueError, match="quantized weights cannot be put in parts"):
        BridgeModule("a", "b", quantization="4bit").configure_model()


def test_wandb_offline_has_the_answers(folder, tmp_path):
    """Tables, beside the figures and the configuration that tests/pretrain/test_loggers.py reads."""
    sampled = ["--trainer.callbacks", SAMPLED, "--config", "training/wandb"]
    argv = [
        sys.executable,
        "-c",
        "import sys; from usg.cli import main; sys.exit(main())",
        *align(folder, "w", *sampled),
    ]
    environment = {**os.environ, "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}
    process = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (run_folder,) = (tmp_path / "runs/wandb/wandb").glob("offline-run-*")
    tables = [json.loads(file.read_text()) for file in run_folder.glob("files/media/table/samples_*.table.json")]
    assert len(tables) == 2
    for table in tables:
        assert table["columns"] == ["task", "graph", "prompt", "wanted", "said"]
        assert len(table["data"]) == 2
    (log,) = run_folder.glob("*.wandb")
    assert b"train/gradient_norm" in log.read_bytes()


LORA = ["--model.settings.lora.rank", "2", "--model.settings.lora.dropout", "0.0", "--model.train_encoder", "true"]
XATTN = ["--model.settings.bridge", "xattn", "--model.settings.every", "1"]
SAMPLED = "[{class_path: usg.pretrain.bridge.samples.AnswerSamples, init_args: {every: 3, count: 2}}]"


def together(folder, name, strategy, *more):
    """A run in two processes, which has ended when this returns."""
    here = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(here), "OMP_NUM_THREADS": "1"}
    argv = align(folder, name, *more, "--config", f"training/{strategy}", "--trainer.devices", "2")
    command = [sys.executable, str(here / "run_usg.py"), *argv]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)


def figures(folder, name):
    with (folder / name / "metrics.csv").open() as stream:
        return {
            (figure, int(row["step"])): float(value)
            for row in csv.DictReader(stream)
            for figure, value in row.items()
            if value and figure != "step"
        }


# With cross-attention, and also when one of them is killed and both go on; with LoRA, samples and a second loss.
@pytest.mark.parametrize(
    ("strategy", "killed", "settings"),
    [("ddp", 1, XATTN), ("fsdp", 0, XATTN), ("fsdp", None, [*LORA, "--model.lexical", "0.5"])],
    ids=["ddp-xattn", "fsdp-xattn", "fsdp-lora"],
)
def test_two_processes_train_the_bridge_that_one_does(folder, strategy, killed, settings):
    name, alone = f"{strategy}{killed}", f"alone-{strategy}{killed}"
    settings = [*settings, "--trainer.val_check_interval", "6"]
    run(align(folder, alone, *settings))
    resume = []
    if killed is not None:
        callback = f"[{{class_path: kill_at.KillAt, init_args: {{step: 4, rank: {killed}}}}}]"
        broken = together(folder, name, strategy, *settings, "--trainer.callbacks", callback)
        assert broken.returncode != 0
        assert load_checkpoint(folder / name / "checkpoints" / "last.ckpt")["global_step"] == 4
        resume = ["--ckpt_path", "last"]
    callbacks = f"{SAMPLED[:-1]}, count_parts.CountParts]"
    finished = together(folder, name, strategy, *settings, *resume, "--trainer.callbacks", callbacks)
    assert finished.returncode == 0, finished.stderr
    parts = [json.loads((folder / name / f"parts{rank}.json").read_text()) for rank in (0, 1)]
    assert sum(part["here"] for part in parts) == parts[0]["all"] * (1 if strategy == "fsdp" else 2)
    expected, found = figures(folder, alone), figures(folder, name)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert sorted(path.name for path in (folder / name / "samples").iterdir())[-1] == "step_000006.md"
    checkpoint = load_checkpoint(folder / name / "checkpoints" / "last.ckpt")
    assert not [
        key for key in checkpoint["state_dict"] if key.startswith("model.language_model.") and "lora" not in key
    ]
    one, two = (load_graph_language_model(folder / each / "model")[0] for each in (alone, name))
    torch.testing.assert_close(dict(two.named_parameters()), dict(one.named_parameters()), rtol=1e-2, atol=1e-4)
