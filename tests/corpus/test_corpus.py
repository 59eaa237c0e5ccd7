import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_samples import small_graph

from usg.corpus import Corpus, CorpusError, CorpusWriter
from usg.corpus.schema import shard_name

MakeCorpus = Callable[..., Path]


def test_graphs_by_index_slice_and_iteration(make_corpus: MakeCorpus) -> None:
    corpus = Corpus(make_corpus(graphs=10))
    assert len(corpus) == 10
    assert list(corpus) == [small_graph(i) for i in range(10)]
    assert [corpus[i] for i in (9, 0, 5, -1, -10)] == [small_graph(i) for i in (9, 0, 5, 9, 0)]
    assert corpus[2:9] == [small_graph(i) for i in range(2, 9)]
    assert corpus[5:5] == corpus[8:3] == []
    assert corpus[7:2:-2] == [small_graph(i) for i in (7, 5, 3)]
    assert corpus[np.int64(4)] == small_graph(4)
    assert corpus.row_group_starts.tolist() == [0, 3, 4, 7, 8, 10]
    elements = [len(graph.objects) + len(graph.attributes) + len(graph.relations) for graph in corpus]
    assert corpus.num_elements.tolist() == elements
    assert corpus.row_group(1) == [small_graph(3)]


def test_metadata_is_read_alone(make_corpus: MakeCorpus) -> None:
    corpus = Corpus(make_corpus())
    assert corpus.metadata(6)["index"] == 6
    assert corpus.metadata(-1)["questions"] == ["what is on the mat?"]


def test_a_small_cache_gives_the_same_graphs(make_corpus: MakeCorpus) -> None:
    corpus = Corpus(make_corpus(), cache_mb=0)
    order = np.random.default_rng(0).integers(0, 10, 30).tolist()
    assert [corpus[i] for i in order] == [small_graph(i) for i in order]


def test_a_pickled_corpus_is_the_corpus_opened_again(make_corpus: MakeCorpus) -> None:
    corpus = pickle.loads(pickle.dumps(Corpus(make_corpus())))
    assert corpus[3] == small_graph(3)


@pytest.mark.parametrize("index", [10, -11])
def test_outside_is_an_index_error(make_corpus: MakeCorpus, index: int) -> None:
    corpus = Corpus(make_corpus())
    for read in (corpus.__getitem__, corpus.metadata, lambda i: corpus.columns([0, i])):
        with pytest.raises(IndexError, match=rf"graph {index} is outside the corpus .* of 10 graphs"):
            read(index)


def test_an_empty_corpus_opens_and_has_nothing(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c"):
        pass
    corpus = Corpus(tmp_path / "c")
    assert (len(corpus), list(corpus), corpus[:], corpus.labels) == (0, [], [], ())
    assert len(corpus.columns([])) == 0
    assert corpus.statistics.graphs == 0
    with pytest.raises(IndexError, match="is empty"):
        corpus[0]


def test_statistics_add_up_over_shards(make_corpus: MakeCorpus) -> None:
    statistics = Corpus(make_corpus(graphs=10)).statistics
    assert (statistics.graphs, statistics.objects, statistics.attributes, statistics.relations) == (10, 30, 20, 10)
    assert statistics.object_labels["cat"] == 10
    assert statistics.object_labels["thing 7"] == 1
    assert (statistics.attribute_values["red"], statistics.attribute_kinds["colour"]) == (10, 10)
    assert statistics.predicates == {"on": 10}
    assert (statistics.words["cat"], statistics.words["7"]) == (10, 1)


def test_what_is_not_a_corpus_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no corpus at"):
        Corpus(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"without manifest\.json"):
        Corpus(tmp_path)
    (tmp_path / "graphs.jsonl").write_text("{}")
    with pytest.raises(CorpusError, match="usg convert"):
        Corpus(tmp_path / "graphs.jsonl")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"schema": "dinosaurs", "version": 1}', "not a corpus"),
        ('{"schema": "usg.corpus", "version": 2}', "schema version 2, this usg reads 1; update usg"),
        ('{"schema": "usg.corpus", "version": "x"}', "write the corpus again"),
    ],
)
def test_another_manifest_is_one_line(make_corpus: MakeCorpus, text: str, message: str) -> None:
    folder = make_corpus()
    (folder / "manifest.json").write_text(text)
    with pytest.raises(CorpusError, match=message) as caught:
        Corpus(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 3, 500, -1])
def test_a_truncated_shard_is_named_and_can_be_left_out(make_corpus: MakeCorpus, keep: int) -> None:
    folder = make_corpus(graphs=10)
    shard = folder / shard_name(1)
    shard.write_bytes(shard.read_bytes()[:keep])
    with pytest.raises(CorpusError, match=r"shard-00001\.parquet is broken .*remove it") as caught:
        Corpus(folder)
    assert "\n" not in str(caught.value)
    corpus = Corpus(folder, skip_broken=True)
    assert list(corpus) == [small_graph(i) for i in (0, 1, 2, 3, 8, 9)]
    assert len(corpus.broken) == 1
    shard.unlink()
    assert len(Corpus(folder)) == 6


def test_a_flipped_byte_is_found_when_it_is_read(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(graphs=4)
    data = bytearray((folder / shard_name(0)).read_bytes())
    middle = data.index(b"\x28\xb5\x2f\xfd") + 12  # within the first zstd frame
    data[middle] ^= 0xFF
    (folder / shard_name(0)).write_bytes(data)
    corpus = Corpus(folder)
    with pytest.raises(CorpusError, match=r"shard-00000\.parquet is broken"):
        list(corpus)


def test_a_parquet_file_of_something_else_is_not_a_shard(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(graphs=4)
    pq.write_table(pa.table({"x": [1]}), folder / shard_name(1))
    with pytest.raises(CorpusError, match="CorpusWriter did not write"):
        Corpus(folder)


def test_a_shard_of_another_version_is_refused(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(graphs=4)
    table = pq.read_table(folder / shard_name(0))
    versioned = table.replace_schema_metadata({b"usg.corpus.version": b"2"})
    pq.write_table(versioned, folder / shard_name(0))
    with pytest.raises(CorpusError, match=r"shard-00000\.parquet has schema version 2"):
        Corpus(folder)


def test_the_manifest_says_where_graphs_come_from(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c", provenance={"seed": 3}):
        assert json.loads((tmp_path / "c" / "manifest.json").read_text())["provenance"] == {"seed": 3}  # written first
