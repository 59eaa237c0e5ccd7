"""usg world videos: films beside a corpus."""

import numpy as np
import pytest
from PIL import Image

from usg.corpus import Corpus, CorpusWriter
from usg.world.cli import main
from usg.world.pixels.films import sample_film
from usg.world.pixels.videos import write_videos


def test_frames_lie_beside_their_graphs(tmp_path, capsys):
    folder, sheet = tmp_path / "world", tmp_path / "strips.png"
    words = ["videos", "-n", "2", "--split", "iid", "-o", str(folder), "--format", "png", "--sheet", str(sheet)]
    assert main(words) == 0
    assert "2 films of the split iid, seed 0" in capsys.readouterr().out
    for index, graph in enumerate(Corpus(folder)):
        film = sample_film("iid", 0, index)
        assert graph.relations == film.graph.relations
        files = sorted((folder / graph.sources[0].uri).iterdir())
        assert len(files) == len(film.images) == graph.metadata["frames"]
        with Image.open(files[3]) as image:
            assert np.array_equal(np.asarray(image), film.images[3])
    with Image.open(sheet) as image:
        assert image.size == (8 * 132 - 4, 2 * 132 - 4)


def test_mp4_has_every_frame(tmp_path):
    av = pytest.importorskip("av")
    write_videos(1, "train", 0, tmp_path / "a", lively=True)
    graph = Corpus(tmp_path / "a")[0]
    with av.open(str(tmp_path / "a" / graph.sources[0].uri)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    from usg.world.pixels.even import LIVELY

    film = sample_film("train", 0, 0, priors=LIVELY)
    assert frames.shape == film.images.shape
    assert np.abs(frames.astype(int) - film.images).mean() < 6


def test_an_interrupted_data_set_is_resumed(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    write_videos(2, "train", 0, whole, format="png", side=64)
    assert write_videos(1, "train", 0, parts, format="png", side=64, resume=True) == 1
    assert write_videos(2, "train", 0, parts, format="png", side=64, resume=True) == 1
    assert list(Corpus(parts)) == list(Corpus(whole))


def test_what_replaces_a_larger_data_set_leaves_nothing_of_it_and_what_is_not_its_own(tmp_path):
    folder = tmp_path / "a"
    write_videos(3, "train", 0, folder, format="png", side=64)
    (folder / "videos" / "train-0-00000007").mkdir()  # of a run that was killed before its shard was whole
    (folder / "videos" / "mine.mp4").write_text("a film")
    with pytest.raises(ValueError, match="exclude each other"):
        write_videos(4, "train", 0, folder, format="png", side=64, overwrite=True, resume=True)
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_videos(1, "iid", 1, folder, format="png", side=64)
    assert len(list((folder / "videos").iterdir())) == 5
    write_videos(1, "iid", 1, folder, format="png", side=64, overwrite=True)
    assert sorted(path.name for path in (folder / "videos").iterdir()) == ["iid-1-00000000", "mine.mp4"]
    assert main(["scenes", "-n", "1", "-o", str(folder), "--overwrite"]) == 0
    assert [path.name for path in (folder / "videos").iterdir()] == ["mine.mp4"]


def test_films_beside_a_corpus_of_something_else_are_left_alone(tmp_path):
    with CorpusWriter(tmp_path / "a", provenance={"made_by": "usg parse video"}):
        pass
    (tmp_path / "a" / "videos").mkdir()
    (tmp_path / "a" / "videos" / "train-0-00000007.mp4").write_text("a film")
    write_videos(1, "train", 0, tmp_path / "a", format="png", side=64, overwrite=True)
    assert (tmp_path / "a" / "videos" / "train-0-00000007.mp4").is_file()


def test_wrong_use_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(LookupError, match="unknown format 'gif'"):
        write_videos(1, "train", 0, tmp_path / "a", format="gif")
    with pytest.raises(ValueError, match="mp4 wants an even number"):
        write_videos(1, "train", 0, tmp_path / "a", side=65)
    assert not (tmp_path / "a").exists()
