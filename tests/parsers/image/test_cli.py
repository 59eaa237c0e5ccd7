"""`usg parse image`: what goes in, what comes out, what goes wrong, and going on after a kill."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.graph import from_json
from usg.parsers.image.baselines.training import pictures as scenes_with_pictures
from usg.parsers.image.cli import main, parse_image
from usg.parsers.image.names import ATTRIBUTES, RELATIONS


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures in two folders, a text file among them that says it is one, and one that does not."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name, colour in (("a.png", "red"), ("b.jpg", "white"), ("deep/c.webp", "blue")):
        image = Image.new("RGB", (40, 30), "white")
        image.paste(colour, (5, 5, 20, 20))
        image.save(folder / name)
    (folder / "notes.txt").write_text("these are pictures")
    (folder / "d.png").write_text("and this is not")
    return folder


def run(*words: object) -> int:
    return main(list(map(str, words)))


def told(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """Standard error, without the folder and what the command took."""
    return re.sub(r"; \d+\.\d CPU s, [\d,]+ MiB at most", "", capsys.readouterr().err).replace(f"{folder}/", "")


def test_a_folder_with_a_bad_file(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pictures, "-o", tmp_path / "out.jsonl", "--detector", "setok", "--relations", "geometry") == 1
    graphs = list(read_graphs(tmp_path / "out.jsonl"))
    names = [str(graph.sources[0].uri).removeprefix(f"{pictures}/") for graph in graphs]
    assert names == ["a.png", "b.jpg", "d.png", "deep/c.webp"]
    assert [len(graph) for graph in graphs] == [2, 0, 0, 2]  # the second is white all over
    reason = "no picture that Pillow reads; it begins with b'and this is not'"
    assert [graph.metadata.get("failed") for graph in graphs] == [None, None, reason, None]
    lines = told(capsys, tmp_path).splitlines()
    assert lines == [f"in/d.png: {reason}", "4 graphs to out.jsonl", "usg: 1 bad picture"]


def test_good_pictures_into_a_corpus(pictures: Path, tmp_path: Path) -> None:
    (pictures / "d.png").unlink()
    assert run(pictures / "a.png", pictures / "deep/*", "-o", tmp_path / "corpus", "--detector", "setok") == 0
    corpus = Corpus(tmp_path / "corpus")
    assert [str(graph.sources[0].uri).rpartition("/")[2] for graph in corpus] == ["a.png", "c.webp"]
    assert corpus.manifest["provenance"]["made_by"] == "usg parse image"
    assert len(corpus[0].objects[0].groundings) == 2


def test_standard_input_to_standard_output(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((pictures / "a.png").read_bytes())))
    assert run("-o", "-", "--detector", "setok") == 0
    sys.stdout.flush()
    graph = from_json(capfdbinary.readouterr().out)
    assert graph.sources[0].uri is None and len(graph) == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run("-o", "-", "--detector", "setok") == 1
    assert b"standard input: 0 bytes: an empty file" in capfdbinary.readouterr().err


def test_labels_and_models_are_passed_on(pictures: Path, tmp_path: Path, models: Callable[[str], Path]) -> None:
    (tmp_path / "labels.txt").write_text("dog\ndining table\n")
    words = [pictures / "a.png", "-o", tmp_path / "out.jsonl", "--detector", models("owlv2"), "--threshold", 0]
    assert run(*words, "--labels", tmp_path / "labels.txt", "--attributes", models("clip")) == 0
    (graph,) = read_graphs(tmp_path / "out.jsonl")
    assert {obj.label for obj in graph.objects} <= {"dog", "dining table"} and graph.attributes
    assert graph.sources[0].parser_version == "owlv2 + clip attributes"


@pytest.mark.parametrize(
    ("words", "error", "reason"),
    [
        (["--threshold", 2], ValueError, "the threshold is 2"),
        (["--batch-size", 0], ValueError, "batch_size is 0"),
        (["--relations", "geo"], LookupError, "unknown relation head 'geo'"),
        (["--labels", "dog"], ValueError, "setok takes no labels"),
    ],
)
def test_wrong_use_writes_nothing(
    words: list[object], error: type[Exception], reason: str, pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=reason):
        run(pictures, "-o", tmp_path / "out.jsonl", "--detector", "setok", *words)
    assert not list(tmp_path.glob("out*"))


def test_inputs_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing: no such file, folder or glob of pictures"):
        parse_image([str(tmp_path / "nothing")], "-", detector="setok")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty: the folder has no pictures"):
        parse_image([str(tmp_path / "empty")], "-", detector="setok")


def test_a_file_that_cannot_be_opened_costs_no_other(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "c.png").symlink_to(tmp_path / "gone.png")
    (pictures / "folder.png").mkdir()
    assert run(pictures, "-o", tmp_path / "out.jsonl", "--detector", "setok") == 1
    lines = told(capsys, tmp_path).splitlines()
    assert lines[0] == "in/c.png: No such file or directory"
    assert lines[-2:] == ["5 graphs to out.jsonl", "usg: 2 bad pictures"]


def test_from_python_the_first_bad_picture_raises(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"d\.png: no picture that Pillow reads"):
        parse_image([str(pictures)], str(tmp_path / "out.jsonl"), detector="setok", batch_size=1)


def _stop_after(n: int) -> Any:
    def stop(iterable: Iterable[Any], **_: Any) -> Iterator[Any]:
        for i, item in enumerate(iterable):
            if i == n:
                raise KeyboardInterrupt
            yield item

    return stop


def test_an_interrupted_run_goes_on(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [pictures, "--detector", "setok", "--batch-size", 1]
    assert run(*words, "-o", tmp_path / "whole.jsonl") == 1
    with monkeypatch.context() as patch:
        patch.setattr("usg.parsers.command.progress", _stop_after(3))
        with pytest.raises(KeyboardInterrupt, match="--resume goes on after what is whole in"):
            run(*words, "-o", tmp_path / "out.jsonl")
    capsys.readouterr()
    assert run(*words, "-o", tmp_path / "out.jsonl", "--resume") == 1
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert "graph 3: no picture that Pillow reads" in capsys.readouterr().err
    assert run(*words, "-o", tmp_path / "out.jsonl", "--resume") == 1  # nothing to add


def test_other_inputs_or_another_parser_cannot_go_on(
    pictures: Path, tmp_path: Path, models: Callable[[str], Path]
) -> None:
    assert run(pictures / "a.png", "-o", tmp_path / "out.jsonl", "--detector", "setok") == 0
    with pytest.raises(ValueError, match=r"its graph 1 is of '.*a\.png', which is not what stands there"):
        run(pictures / "b.jpg", "-o", tmp_path / "out.jsonl", "--detector", "setok", "--resume")
    with pytest.raises(ValueError, match="was made by setok colours, not by detr; --overwrite it"):
        run(pictures / "a.png", "-o", tmp_path / "out.jsonl", "--detector", models("detr"), "--resume")
    with pytest.raises(ValueError, match=r"other settings \(threshold 0\.[0-9]+, not 0\.75\); give those"):
        run(pictures / "a.png", "-o", tmp_path / "out.jsonl", "--detector", "setok", "--threshold", 0.75, "--resume")


@pytest.mark.parametrize("output", ["out.jsonl", "graphs/out.jsonl", "in/out.jsonl", "corpus", "graphs/corpus"])
def test_graphs_find_their_pictures_from_another_folder(
    output: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graphs").mkdir()
    (pictures / "d.png").unlink()
    monkeypatch.chdir(tmp_path)
    assert run("./in/a.png", "-o", output, "--detector", "setok") == 0
    monkeypatch.chdir(pictures)  # what is gone on with is told by the file that it names
    assert run("a.png", "deep/c.webp", "-o", Path("..", output), "--detector", "setok", "--resume") == 0
    monkeypatch.chdir("/")
    for _, picture in scenes_with_pictures(tmp_path / output):
        assert picture.size == (40, 30) and picture.getpixel((10, 10)) != (255, 255, 255)
    uris = [str(graph.sources[0].uri) for graph in read_graphs(tmp_path / output)]
    assert not any(Path(uri).is_absolute() for uri in uris) and len(uris) == 2


def test_help_is_light() -> None:
    code = (
        "import sys\nfrom usg.parsers.image.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*[name for name in ('torch', 'transformers', 'PIL', 'onnxruntime') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.stdout.startswith("usage: usg parse image"), result.stderr
    assert all(name in result.stdout for name in (*ATTRIBUTES, *RELATIONS))
    assert result.stdout.splitlines()[-1] == ""
