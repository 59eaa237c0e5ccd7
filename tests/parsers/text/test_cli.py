"""`usg parse text`: what goes in, what comes out, what goes wrong, and going on after a kill."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from usg.corpus import Corpus
from usg.formats import read_graphs
from usg.graph import SceneGraph
from usg.parsers.output import open_output
from usg.parsers.text import TextParser
from usg.parsers.text.cli import main, parse_text

COCO = {
    "images": [{"id": 139}, {"id": 285}],
    "annotations": [
        {"image_id": 139, "id": 1, "caption": "a Dog sees two Cats"},
        {"image_id": 285, "id": 2, "caption": "a Bear"},
        {"image_id": 139, "id": 3, "caption": "Cats and a Ball"},
    ],
}


@pytest.fixture
def run(capitals: Path) -> Any:
    """`usg parse text` with the fake pipeline."""

    def run(*words: object) -> int:
        return main([*map(str, words), "--pipeline", str(capitals)])

    return run


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    file = tmp_path / "captions.json"
    file.write_text(json.dumps(COCO))
    return file


def uris(graphs: Iterable[SceneGraph]) -> list[list[str | None]]:
    return [[source.uri for source in graph.sources] for graph in graphs]


def told(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """Standard error, without the folder and what the command took."""
    return re.sub(r"; \d+\.\d CPU s, [\d,]+ MiB at most", "", capsys.readouterr().err).replace(f"{folder}/", "")


def test_standard_input_to_standard_output(
    run: Any, parser: TextParser, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("two Dogs\n\nun Niño\n".encode())))
    assert run("-o", "-") == 0
    out, err = capfdbinary.readouterr()
    graphs = [SceneGraph.from_dict(json.loads(line)) for line in out.splitlines()]
    assert graphs == [parser("two Dogs"), parser(""), parser("un Niño")]
    assert re.fullmatch(rb"3 graphs to standard output; \d+\.\d CPU s, [\d,]+ MiB at most\n", err)


def test_every_caption_keeps_its_image(run: Any, coco: Path, tmp_path: Path) -> None:
    assert run(coco, "-o", tmp_path / "out.jsonl", "--batch-size", 2) == 0
    graphs = list(read_graphs(tmp_path / "out.jsonl"))
    assert uris(graphs) == [
        ["coco:image/139#caption/1"],
        ["coco:image/285#caption/2"],
        ["coco:image/139#caption/3"],
    ]
    assert [graph.metadata["image_id"] for graph in graphs] == ["139", "285", "139"]
    assert {source.parser for graph in graphs for source in graph.sources} == {"usg.text"}


def test_captions_of_one_image_make_one_graph(run: Any, coco: Path, tmp_path: Path) -> None:
    assert run(coco, "-o", tmp_path / "corpus", "--merge-by", "image") == 0
    corpus = Corpus(tmp_path / "corpus")
    assert uris(corpus) == [
        ["coco:image/139#caption/1", "coco:image/139#caption/3"],
        ["coco:image/285#caption/2"],
    ]
    assert [[obj.label for obj in graph.objects] for graph in corpus] == [["dog", "cats", "ball"], ["bear"]]
    assert corpus.manifest["provenance"]["made_by"] == "usg parse text"


def test_captions_without_an_image_cannot_be_merged(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a Dog\n")
    with pytest.raises(ValueError, match=r"a\.txt:1: no image to merge by; name the field"):
        run(tmp_path / "a.txt", "-o", tmp_path / "out.jsonl", "--merge-by", "image")
    assert not list(tmp_path.glob("out*"))


def test_a_caption_without_an_image_is_left_out_of_the_others(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("image_id,caption\n1,a Dog\n,a Cow\n1,a Cat\n")
    assert run(tmp_path / "a.csv", "-o", tmp_path / "out.jsonl", "--merge-by", "image") == 1
    (graph,) = read_graphs(tmp_path / "out.jsonl")
    assert [obj.label for obj in graph.objects] == ["dog", "cat"]
    assert "a.csv:3: no image to merge by" in capsys.readouterr().err


def test_bad_captions_are_named_and_the_rest_is_done(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,a Dog\n2,a \xff\n3,a Boom\n4\n5,a Cat\n")
    (tmp_path / "b.csv").write_text("id,caption\n1,a Dog\n")
    words = [tmp_path / "a.csv", tmp_path / "b.csv", "--field", "text", "--id-field", "id", "-o", tmp_path / "o.jsonl"]
    assert run(*words) == 1
    graphs = list(read_graphs(tmp_path / "o.jsonl"))
    assert uris(graphs) == [["image/1#line/2"], ["image/3#line/4"], ["image/5#line/6"]]
    assert [len(graph.objects) for graph in graphs] == [1, 0, 1]
    errors = told(capsys, tmp_path).splitlines()
    assert sorted(errors[:-2]) == [
        "a.csv:3: not UTF-8",
        "a.csv:4: en_capitals 0.1.0 fails on 'a Boom': IndexError: [E999] list index out of range",
        "a.csv:5: 1 columns, expected 2",
        "b.csv:1: no field 'text' among id, caption; name the one meant with --field",
    ]
    assert errors[-2:] == ["3 graphs to o.jsonl", "usg: 4 bad captions"]


def test_each_bad_caption_is_named(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("caption\n" + "a Dog\na,b\n" * 30)
    assert run(tmp_path / "a.csv", "-o", tmp_path / "o.jsonl") == 1
    lines = told(capsys, tmp_path).splitlines()
    assert lines[:30] == [f"a.csv:{number}: 2 columns, expected 1" for number in range(3, 63, 2)]
    assert lines[30:] == ["30 graphs to o.jsonl", "usg: 30 bad captions"]


def test_a_caption_that_failed_before_an_interruption_is_not_forgotten(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("image_id,caption\n1,a Boom\n1,a Cat\n2,a Dog\n2,a Cow\n")
    for merge, output in (([], "o.jsonl"), (["--merge-by", "image"], "o.jsonl"), ([], "corpus")):
        words = [tmp_path / "a.csv", "-o", tmp_path / output, *merge, "--batch-size", 1]
        with monkeypatch.context() as patch:
            patch.setattr("usg.parsers.command.progress", _stop_after_one)
            patch.setattr("usg.parsers.output.CorpusWriter", _shards_of_one)
            with pytest.raises(KeyboardInterrupt):
                run(*words, "--overwrite")
        capsys.readouterr()
        assert run(*words, "--resume") == 1
        errors = told(capsys, tmp_path).splitlines()
        reason = "en_capitals 0.1.0 fails on 'a Boom': IndexError: [E999] list index out of range"
        assert errors == [
            f"{output}: graph 1: {reason}",
            f"{'1 graph' if merge else '3 graphs'} to {output}",
            "usg: 1 bad caption",
        ]


def test_nothing_is_written_when_nothing_can_be_read(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,a Dog\n")
    for output in ("out.jsonl", "out"):
        with pytest.raises(ValueError, match=r"no caption could be read.*no field 'caption' among id, text"):
            run(tmp_path / "a.csv", "-o", tmp_path / output)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("merge", [[], ["--merge-by", "image"]])
@pytest.mark.parametrize("output", ["out.jsonl", "out"])
def test_an_interrupted_run_is_gone_on_with(
    run: Any, coco: Path, tmp_path: Path, output: str, merge: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(coco, "-o", tmp_path / "whole.jsonl", *merge)
    whole = list(read_graphs(tmp_path / "whole.jsonl"))
    monkeypatch.setattr("usg.parsers.command.progress", _stop_after_one)
    monkeypatch.setattr("usg.parsers.output.CorpusWriter", _shards_of_one)
    words = [coco, "-o", tmp_path / output, *merge]
    with pytest.raises(KeyboardInterrupt, match="--resume goes on"):
        run(*words)
    monkeypatch.undo()
    if output == "out.jsonl":
        assert not (tmp_path / output).exists()  # a name stands for a whole file
        with (tmp_path / "out.jsonl.part").open("a") as part:
            part.write('{"schema": "usg.sc')  # cut short by a kill
    with pytest.raises(FileExistsError, match=r"--resume|go on with it"):
        run(*words)
    assert run(*words, "--resume") == 0
    assert list(read_graphs(tmp_path / output)) == whole
    assert run(*words, "--resume") == 0
    assert list(read_graphs(tmp_path / output)) == whole
    assert run(*words, "--overwrite") == 0
    assert list(read_graphs(tmp_path / output)) == whole
    assert not list(tmp_path.glob("*.part"))


def _stop_after_one(graphs: Iterator[SceneGraph], **_: Any) -> Iterator[SceneGraph]:
    yield next(graphs)
    raise KeyboardInterrupt


def _shards_of_one(*words: Any, **options: Any) -> Any:
    from usg.corpus import CorpusWriter

    return CorpusWriter(*words, **options, graphs_per_shard=1)


def test_only_the_same_inputs_and_parser_are_gone_on_with(
    run: Any, coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(coco, "-o", tmp_path / "out.jsonl")
    (tmp_path / "other.txt").write_text("a Dog\na Cat\na Cow\n")
    with pytest.raises(ValueError, match="its graph 3 is of 'Cats and a Ball', which is not what stands there"):
        run(tmp_path / "other.txt", "-o", tmp_path / "out.jsonl", "--resume")
    monkeypatch.setattr(TextParser, "version", "en_capitals 0.2.0")
    with pytest.raises(ValueError, match=r"was made by en_capitals 0\.1\.0, not by en_capitals 0\.2\.0"):
        run(coco, "-o", tmp_path / "out.jsonl", "--resume")


def test_a_refused_resume_leaves_the_whole_file_as_it_is(run: Any, coco: Path, tmp_path: Path) -> None:
    run(coco, "-o", tmp_path / "out.jsonl")
    before = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "other.txt").write_text("a Dog\n")
    with pytest.raises(ValueError, match="cannot be gone on with"):
        run(tmp_path / "other.txt", "-o", tmp_path / "out.jsonl", "--resume")
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_the_part_of_an_interrupted_overwrite_is_gone_on_with(
    run: Any, coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.txt").write_text("a Cow\n")
    run(tmp_path / "old.txt", "-o", tmp_path / "out.jsonl")
    old = (tmp_path / "out.jsonl").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("usg.parsers.command.progress", _stop_after_one)
        with pytest.raises(KeyboardInterrupt):
            run(coco, "-o", tmp_path / "out.jsonl", "--overwrite")
    assert (tmp_path / "out.jsonl").read_bytes() == old
    assert run(coco, "-o", tmp_path / "out.jsonl", "--resume") == 0
    assert [uri for (uri,) in uris(read_graphs(tmp_path / "out.jsonl"))] == [
        "coco:image/139#caption/1",
        "coco:image/285#caption/2",
        "coco:image/139#caption/3",
    ]


def test_an_output_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space left"), open_output(str(tmp_path / "out.jsonl")):
        pass


def test_more_lines_are_added_to_what_is_whole(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a Dog\n")
    run(tmp_path / "a.txt", "-o", tmp_path / "out.jsonl")
    (tmp_path / "a.txt").write_text("a Dog\na Cat\n")
    run(tmp_path / "a.txt", "-o", tmp_path / "out.jsonl", "--resume")
    assert [graph.objects[0].label for graph in read_graphs(tmp_path / "out.jsonl")] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["-o", "out.jsonl"], FileExistsError, "out.jsonl exists and is not overwritten"),
        (["-o", "-", "--resume"], ValueError, "standard output cannot be resumed"),
        (["-o", "graphs.xml"], ValueError, "cannot tell what graphs.xml is to be"),
        (["-o", "no/out.jsonl"], FileNotFoundError, "the folder no does not exist"),
        (["-o", "new.jsonl", "--resume", "--overwrite"], ValueError, "exclude each other"),
        (["-o", "new.jsonl", "--from", "cocoa"], LookupError, "did you mean 'coco'"),
        (["-o", "new.jsonl", "--batch-size", "0"], ValueError, "batch_size=0"),
        (["-o", "new.jsonl", "--beams", "3"], ValueError, "--beams 3 is of a sequence-to-sequence model"),
        (["nothing.txt", "-o", "new.jsonl"], FileNotFoundError, "cannot read nothing.txt"),
    ],
)
def test_wrong_use(
    run: Any, tmp_path: Path, words: list[str], error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a Dog\n")
    Path("out.jsonl").write_text("")
    with pytest.raises(error, match=message):
        run("a.txt", *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "out.jsonl"]
    with pytest.raises(ValueError, match="merge_by is 'text'"):
        parse_text(["a.txt"], "-", merge_by="text")


def test_help_and_wrong_words_are_light() -> None:
    code = (
        "import sys\nfrom usg.parsers.text.cli import main\n"
        "for words in (['--help'], ['--nothing']):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: print(end.code)\n"
        "print(sorted({'torch', 'spacy', 'transformers'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("0\n2\n[]\n")
