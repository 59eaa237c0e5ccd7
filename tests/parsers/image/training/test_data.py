"""Which pictures are trained on, and which are held out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.formats.jsonl import write as write_jsonl
from usg.formats.problems import Problems
from usg.parsers.image.training.data import PictureDataModule, WorldPictures
from usg.world.pixels.images import write_images


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """A corpus of five pictures and a file of three others."""
    write_images(5, "train", 0, tmp_path / "one", side=64)
    write_images(3, "val", 0, tmp_path / "two", side=64)
    graphs = [
        replace(g, sources=(replace(g.sources[0], uri=f"two/{g.sources[0].uri}"),)) for g in Corpus(tmp_path / "two")
    ]
    write_jsonl(graphs, tmp_path / "two.jsonl", Problems())
    return [str(tmp_path / "one"), str(tmp_path / "two.jsonl")]


def _data(paths: list[str], tmp_path: Path, holdout: int) -> PictureDataModule:
    data = PictureDataModule(paths, holdout=holdout, batch_size=2, cache=str(tmp_path / "cache"))
    data.side = 64
    return data


def test_losses_and_figures_are_of_the_same_held_out_pictures(paths: list[str], tmp_path: Path) -> None:
    (tmp_path / "one/images/train-0-00000003.png").write_bytes(b"no picture")
    data = _data(paths, tmp_path, holdout=4)
    images = np.concatenate([batch.pictures.numpy() for batch in data.val_dataloader()])
    graphs = data.validation_graphs(10)
    assert [Path(picture).name for picture, _ in graphs] == [
        "train-0-00000004.png", "val-0-00000000.png", "val-0-00000001.png", "val-0-00000002.png",
    ]  # fmt: skip
    assert [Path(str(graph.sources[0].uri)).name for _, graph in graphs] == [
        Path(picture).name for picture, _ in graphs
    ]
    for image, (picture, _) in zip(images, graphs, strict=True):
        assert (image == np.asarray(Image.open(picture))).all()
    assert data.validation_graphs(2) == graphs[:2]


def test_what_is_held_out_is_not_trained_on(paths: list[str], tmp_path: Path) -> None:
    data = _data(paths, tmp_path, holdout=4)
    held_out = {
        batch.pictures[i].numpy().tobytes() for batch in data.val_dataloader() for i in range(len(batch.pictures))
    }
    trained = {
        batch.pictures[i].numpy().tobytes() for batch in data.train_dataloader() for i in range(len(batch.pictures))
    }
    assert len(held_out) == len(trained) == 4
    assert not held_out & trained


def test_validation_graphs_are_read_once(paths: list[str], tmp_path: Path) -> None:
    data = _data(paths, tmp_path, holdout=2)
    first = data.validation_graphs(2)
    Path(paths[1]).unlink()
    assert data.validation_graphs(2) is first


def test_graphs_for_validation_beside_pictures_of_the_world(paths: list[str], tmp_path: Path) -> None:
    data = PictureDataModule(val=paths, world=WorldPictures(2, 0, workers=1), cache=str(tmp_path / "cache"))
    data.prepare_data()
    assert data.paths("val") == paths
    (drawn,) = (tmp_path / "cache").iterdir()
    assert data.paths("train") == [str(drawn)]


def test_without_its_module_the_side_is_that_of_the_settings(paths: list[str], tmp_path: Path) -> None:
    data = PictureDataModule(paths, cache=str(tmp_path / "cache"))
    assert data.pictures("train").images.shape == (8, 128, 128, 3)
