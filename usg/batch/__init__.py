"""Scene graphs to tensors: the vocabulary, and packed batches.

`Vocabulary` and the word functions need no torch and lie in their own modules; `GraphBatch` and `pack` need it.
"""

from usg.batch.columns import pack_columns
from usg.batch.graph_batch import GraphBatch, View
from usg.batch.pack import pack
from usg.batch.texts import Text, Texts
from usg.batch.vocabulary import Vocabulary
from usg.batch.words import tokenize

__all__ = ["GraphBatch", "Text", "Texts", "View", "Vocabulary", "pack", "pack_columns", "tokenize"]
