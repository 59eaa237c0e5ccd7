import json
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_samples import small_graph

from usg.cli import main as usg
from usg.corpus import CorpusWriter
from usg.corpus.check import check_corpus
from usg.corpus.schema import shard_name
from usg.graph import SceneGraph, SceneObject

MakeCorpus = Callable[..., Path]


def test_counts_and_duplicates(tmp_path: Path) -> None:
    renamed = SceneGraph(objects=[SceneObject("x", "dog")], metadata={"note": "ids and metadata do not count"})
    graphs = [
        small_graph(0),
        small_graph(1),
        small_graph(0),
        SceneGraph(),
        SceneGraph(objects=[SceneObject("o", "dog")]),
    ]
    with CorpusWriter(tmp_path / "c", row_group=2) as writer:
        writer.write_all([*graphs, renamed])
    report = check_corpus(tmp_path / "c")
    assert report.passed
    assert (report.statistics.graphs, report.statistics.empty_graphs, report.duplicates) == (6, 1, 2)
    assert report.without_relations == 3 + 2  # "thing" of the small ones, the dogs
    assert report.attributes_without_kind == 3


def test_overlap_by_medium_text_and_graph(make_corpus: MakeCorpus) -> None:
    # Two small graphs are of one image: 6 and 7, of which only 6 is in the first corpus.
    train, test = make_corpus(graphs=7, name="train"), make_corpus(graphs=6, name="test", start=5)
    overlap = check_corpus(test, against=train).overlap
    assert overlap is not None
    assert (overlap.media, overlap.texts, overlap.graphs) == (3, 2, 2)
    assert check_corpus(test, against=make_corpus(name="far", start=100)).overlap.graphs == 0  # type: ignore[union-attr]


def test_the_command_prints_and_writes_the_figures(
    make_corpus: MakeCorpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = make_corpus(), tmp_path / "report.json"
    assert usg(["check", str(folder), "--against", str(folder), "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "object labels: 12 (10 once): cat 10, mat 10, thing 0 1" in printed
    table = json.loads(file.read_text())
    assert (table["command"], table["graphs"], table["overlap"]["graphs"]) == ("check", 10, 10)
    assert table["predicates"] == {"distinct": 1, "hapaxes": 0, "top": {"on": 10}}


def test_a_broken_shard_is_named_and_the_rest_checked(
    make_corpus: MakeCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_corpus(graphs=10)
    for number, keep in ((0, 200), (1, None)):
        data = bytearray((folder / shard_name(number)).read_bytes())
        data[data.index(b"\x28\xb5\x2f\xfd") + 12] ^= 0xFF  # within the first zstd frame
        (folder / shard_name(number)).write_bytes(data[:keep])
    assert usg(["check", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("BROKEN") == 2
    assert "shard-00000.parquet" in printed
    assert "shard-00001.parquet" in printed


def test_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with CorpusWriter(tmp_path / "c"):
        pass
    assert usg(["check", str(tmp_path / "c")]) == 1
    assert "EMPTY" in capsys.readouterr().out
    assert usg(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("usg: error: ")
