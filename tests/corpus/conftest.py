"""What the corpus tests share: random graphs, and a corpus of small ones."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_samples import small_graph

from usg.corpus import CorpusWriter

# The strategies of the graph tests.
sys.path.append(str(Path(__file__).parents[1] / "graph"))


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Writes a corpus of small graphs and returns its folder."""

    def make(graphs: int = 10, name: str = "corpus", start: int = 0, shard: int = 4, row_group: int = 3) -> Path:
        with CorpusWriter(tmp_path / name, graphs_per_shard=shard, row_group=row_group) as writer:
            writer.write_all(small_graph(start + i) for i in range(graphs))
        return tmp_path / name

    return make
