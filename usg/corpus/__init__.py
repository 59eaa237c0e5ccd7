"""Corpora: folders of Parquet shards that hold scene graphs, written in a stream and read by index or as columns."""

from usg.corpus.columns import GraphColumns, GroundingColumns
from usg.corpus.corpus import Corpus
from usg.corpus.joined import JoinedCorpus
from usg.corpus.schema import CorpusError
from usg.corpus.statistics import Statistics
from usg.corpus.writer import CorpusWriter

__all__ = ["Corpus", "CorpusError", "CorpusWriter", "GraphColumns", "GroundingColumns", "JoinedCorpus", "Statistics"]
