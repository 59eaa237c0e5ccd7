"""usg world scenes: a corpus that does not depend on how it was written."""

import pytest

from usg.corpus import Corpus
from usg.world import sample_scene
from usg.world.cli import main, write_scenes


def test_scenes_are_written_with_their_language(tmp_path, capsys):
    folder = tmp_path / "world"
    assert main(["scenes", "-n", "4", "--split", "iid", "--seed", "3", "-o", str(folder)]) == 0
    assert "4 scenes of the split iid, seed 3" in capsys.readouterr().out
    corpus = Corpus(folder)
    assert list(corpus) == [
        sample_scene("iid", 3, i, captions=3, statements=3, questions=8, referring=3) for i in range(4)
    ]
    assert corpus.manifest["provenance"]["split"] == "iid"


def test_an_interrupted_corpus_is_resumed(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    write_scenes(6, "train", 0, whole, captions=1, statements=0, questions=0, referring=0)
    assert write_scenes(2, "train", 0, parts, captions=1, statements=0, questions=0, referring=0, resume=True) == 2
    assert write_scenes(6, "train", 0, parts, captions=1, statements=0, questions=0, referring=0, resume=True) == 4
    assert list(Corpus(parts)) == list(Corpus(whole))


def test_an_interrupt_says_how_to_go_on(tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("usg.world.cli.write_scenes", interrupted)
    with pytest.raises(KeyboardInterrupt, match="--resume goes on"):
        main(["scenes", "-n", "4", "-o", str(tmp_path / "world")])


def test_another_data_set_is_not_resumed(tmp_path):
    write_scenes(2, "train", 0, tmp_path / "a", captions=0, questions=0, referring=0)
    with pytest.raises(ValueError, match="another data set"):
        write_scenes(4, "train", 1, tmp_path / "a", captions=0, questions=0, referring=0, resume=True)
    with pytest.raises(ValueError, match="2 scenes, more than the 1"):
        write_scenes(1, "train", 0, tmp_path / "a", captions=0, questions=0, referring=0, resume=True)


def test_workers_change_nothing(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_scenes(5, "longer", 2, one, captions=1, questions=1, referring=1)
    write_scenes(5, "longer", 2, two, captions=1, questions=1, referring=1, workers=2)
    assert list(Corpus(one)) == list(Corpus(two))


def test_wrong_use_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(LookupError, match="did you mean 'train'"):
        write_scenes(2, "trian", 0, tmp_path / "a")
    with pytest.raises(ValueError, match="workers 0"):
        write_scenes(2, "train", 0, tmp_path / "a", workers=0)
    with pytest.raises(ValueError, match="questions is -2"):
        write_scenes(2, "train", 0, tmp_path / "a", questions=-2)
    assert not (tmp_path / "a").exists()
    write_scenes(1, "train", 0, tmp_path / "a", captions=0, questions=0, referring=0)
    with pytest.raises(FileExistsError):
        write_scenes(1, "train", 0, tmp_path / "a", captions=0, questions=0, referring=0)
