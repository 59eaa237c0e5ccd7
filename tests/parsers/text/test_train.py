"""`usg train-parser text` from captions to a pipeline, on a few captions and with tiny networks."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path

import pytest
import small_factual
import spacy

import usg
from usg.parsers.text import TextParser, jobs
from usg.parsers.text.train import main, train_text
from usg.parsers.text.training_settings import Fit, Sizes, TextTraining

SIZES = Sizes(word_dim=16, stem_dim=16, gram_dim=16, hidden=16, layers=1, dim=32, mixing_dim=8, dropout=0.1)
FIT = Fit(epochs=20, batch_size=12, learning_rate=0.02, average=0.8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "more.txt").write_text("a zebra in a field\na zebra sitting on a table\n")
    return small_factual.write_csv(folder / "train.csv")


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run folder, and what the command printed."""
    folder = tmp_path_factory.mktemp("run")
    config = folder / "text.yaml"
    lines = "{word_dim: 16, stem_dim: 16, gram_dim: 16, hidden: 16, layers: 1, dim: 32, mixing_dim: 8, dropout: 0.1}"
    fit = "{epochs: 20, batch_size: 12, learning_rate: 0.02, average: 0.8}"
    config.write_text(f"sizes: {lines}\nfit: {fit}\n")
    arguments = ["--config", str(config), "--data", str(data), "--val", str(data), "-o", str(folder), "--limit", "60"]
    with redirect_stdout(io.StringIO()) as said:
        assert main([*arguments, "--unlabelled", str(data.parent / "more.txt"), "--seed", "3"]) == 0
    return folder, said.getvalue()


def test_the_pipeline_reads_graphs(run: tuple[Path, str]) -> None:
    graph = TextParser(run[0] / "pipeline")("a man riding a horse")
    assert graph.triples == [("man", "ride", "horse")]
    digest = sha256((run[0] / "pipeline" / "scene_graph" / "weights.safetensors").read_bytes()).hexdigest()[:8]
    assert graph.sources[0].parser_version == f"en_scene_graph {usg.__version__}+{digest}"


def test_the_scores_are_printed_and_stand_beside_it(run: tuple[Path, str]) -> None:
    folder, said = run
    told = json.loads((folder / "pipeline" / "scene_graph.json").read_text())
    assert told["settings"]["seed"] == 3 and told["settings"]["fit"]["epochs"] == 20 and "data" not in told["settings"]
    scores = told["validation"]
    assert scores["set_match"] > 0.5 and f"{100 * scores['set_match']:6.1f}" in said
    assert str(folder / "pipeline") in said


def test_the_network_has_a_folder_of_its_own(run: tuple[Path, str]) -> None:
    told = json.loads((run[0] / "network" / "model" / "network.json").read_text())["trained"]
    assert (told["captions"], told["unlabelled"], told["seed"]) == (len(small_factual.lines()), 2, 3)


def test_a_run_that_ended_makes_the_pipeline_again(run: tuple[Path, str], data: Path, tmp_path: Path) -> None:
    folder, _ = run
    before = (folder / "pipeline" / "scene_graph" / "weights.safetensors").read_bytes()
    theirs = {"name": "a treebank", "license": "CC BY-SA 4.0"}
    syntax = spacy.blank("en", meta={"name": "syntax", "version": "0.3.0", "sources": [theirs]})
    syntax.add_pipe("sentencizer", name="tagger")
    syntax.to_disk(tmp_path / "syntax")
    settings = TextTraining(
        data=str(data), unlabelled=(str(data.parent / "more.txt"),), limit=60,
        syntax=str(tmp_path / "syntax"), output=str(folder), seed=3, sizes=SIZES, fit=FIT,
        sources=("captions of mine, CC0",), license="CC0 but for the treebank's part",
    )  # fmt: skip
    assert train_text(settings) == {}
    assert (folder / "pipeline" / "scene_graph" / "weights.safetensors").read_bytes() == before
    nlp = spacy.load(folder / "pipeline")
    assert nlp.pipe_names == ["tagger", "scene_graph"]
    assert nlp.meta["name"] == "scene_graph"
    assert nlp.meta["version"] == f"{usg.__version__}+{sha256(before).hexdigest()[:8]}"
    assert nlp.meta["license"] == "CC0 but for the treebank's part"
    assert nlp.meta["sources"] == [theirs, {"name": "captions of mine, CC0"}]


def test_another_training_is_refused_before_anything_is_trained(
    run: tuple[Path, str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_train", lambda job: pytest.fail(f"{job.folder} is trained"))
    unlabelled = (str(data.parent / "more.txt"),)
    settings = TextTraining(
        str(data), unlabelled=unlabelled, limit=60, output=str(run[0]), seed=4, sizes=SIZES, fit=FIT
    )
    with pytest.raises(ValueError, match=r"network was trained with seed 3, not 4; give another --output"):
        train_text(settings)


@pytest.mark.parametrize("wrong", ["data", "val", "unlabelled", "syntax"])
def test_missing_files_are_told_before_the_training(data: Path, tmp_path: Path, wrong: str) -> None:
    given: dict[str, str | tuple[str, ...]] = {"data": str(data), wrong: str(tmp_path / "nowhere")}
    if wrong == "unlabelled":
        given[wrong] = (str(tmp_path / "nowhere"),)
    with pytest.raises(FileNotFoundError, match=r"cannot read .*nowhere: there is no such file"):
        train_text(TextTraining(**given, output=str(tmp_path / "run")))  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_validation_graphs_are_read_before_the_training(data: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "dev.csv"
    wrong.write_text("image_id,region_id,caption,scene_graph\n")
    with pytest.raises(ValueError, match=r"dev\.csv has no graph with a text"):
        train_text(TextTraining(data=str(data), val=str(wrong), output=str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()


def test_nothing_to_train_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give --data FILE"):
        main(["--config", "parsers/text", "-o", str(tmp_path / "run")])
    with pytest.raises(SystemExit):
        main([])
