import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file

from usg.corpus import Corpus
from usg.formats.jsonl import write as write_jsonl
from usg.formats.problems import Problems
from usg.graph import Box, SceneGraph
from usg.parsers.image import ImageParser
from usg.parsers.image.train import main
from usg.world.pixels.images import write_images

SMALL = [
    "--model.network.side=64", "--model.network.widths=[8,8,16,16,16]", "--model.network.features=16",
    "--model.network.tower=16", "--model.network.embedding=32", "--model.network.pixels=8",
    "--model.network.pairs=16", "--data.batch_size=4", "--trainer.accelerator=cpu", "--model.validate=4",
    "--trainer.enable_progress_bar=false", "--model.optimizer.warmup_steps=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("world") / "train"
    write_images(16, "train", 0, folder, side=64)
    return str(folder)


def _train(corpus: str, folder: Path, steps: int, *more: str) -> None:
    words = [
        f"--data.train=[{corpus}]", "--data.holdout=4", f"--data.cache={folder / 'cache'}",
        f"--trainer.default_root_dir={folder / 'run'}", f"--trainer.max_steps={steps}",
    ]  # fmt: skip
    assert main(["fit", *SMALL, *words, *more]) == 0


def test_a_run_leaves_a_parser(corpus: str, tmp_path: Path, use_card: Any) -> None:
    _train(corpus, tmp_path, 3, "--trainer.val_check_interval=3")
    parser = ImageParser(tmp_path / "run" / "model", threshold=0.0, max_objects=3)
    picture = Corpus(corpus)[0].sources[0].uri
    graph = parser(Path(corpus) / str(picture))
    assert len(graph.objects) == 3
    assert "map50" in (tmp_path / "run" / "metrics.csv").read_text()
    card, text, names = use_card(tmp_path / "run" / "model")
    assert card.license == "unknown"
    assert names["model"].network.settings.side == 64
    assert "After step 3:" in text and "| val/map50 | " in text and f"- `{corpus}`" in text


def test_a_run_that_was_cut_goes_on_exactly(corpus: str, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    _train(corpus, whole, 6, "--checkpoint.every=3")
    crash = "--trainer.callbacks=[{class_path: crash_at.CrashAt, init_args: {step: 4}}]"
    with pytest.raises(ConnectionAbortedError):
        _train(corpus, cut, 6, "--checkpoint.every=3", crash)
    _train(corpus, cut, 6, "--checkpoint.every=3", "--ckpt_path=last")
    one, two = (load_file(folder / "run" / "model" / "weights.safetensors") for folder in (whole, cut))
    assert all((one[name] == two[name]).all() for name in one)


def test_what_is_short_for_settings(corpus: str, tmp_path: Path) -> None:
    words = [f"--data.cache={tmp_path / 'cache'}", "--trainer.max_steps=1", "--data", corpus, "--val", corpus]
    assert main([*SMALL, *words, "-o", str(tmp_path / "run"), "--seed", "7"]) == 0
    told = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert told["data"]["train"] == told["data"]["val"] == [corpus]
    assert told["seed_everything"] == 7 and (tmp_path / "run" / "model" / "picture.json").is_file()


def _validate(corpus: str, folder: Path, *more: str) -> int:
    words = [f"--data.train=[{corpus}]", "--data.holdout=4", f"--data.cache={folder / 'cache'}"]
    return main(["validate", *SMALL, *words, f"--trainer.default_root_dir={folder / 'run'}", "--ckpt_path=last", *more])


def test_a_checkpoint_is_validated_at_its_own_sizes(
    corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _train(corpus, tmp_path, 2)
    capsys.readouterr()
    assert _validate(corpus, tmp_path) == 0
    told = capsys.readouterr().out
    assert "map50" in told
    assert _validate(corpus, tmp_path, "--model.network.side=96", "--model.network.features=8") == 0
    assert capsys.readouterr().out == told
    with pytest.raises(ValueError, match=r"of model\.network .*'features': 16.*'features': 8"):
        _train(corpus, tmp_path, 4, "--ckpt_path=last", "--model.network.features=8")


def test_a_held_out_picture_that_cannot_be_read_costs_no_run(corpus: str, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "world")
    (tmp_path / "world/images/train-0-00000014.png").write_bytes(b"no picture")
    _train(str(tmp_path / "world"), tmp_path, 2, "--trainer.val_check_interval=2")
    assert (tmp_path / "run/model/picture.json").is_file()


def test_boxes_without_masks_attributes_or_relations(corpus: str, tmp_path: Path) -> None:
    def bare(graph: SceneGraph) -> SceneGraph:
        objects = [
            replace(obj, groundings=tuple(g for g in obj.groundings if isinstance(g.region, Box)))
            for obj in graph.objects
        ]
        source = replace(graph.sources[0], uri=f"{corpus}/{graph.sources[0].uri}")
        return SceneGraph([source], objects)

    file = tmp_path / "boxes.jsonl"
    write_jsonl([bare(graph) for graph in Corpus(corpus)], file, Problems())
    _train(str(file), tmp_path, 2)
    graph = ImageParser(tmp_path / "run" / "model", threshold=0.0)(Path(corpus) / "images/train-0-00000001.png")
    assert graph.objects
    # Never trained, the masks of the network mean nothing.
    assert {type(grounding.region) for obj in graph.objects for grounding in obj.groundings} == {Box}
    assert not graph.attributes
    assert not graph.relations


def test_a_run_does_not_go_on_with_other_words(corpus: str, tmp_path: Path) -> None:
    _train(corpus, tmp_path, 2)
    with pytest.raises(ValueError, match="other labels"):
        _train(corpus, tmp_path, 4, "--ckpt_path=last", "--data.min_count=3")


def test_nothing_to_train_on() -> None:
    with pytest.raises(ValueError, match=r"data\.train"):
        main(["fit"])


def test_without_a_sub_command_it_trains(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no/such"):
        main(
            [*SMALL, "--data.train=[no/such.jsonl]", f"--trainer.default_root_dir={tmp_path}", "--trainer.max_steps=1"]
        )
