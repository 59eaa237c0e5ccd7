from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.formats.jsonl import write as write_jsonl
from usg.formats.problems import Problems
from usg.graph import SceneGraph
from usg.parsers.image.training.pictures import graphs_of, prepared, words_of
from usg.world.pixels.events import EVENTS
from usg.world.pixels.images import write_images
from usg.world.pixels.media import write_multimodal
from usg.world.pixels.views import view


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    write_images(6, "train", 0, tmp_path / "world", side=64)
    return str(tmp_path / "world")


def test_words_are_those_of_the_graphs(corpus: str) -> None:
    words = words_of([corpus], 1)
    assert set(words.values) == {"colour", "size", "state", "texture"}
    assert all(values[0] == "" for values in words.values.values())
    assert "left of" in words.predicates
    rare = words_of([corpus], 3)
    assert set(rare.labels) < set(words.labels)


def test_arrays_hold_what_the_pictures_show(corpus: str, tmp_path: Path) -> None:
    words = words_of([corpus], 1)
    data = prepared([corpus], words, 64, tmp_path / "cache", Problems())
    assert len(data) == 6
    assert data.images.shape == (6, 64, 64, 3)
    first = np.asarray(Image.open(Path(corpus) / "images" / "train-0-00000000.png"))
    assert (data.images[0] == first).all()
    assert data.first_object[-1] == len(data.labels) == len(data.boxes) == len(data.masks)
    assert data.masked.all()


def test_a_second_run_reads_what_the_first_prepared(corpus: str, tmp_path: Path) -> None:
    words = words_of([corpus], 1)
    prepared([corpus], words, 64, tmp_path / "cache", Problems())
    (folder,) = (tmp_path / "cache").iterdir()
    stamp = (folder / "images.bin").stat().st_mtime_ns
    prepared([corpus], words, 64, tmp_path / "cache", Problems())
    assert (folder / "images.bin").stat().st_mtime_ns == stamp
    prepared([corpus], words, 32, tmp_path / "cache", Problems())
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_pictures_that_cannot_be_read_are_named_and_left_out(corpus: str, tmp_path: Path) -> None:
    images = Path(corpus) / "images"
    (images / "train-0-00000002.png").write_bytes(b"no picture")
    (images / "train-0-00000004.png").unlink()
    Image.new("RGB", (32, 32)).save(images / "train-0-00000005.png")  # of another size than its graph says
    problems = Problems()
    data = prepared([corpus], words_of([corpus], 1), 64, tmp_path / "cache", problems)
    assert len(data) == 3
    assert problems.count == 3
    assert "train-0-00000002.png" in problems.first[0]
    assert "graph 5" in problems.first[1]
    assert "32 x 32" in problems.first[2]


def test_pictures_that_are_left_out_are_told_again_until_they_can_be_read(corpus: str, tmp_path: Path) -> None:
    picture = Path(corpus) / "images/train-0-00000002.png"
    whole = picture.read_bytes()
    picture.unlink()
    words = words_of([corpus], 1)
    for _ in range(2):
        problems = Problems()
        assert len(prepared([corpus], words, 64, tmp_path / "cache", problems)) == 5
        assert problems.count == 1
        assert "train-0-00000002.png" in problems.first[0]
    picture.write_bytes(whole)
    problems = Problems()
    assert len(prepared([corpus], words, 64, tmp_path / "cache", problems)) == 6
    assert problems.count == 0


def test_graphs_of_pictures(corpus: str, tmp_path: Path) -> None:
    (Path(corpus) / "images/train-0-00000001.png").write_bytes(b"no picture")
    data = prepared([corpus, corpus], words_of([corpus], 1), 64, tmp_path / "cache", Problems())
    found = graphs_of(data, [corpus, corpus], np.array([1, 4, 5]))
    assert [Path(picture).name[-6:] for picture, _ in found] == ["02.png", "05.png", "00.png"]
    assert [str(graph.sources[0].uri)[-6:] for _, graph in found] == ["02.png", "05.png", "00.png"]


def test_graphs_without_pictures(tmp_path: Path) -> None:
    file = tmp_path / "graphs.jsonl"
    write_jsonl([SceneGraph()], file, Problems())
    with pytest.raises(ValueError, match=r"nothing to train on: .*graph 1: it has no picture with a uri"):
        prepared([str(file)], words_of([str(file)], 1), 64, tmp_path / "cache", Problems())


def test_a_file_of_graphs_names_pictures_beside_it(corpus: str, tmp_path: Path) -> None:
    from usg.corpus import Corpus

    graphs = list(Corpus(corpus))
    moved = [replace(g, sources=(replace(g.sources[0], uri=f"world/{g.sources[0].uri}"),)) for g in graphs]
    write_jsonl(moved, tmp_path / "graphs.jsonl", Problems())
    words = words_of([corpus], 1)
    one = prepared([corpus], words, 64, tmp_path / "cache", Problems())
    two = prepared([str(tmp_path / "graphs.jsonl")], words, 64, tmp_path / "cache", Problems())
    assert (one.images == two.images).all()
    assert (one.positives == two.positives).all()


def test_of_a_graph_of_several_media_only_what_the_picture_shows_is_learnt(tmp_path: Path) -> None:
    write_multimodal(4, "train", 0, tmp_path / "world", side=64)
    words = words_of([str(tmp_path / "world")], 1)
    assert "action" not in words.values
    assert "left of" in words.predicates and not set(words.predicates) & set(EVENTS)
    data = prepared([str(tmp_path / "world")], words, 64, tmp_path / "cache", Problems())
    graphs = [view(graph, "image") for graph in Corpus(tmp_path / "world")]
    assert len(data.relations) == sum(len(graph.relations) for graph in graphs)
    everything = sum(len(graph.relations) for graph in Corpus(tmp_path / "world"))
    assert len(data.relations) < everything
