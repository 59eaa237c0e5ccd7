"""Uris of pictures and films: they mean the same wherever graphs are written, and from wherever they are read."""

import sys
from itertools import product
from pathlib import Path

import pytest

from usg.formats import convert, read_graphs, write_graphs
from usg.formats.media import media_folder, moved_uri
from usg.graph import SceneGraph, Source

FOLDERS = (".", "photos", "photos/deep", "out", "link")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with folders in it, one of which is a link to somewhere else."""
    home = tmp_path / "home"
    for folder in ("photos/deep", "out"):
        (home / folder).mkdir(parents=True)
    (tmp_path / "far" / "away").mkdir(parents=True)
    (home / "link").symlink_to(tmp_path / "far" / "away")
    for folder in FOLDERS:
        (home / folder / "a.png").write_text(folder)
    monkeypatch.chdir(home)
    return home


@pytest.mark.parametrize(("picture", "first", "second"), list(product(FOLDERS, repeat=3)))
def test_a_moved_uri_means_the_same_file(picture: str, first: str, second: str, home: Path) -> None:
    uri = moved_uri(f"{picture}/a.png", ".", first)
    assert (home / first / uri).read_text() == picture
    assert (home / second / moved_uri(uri, first, second)).read_text() == picture


def test_the_way_up_out_of_a_link_begins_where_it_leads(home: Path) -> None:
    (home.parent / "far" / "a.png").write_text("far")
    for folder in FOLDERS:
        uri = moved_uri("link/../a.png", ".", folder)
        assert (home / folder / uri).read_text() == "far"


def test_a_picture_beside_its_graphs_is_named_alone(home: Path) -> None:
    assert [moved_uri(f"{folder}/a.png", ".", folder) for folder in FOLDERS] == ["a.png"] * len(FOLDERS)


@pytest.mark.parametrize("uri", ["/data/a.png", "https://somewhere.org/a.png", "coco:image/139", "s3://bucket/a.png"])
def test_what_is_no_relative_path_stays(uri: str) -> None:
    assert moved_uri(uri, ".", "out") == uri


def test_a_file_that_looks_like_an_address_does_not_when_it_was_moved() -> None:
    assert moved_uri("in/take:2.png", ".", "in") == "./take:2.png"


def test_graphs_that_are_converted_find_their_pictures_and_a_text_keeps_its_name(home: Path) -> None:
    sources = (
        Source("image", "image", uri="a.png"),
        Source("video", "video", uri="../link/a.png"),
        Source("text", "text", uri="image/139", text="a dog"),
    )
    write_graphs([SceneGraph(sources)], "photos/graphs.jsonl")
    path = Path("photos/graphs.jsonl")
    for name in ("out/graphs.jsonl", "out/corpus", "photos/deep/again.jsonl", "back.jsonl", "photos/copy.jsonl"):
        convert(path, name)
        path = Path(name)
        (graph,) = read_graphs(path)
        read = [(media_folder(path) / str(source.uri)).read_text() for source in graph.sources[:2]]
        assert read == ["photos", "link"]
        assert graph.sources[2] == sources[2]
    assert graph.sources == sources


def test_standard_output_and_input_are_of_the_current_folder(
    home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_graphs([SceneGraph([Source("image", "image", uri="a.png")])], "photos/graphs.jsonl")
    convert("photos/graphs.jsonl", "-")
    sys.stdout.flush()
    assert b'"photos/a.png"' in capfdbinary.readouterr().out
    assert media_folder("-") == Path()
