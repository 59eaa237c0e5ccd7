"""Writing a corpus in a stream: any number of graphs with flat memory, whole shards only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from usg.corpus.encode import encode
from usg.corpus.schema import (
    MANIFEST,
    SCHEMA,
    SCHEMA_VERSION,
    STATISTICS_KEY,
    VERSION_KEY,
    CorpusError,
    read_manifest,
    shard_name,
    shard_paths,
    write_manifest,
)
from usg.corpus.statistics import Statistics
from usg.files import atomic_path
from usg.graph.scene_graph import SceneGraph

_MAX_ELEMENTS = 200_000  # of a row group: graphs of thousands of objects fill one sooner, so that memory stays flat


class CorpusWriter:
    """Writes graphs to a corpus, as a context manager.

    A shard is written under a hidden name and renamed when it is whole, so whatever ends the writer, the folder is a
    corpus of the shards before it. When the `with` block raises, the unfinished shard is removed.

    Args:
        path: the folder; made when it does not exist.
        provenance: where the graphs come from, kept in the manifest; anything JSON can hold.
        overwrite: replace the corpus that is there; its shards are removed before the first is written.
        append: add shards after those that are there (after a killed writer, or to grow a corpus).
        graphs_per_shard: graphs in a file.
        row_group: graphs that are read together; also the most that wait in memory.

    Attributes:
        safe: graphs in whole shards written by this writer so far.

    Raises:
        FileExistsError: the folder is not empty and neither `overwrite` nor `append` is given, or it is no corpus.
        OSError: the disk is full or the folder cannot be written; the message gives the number of safe graphs.
        ValueError: a graph cannot be stored; the message gives its number.

    Example:
        >>> import tempfile
        >>> from usg.corpus import Corpus
        >>> from usg.graph import SceneObject
        >>> folder = Path(tempfile.mkdtemp()) / "cats"
        >>> with CorpusWriter(folder, provenance={"made by": "hand"}) as writer:
        ...     writer.write(SceneGraph(objects=[SceneObject("o", "cat")]))
        >>> Corpus(folder)[0].objects[0].label
        'cat'
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        provenance: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        append: bool = False,
        graphs_per_shard: int = 20_000,
        row_group: int = 1_000,
    ) -> None:
        if overwrite and append:
            raise ValueError("overwrite and append exclude each other; give one")
        if graphs_per_shard < 1 or row_group < 1:
            raise ValueError(f"graphs_per_shard={graphs_per_shard} and row_group={row_group} must be at least 1")
        self.path = Path(path)
        self.safe = 0
        self._provenance = provenance
        self._overwrite, self._append = overwrite, append
        self._graphs_per_shard, self._row_group = graphs_per_shard, row_group
        self._waiting: list[SceneGraph] = []
        self._elements = 0  # of the waiting graphs
        self._shard = 0
        self._open: _Shard | None = None
        self._entered = False

    def __enter__(self) -> CorpusWriter:
        existed = self.path.exists()
        if existed and (not self.path.is_dir() or any(self.path.iterdir())):
            if not (self._overwrite or self._append):
                raise FileExistsError(
                    f"{self.path} exists and is not empty; name another folder, replace what is there (--overwrite; in "
                    "Python overwrite=True) or go on with it (--resume; append=True)"
                )
            if not self.path.is_dir() or not (self.path / MANIFEST).is_file():
                raise FileExistsError(f"{self.path} is not a corpus and is left as it is; name another folder")
            if self._append:
                read_manifest(self.path)  # a corpus of another version is not added to
            for leftover in self.path.glob(".shard-*.parquet"):  # of a killed writer
                leftover.unlink()
            if self._overwrite:
                for shard in shard_paths(self.path):
                    shard.unlink()
        self.path.mkdir(parents=True, exist_ok=True)
        whole = shard_paths(self.path)
        self._shard = 1 + int(whole[-1].stem.removeprefix("shard-")) if whole else 0
        if not (self._append and (self.path / MANIFEST).is_file()):
            self._guarded(lambda: write_manifest(self.path, self._provenance))
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._guarded(self._finish)
        self._abandon()
        self._entered = False

    def write(self, graph: SceneGraph) -> None:
        """Add one graph."""
        if not self._entered:
            raise ValueError("the corpus is not open for writing; use `with CorpusWriter(...) as writer:`")
        if not isinstance(graph, SceneGraph):
            raise TypeError(f"a corpus holds SceneGraphs, got {type(graph).__name__}")
        self._waiting.append(graph)
        self._elements += len(graph.objects) + len(graph.attributes) + len(graph.relations)
        held = self._open.graphs if self._open else 0
        if held + len(self._waiting) >= self._graphs_per_shard:
            self._guarded(self._finish)
        elif len(self._waiting) >= self._row_group or self._elements >= _MAX_ELEMENTS:
            self._guarded(self._flush)

    def write_all(self, graphs: Iterable[SceneGraph]) -> None:
        """Add graphs from any iterable, one at a time."""
        for graph in graphs:
            self.write(graph)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run a step; an error of the disk becomes one line that says what is safe."""
        try:
            step()
        except OSError as error:
            self._abandon()
            # Arrow wraps the system's words in its own.
            reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
            safe = f"{self.safe:,} graphs are safe in whole shards; the rest can be added with append"
            raise OSError(error.errno or 0, f"{reason}; {safe}", str(self.path)) from error

    def _flush(self) -> None:
        """Write the waiting graphs as one row group."""
        if not self._waiting:
            return
        first = self.safe + (self._open.graphs if self._open else 0)
        table = _encode(self._waiting, first)
        if self._open is None:
            self._open = _Shard(self.path / shard_name(self._shard))
        self._open.write(table, Statistics.of(self._waiting))
        self._waiting, self._elements = [], 0

    def _finish(self) -> None:
        """Write what waits and give the shard its name."""
        self._flush()
        if self._open is not None:
            self._open.close()
            self.safe += self._open.graphs
            self._shard += 1
            self._open = None

    def _abandon(self) -> None:
        if self._open is not None:
            self._open.abandon()
            self._open = None
        self._waiting, self._elements = [], 0


class _Shard:
    """One Parquet file on its way to being whole."""

    def __init__(self, path: Path) -> None:
        self.graphs = 0
        self._statistics = Statistics()
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_path(path))
        try:
            self._file = pa.OSFile(str(temporary), "wb")
            self._writer = pq.ParquetWriter(
                self._file, SCHEMA, compression="zstd", write_statistics=False, write_page_checksum=True
            )
        except BaseException as error:
            self._stack.__exit__(type(error), error, None)
            raise

    def write(self, table: pa.Table, statistics: Statistics) -> None:
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._statistics = Statistics.total([self._statistics, statistics])
        self.graphs += table.num_rows

    def close(self) -> None:
        self._writer.add_key_value_metadata(
            {VERSION_KEY: str(SCHEMA_VERSION).encode(), STATISTICS_KEY: self._statistics.to_json()}
        )
        self._writer.close()
        self._file.close()
        self._stack.close()

    def abandon(self) -> None:
        for close in (self._writer.close, self._file.close):
            with suppress(OSError):  # the disk is full: the file is removed anyway
                close()
        unfinished = RuntimeError("the shard is not whole")
        self._stack.__exit__(RuntimeError, unfinished, None)


def _encode(graphs: list[SceneGraph], first: int) -> pa.Table:
    """The rows of graphs; an error names the graph, `first` being the number of the first one."""
    try:
        return encode(graphs)
    except (ValueError, TypeError, OverflowError):
        for i, graph in enumerate(graphs):
            try:
                encode([graph])
            except (ValueError, TypeError, OverflowError) as error:
                reason = str(error).splitlines()[0]
                raise CorpusError(f"graph {first + i} (from 0) cannot be stored: {reason}") from error
        raise
