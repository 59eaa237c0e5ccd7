"""The shards of a corpus folder: which are whole, how many graphs each holds, and reading one row group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from usg.corpus.schema import (
    SCHEMA,
    STATISTICS_KEY,
    VERSION_KEY,
    CorpusError,
    require_version,
    shard_paths,
)
from usg.corpus.statistics import Statistics


@dataclass(frozen=True)
class Shard:
    """A whole shard, known by its footer.

    Attributes:
        path: the Parquet file.
        footer: its metadata.
    """

    path: Path
    footer: pq.FileMetaData

    @cached_property
    def row_group_sizes(self) -> list[int]:
        """Graphs in each row group."""
        return [self.footer.row_group(i).num_rows for i in range(self.footer.num_row_groups)]

    @cached_property
    def statistics(self) -> Statistics:
        """What the footer says about the graphs."""
        try:
            return Statistics.from_json(self.footer.metadata[STATISTICS_KEY])
        except (KeyError, ValueError) as error:
            raise CorpusError(broken(self.path, f"no statistics in its footer ({error!r:.60})")) from None

    def read(self, row_group: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a row group, from a memory map.

        Raises:
            CorpusError: the file is damaged.
        """
        try:
            with pq.ParquetFile(
                self.path, metadata=self.footer, memory_map=True, page_checksum_verification=True
            ) as file:
                # No threads: this runs in the workers of data loaders, which may be forks.
                return file.read_row_group(row_group, columns=columns, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise CorpusError(broken(self.path, str(error).splitlines()[0])) from None


def open_shard(path: Path) -> Shard:
    """A shard by its footer; the rows are not read.

    Raises:
        CorpusError: the file is cut short or damaged, is no shard, or has another schema version.
    """
    try:
        footer = pq.read_metadata(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(broken(path, str(error).splitlines()[0])) from None
    version = (footer.metadata or {}).get(VERSION_KEY)
    if version is None:
        raise CorpusError(broken(path, "a Parquet file that CorpusWriter did not write"))
    require_version(int(version) if version.isdigit() else version, str(path))
    if footer.schema.to_arrow_schema().names != SCHEMA.names:
        raise CorpusError(broken(path, "its columns are not those of a corpus"))
    return Shard(path, footer)


def open_shards(folder: Path) -> tuple[list[Shard], list[str]]:
    """All shards of a corpus folder.

    Returns:
        The whole shards, and a line for each that cannot be read.
    """
    shards, problems = [], []
    for path in shard_paths(folder):
        try:
            shards.append(open_shard(path))
        except CorpusError as error:
            problems.append(str(error))
    return shards, problems


def broken(path: Path, reason: str) -> str:
    """The message for a shard that cannot be read."""
    return f"shard {path} is broken ({reason.rstrip('.')}); remove it to read the others, or write the corpus again"


def starts_of(sizes: Sequence[int]) -> np.ndarray:
    """`(n + 1,)` running totals from 0."""
    return np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))]).astype(np.int64)
