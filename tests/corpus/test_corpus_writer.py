import errno
import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus_samples import small_graph

from usg.corpus import Corpus, CorpusError, CorpusWriter
from usg.graph import SceneGraph, SceneObject, Source

MakeCorpus = Callable[..., Path]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    source = Path(__file__).parent
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(source)}, check=False
    )


def test_shards_and_row_groups_have_their_sizes(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(graphs=10, shard=4, row_group=3)
    assert names(folder) == ["manifest.json", *(f"shard-0000{i}.parquet" for i in range(3))]
    sizes = [pq.read_metadata(path) for path in sorted(folder.glob("*.parquet"))]
    assert [[each.row_group(i).num_rows for i in range(each.num_row_groups)] for each in sizes] == [[3, 1], [3, 1], [2]]


def test_an_exception_leaves_the_whole_shards(tmp_path: Path) -> None:
    def graphs() -> Iterator[SceneGraph]:
        yield from map(small_graph, range(10))
        raise RuntimeError("the source of the graphs broke")

    with (
        pytest.raises(RuntimeError, match="broke"),
        CorpusWriter(tmp_path / "c", graphs_per_shard=4, row_group=1) as writer,
    ):
        writer.write_all(graphs())
    assert names(tmp_path / "c") == ["manifest.json", "shard-00000.parquet", "shard-00001.parquet"]
    assert list(Corpus(tmp_path / "c")) == [small_graph(i) for i in range(8)]


def test_a_killed_writer_leaves_a_corpus_of_whole_shards_that_append_goes_on_with(tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from corpus_samples import small_graph
        from usg.corpus import CorpusWriter
        with CorpusWriter(sys.argv[1], graphs_per_shard=4, row_group=2) as writer:
            for i in range(100):
                writer.write(small_graph(i))
                if i == 10:
                    os.kill(os.getpid(), signal.SIGKILL)
    """
    folder = tmp_path / "c"
    assert run(code, folder).returncode == -signal.SIGKILL
    assert len(list(folder.glob(".shard-*"))) == 1  # the shard it was writing
    assert list(Corpus(folder)) == [small_graph(i) for i in range(8)]
    with CorpusWriter(folder, append=True, graphs_per_shard=4) as writer:
        writer.write_all(small_graph(i) for i in range(8, 13))
    assert list(Corpus(folder)) == [small_graph(i) for i in range(13)]
    assert names(folder) == ["manifest.json", *(f"shard-0000{i}.parquet" for i in range(4))]


def test_a_writer_killed_before_its_first_shard_leaves_an_empty_corpus(tmp_path: Path) -> None:
    code = """
        import os, sys
        from corpus_samples import small_graph
        from usg.corpus import CorpusWriter
        with CorpusWriter(sys.argv[1]) as writer:
            writer.write(small_graph(0))
            os._exit(3)
    """
    assert run(code, tmp_path / "c").returncode == 3
    assert len(Corpus(tmp_path / "c")) == 0


def test_a_file_that_may_grow_no_more_is_one_line_with_the_safe_graphs(tmp_path: Path) -> None:
    code = """
        import random, resource, sys
        from usg.corpus import CorpusWriter
        from usg.graph import SceneGraph, SceneObject
        rng = random.Random(0)
        def graph(n):  # text that does not compress
            return SceneGraph(metadata={"noise": [rng.random() for _ in range(n)]})
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        try:
            with CorpusWriter(sys.argv[1], graphs_per_shard=5, row_group=1) as writer:
                writer.write_all(graph(10) for _ in range(5))
                writer.write_all(graph(50_000) for _ in range(5))
        except OSError as error:
            print(error.strerror, "|", error.filename, "|", writer.safe)
    """
    done = run(code, tmp_path / "c")
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith(f"| {tmp_path / 'c'} | 5\n")
    assert done.stdout.startswith("File too large; 5 graphs are safe")
    assert names(tmp_path / "c") == ["manifest.json", "shard-00000.parquet"]
    assert len(Corpus(tmp_path / "c")) == 5


def test_a_full_disk_is_one_line_with_the_safe_graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pq.ParquetWriter.write_table
    calls = []

    def full(self: pq.ParquetWriter, *arguments: object, **options: object) -> None:
        calls.append(1)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, *arguments, **options)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left") as caught, CorpusWriter(tmp_path / "c", graphs_per_shard=2) as w:
        w.write_all(small_graph(i) for i in range(9))
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "c")
    assert "4 graphs are safe" in caught.value.strerror
    assert list(Corpus(tmp_path / "c")) == [small_graph(i) for i in range(4)]
    assert not list((tmp_path / "c").glob(".*"))


def test_memory_is_flat(tmp_path: Path) -> None:
    def peak(graphs: int) -> int:
        tracemalloc.start()
        with CorpusWriter(tmp_path / str(graphs), graphs_per_shard=200, row_group=100) as writer:
            writer.write_all(small_graph(i % 50) for i in range(graphs))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(100)  # what the first use imports and caches
    assert peak(1600) < 1.3 * peak(400)


def test_large_graphs_make_small_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usg.corpus.writer._MAX_ELEMENTS", 20)
    with CorpusWriter(tmp_path / "c") as writer:
        writer.write_all(SceneGraph(objects=[SceneObject(f"o{k}", "leaf") for k in range(10)]) for _ in range(5))
    assert Corpus(tmp_path / "c").row_group_starts.tolist() == [0, 2, 4, 5]


def test_overwrite_replaces_and_nothing_else_does(make_corpus: MakeCorpus) -> None:
    folder = make_corpus(graphs=10)
    with pytest.raises(FileExistsError, match="not empty"), CorpusWriter(folder):
        pass
    assert len(Corpus(folder)) == 10
    with CorpusWriter(folder, overwrite=True, provenance={"made by": "a test"}) as writer:
        writer.write(small_graph(3))
    assert list(Corpus(folder)) == [small_graph(3)]
    assert Corpus(folder).manifest["provenance"] == {"made by": "a test"}


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="not a corpus"), CorpusWriter(tmp_path, overwrite=True):
        pass
    assert names(tmp_path) == ["thesis.tex"]


def test_a_graph_that_cannot_be_stored_is_named(tmp_path: Path) -> None:
    bad = SceneGraph([Source("s", "image", width=2**70)])
    with (
        pytest.raises(CorpusError, match=r"graph 6 \(from 0\) cannot be stored"),
        CorpusWriter(tmp_path / "c", graphs_per_shard=4) as writer,
    ):
        writer.write_all([small_graph(i) if i != 6 else bad for i in range(9)])
    assert len(Corpus(tmp_path / "c")) == 4


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="with CorpusWriter"):
        CorpusWriter(tmp_path / "c").write(small_graph(0))
    with pytest.raises(TypeError, match="got dict"), CorpusWriter(tmp_path / "c") as writer:
        writer.write({})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="exclude"):
        CorpusWriter(tmp_path / "c", overwrite=True, append=True)
    with pytest.raises(ValueError, match="graphs_per_shard=0"):
        CorpusWriter(tmp_path / "c", graphs_per_shard=0)
