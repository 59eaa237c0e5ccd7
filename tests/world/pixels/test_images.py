"""usg world images: PNG files beside a corpus, whatever way they were written."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.world.cli import main
from usg.world.pixels import sample_picture
from usg.world.pixels.images import write_images
from usg.world.pixels.sheet import contact_sheet
from usg.world.program import answer


def pixels(folder, graph):
    with Image.open(folder / graph.sources[0].uri) as image:
        return np.asarray(image)


def test_pictures_lie_beside_their_graphs(tmp_path, capsys):
    folder, sheet = tmp_path / "world", tmp_path / "sheet.png"
    words = ["images", "-n", "5", "--split", "iid", "--seed", "3", "-o", str(folder), "--sheet", str(sheet)]
    assert main(words) == 0
    assert "5 pictures of the split iid, seed 3" in capsys.readouterr().out
    corpus = Corpus(folder)
    assert len(corpus) == 5
    for index, graph in enumerate(corpus):
        picture = sample_picture("iid", 3, index)
        assert graph.objects == picture.graph.objects
        assert graph.relations == picture.graph.relations
        assert np.array_equal(pixels(folder, graph), picture.image)
    with Image.open(sheet) as image:
        assert image.size == (8 * 196 - 4, 192)


def test_an_interrupted_data_set_is_resumed(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    write_images(4, "train", 0, whole, even=True)
    assert write_images(2, "train", 0, parts, even=True, resume=True) == 2
    assert write_images(4, "train", 0, parts, even=True, resume=True) == 2
    assert list(Corpus(parts)) == list(Corpus(whole))
    for graph in Corpus(whole):
        assert np.array_equal(pixels(parts, graph), pixels(whole, graph))
    with pytest.raises(ValueError, match="another data set"):
        write_images(6, "train", 0, parts, resume=True)


def test_wrong_use_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(LookupError, match="unknown split"):
        write_images(2, "nowhere", 0, tmp_path / "a")
    with pytest.raises(ValueError, match="side is 4"):
        write_images(2, "train", 0, tmp_path / "a", side=4)
    assert not (tmp_path / "a").exists()
    write_images(1, "train", 0, tmp_path / "a")
    with pytest.raises(FileExistsError):
        write_images(1, "train", 0, tmp_path / "a")


@pytest.mark.parametrize("split", ["train", "style"])
def test_questions_are_about_what_the_picture_shows(tmp_path, split):
    """Answered by all its relations, and the picture is the same with and without them."""
    write_images(3, split, 4, tmp_path / "asked", questions=5)
    write_images(3, split, 4, tmp_path / "plain")
    for graph, plain in zip(Corpus(tmp_path / "asked"), Corpus(tmp_path / "plain"), strict=True):
        questions = graph.metadata["questions"]
        assert 3 <= len(questions) <= 5
        assert all(answer(question["program"], graph) == question["answer"] for question in questions)
        assert (graph.objects, graph.relations) == (plain.objects, plain.relations)
    with pytest.raises(ValueError, match="questions is -1"):
        write_images(1, split, 4, tmp_path / "none", questions=-1)


def test_workers_change_nothing(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_images(3, "longer", 2, one)
    write_images(3, "longer", 2, two, workers=2)
    assert list(Corpus(one)) == list(Corpus(two))
    for graph in Corpus(one):
        assert np.array_equal(pixels(one, graph), pixels(two, graph))


def test_the_command_line_answers_without_what_draws():
    code = "import sys, usg.world.cli as c; c.parser(); print({'PIL', 'av', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_sheet_of_nothing_is_told(tmp_path):
    write_images(0, "train", 0, tmp_path / "a")
    with pytest.raises(ValueError, match="0 pictures"):
        contact_sheet(tmp_path / "a", tmp_path / "sheet.png")
