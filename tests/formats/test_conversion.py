import errno
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from usg.cli import main as usg
from usg.corpus import Corpus, CorpusWriter
from usg.formats import FORMATS, Problems, convert, guess_format, read_graphs, write_graphs
from usg.formats.names import format_module
from usg.graph import SceneGraph
from usg.graph.serialize import to_json

ROWS = """image_id,region_id,caption,scene_graph
1,2,a man riding a brown horse,"( man , ride , horse ) , ( horse , is , brown )"
1,3,two dogs,"( dogs , is , 2 )"
2,4,the sky,( sky )
"""


@pytest.fixture
def factual(tmp_path: Path) -> Path:
    file = tmp_path / "factual.csv"
    file.write_text(ROWS)
    return file


def test_every_format_gives_back_what_another_one_held(factual: Path, tmp_path: Path) -> None:
    graphs = list(read_graphs(factual))
    path = factual
    for name in ("graphs.jsonl", "corpus", "again.jsonl", "again.csv"):
        assert convert(path, tmp_path / name) == 3
        path = tmp_path / name
        assert list(read_graphs(path)) == graphs
    assert path.read_text() == ROWS


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_reader_and_a_writer(name: str) -> None:
    module = format_module(name)
    assert isinstance(module, ModuleType)
    assert callable(module.read)
    assert callable(module.write)


def test_the_name_tells_the_format(tmp_path: Path) -> None:
    assert [guess_format(name) for name in ("a.JSONL", "a.ndjson", "a.csv", "a", "-", tmp_path)] == [
        "jsonl",
        "jsonl",
        "factual",
        "corpus",
        "jsonl",
        "corpus",
    ]
    with pytest.raises(ValueError, match=r"cannot tell the format of a\.xml"):
        guess_format("a.xml")
    with pytest.raises(LookupError, match="did you mean 'factual'"):
        read_graphs("a.csv", "factul")
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_graphs(tmp_path / "nothing.jsonl")


def test_bad_items_are_named_and_the_status_says_so(
    factual: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with factual.open("a") as file:
        file.writelines(f"9,{i},a dog,dog\n" for i in range(15))
    assert usg(["convert", str(factual), str(tmp_path / "corpus"), "--from", "factual", "--to", "corpus"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith("3 graphs to ")
    assert sum("not a fact" in line for line in errors) == 10
    assert f"{factual}:5: " in errors[1]
    assert errors[-2:] == ["... and 5 more", "usg: left out 15 bad items"]
    assert len(Corpus(tmp_path / "corpus")) == 3


def test_nothing_is_written_when_nothing_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no\ngraph\n")
    for output in ("out.jsonl", "out", "out.csv"):
        assert usg(["convert", str(bad), str(tmp_path / output)]) == 2
        assert "no graph could be read" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"]


def test_an_existing_output_is_replaced_only_when_asked(factual: Path, tmp_path: Path) -> None:
    for name in ("out.jsonl", "corpus"):
        output = tmp_path / name
        assert usg(["convert", str(factual), str(output)]) == 0
        assert usg(["convert", str(factual), str(output)]) == 2
        factual.write_text(ROWS.rpartition("2,4")[0])
        assert usg(["convert", str(factual), str(output), "--overwrite"]) == 0
        assert len(list(read_graphs(output))) == 2
        factual.write_text(ROWS)
    (tmp_path / "thesis").mkdir()
    for words in (["thesis"], ["thesis", "--overwrite"], ["thesis", "--overwrite", "--to", "jsonl"]):
        assert usg(["convert", str(factual), str(tmp_path / words[0]), *words[1:]]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "factual.csv", "out.jsonl", "thesis"]


@pytest.mark.parametrize("name", ["out.jsonl", "corpus"])
def test_an_interrupt_or_a_full_disk_leaves_what_was_there(
    factual: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / name
    convert(factual, output)
    before = sorted(path.name for path in tmp_path.iterdir())

    def stop(graphs: Iterable[SceneGraph], label: str) -> Iterable[SceneGraph]:
        yield next(iter(graphs))
        raise error

    monkeypatch.setattr("usg.formats.conversion.progress", stop)
    error: BaseException = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        convert(factual, output, overwrite=True)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left on device; nothing was written") as caught:
        convert(factual, output, overwrite=True)
    assert caught.value.filename == str(output)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert len(list(read_graphs(output))) == 3


def test_a_broken_shard_is_left_out_and_named(factual: Path, tmp_path: Path) -> None:
    graphs = list(read_graphs(factual))
    with CorpusWriter(tmp_path / "c", graphs_per_shard=1) as writer:
        writer.write_all(graphs)
    shards = sorted((tmp_path / "c").glob("*.parquet"))
    shards[0].write_bytes(shards[0].read_bytes()[:99])
    data = bytearray(shards[1].read_bytes())
    data[data.index(b"\x28\xb5\x2f\xfd") + 12] ^= 0xFF  # within the first zstd frame
    shards[1].write_bytes(data)
    problems = Problems()
    assert list(read_graphs(tmp_path / "c", problems=problems)) == graphs[2:]
    assert problems.count == 2
    with pytest.raises(ValueError, match="shard-00000"):
        list(read_graphs(tmp_path / "c"))


def test_standard_output_takes_lines_only(factual: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert usg(["convert", str(factual), "-"]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines() == [to_json(graph) for graph in read_graphs(factual)]
    assert err == "3 graphs to standard output\n"
    assert usg(["convert", str(factual), "-", "--to", "corpus"]) == 2


def test_problems_keep_lines_short() -> None:
    problems = Problems()
    problems.add("file:1", "a\nb" + "x" * 1000)
    assert problems.first[0].startswith("file:1: a b")
    assert len(problems.first[0]) < 320
    with pytest.raises(ValueError, match="file:2: bad"):
        Problems(strict=True).add("file:2", "bad")


def test_strict_writing_raises_at_the_first_graph_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="graph 0: no text source"):
        write_graphs([SceneGraph()], tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []
