"""The scene-graph network: spans, their forms, and the labelled links between them, from the words alone.

Notation: B captions, T words, N spans, P predicates, F forms, W words that predicates are made of, d width.

    h   = BiLSTM([word; stem; n-grams])                                                   (B, T, d)
    tag = which words begin, continue or are outside a span (Ramshaw and Marcus, 1995)    (B, T, 3)
    s_i = MLP([h_first; h_last]);  form_i = linear(s_i)                                   (B, N, F)
    a_ij = softmax over words of <q(s_i, s_j), k(h_t)>: which words relate i to j         (B, N, N, T)
    z_ij = MLP(s_i, s_j, sum a_ij h, distance), then mixed with its row, its column and its mirror image
    link_ij = linear(z_ij)                                                                (B, N, N)
    label_ijp = MLP(z_ij) . e_p + bias_p + 4 g copied_ij . m_p - l unsaid . m_p           (B, N, N, P)

Mixing lets a link see the links it competes with: a preposition has one subject and one object. m_p(w) is how often
the word w stands in the predicate p. The vector of a predicate is one of its own plus those of its words,
e_p = own_p + sum over w of m_p(w) e_w. copied_ij(w) is the attention on the words of the caption that say w, so that
"sail in" is read off "sailing in" however rare it is; unsaid(w) is 1 where no word of the caption says w, a penalty for
predicates that add words. The weights g, l > 0 are learnt (softplus). Predicates that were never seen are composed of
words in the same way (usg/parsers/text/decode.py).

Earlier parsers of this family: Wang et al., NAACL 2018 (scene graphs as dependency parsing); Dozat and Manning, ICLR
2017 (biaffine links).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.parsers.text.tokens import GRAM_BUCKETS
from usg.parsers.text.training_settings import Sizes

if TYPE_CHECKING:
    from usg.parsers.text.folded import FoldedNetwork

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
_FAR = 7


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Sizes):
    """Sizes of the network: those that are chosen, and those that the tables and the inventory have.

    Args:
        words, stems: of the word table, without the unknown one.
        predicates, forms, predicate_words: of the inventory.
    """

    words: int
    stems: int
    predicates: int
    forms: int
    predicate_words: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Words:
    """The words of a batch of captions.

    Attributes:
        word, stem: (B, T) indices of the word table; 0 also where there is no word.
        unique: (B, T) row of `grams` of each word.
        grams, offsets: n-grams of the batch's unique words, for `embedding_bag`.
        says: (B, T) the predicate word that each word says, 0 for none.
        mask: (B, T) where there are words.
    """

    word: Tensor
    stem: Tensor
    unique: Tensor
    grams: Tensor
    offsets: Tensor
    says: Tensor
    mask: Tensor


class SceneGraphNetwork(nn.Module):
    """See the module's docstring."""

    def __init__(self, config: NetworkConfig, composition: Tensor) -> None:
        """A network of random weights.

        Args:
            config: sizes.
            composition: (P, W + 1) how often each word stands in each predicate; column 0 is no word.
        """
        super().__init__()
        self.config = config
        d, h = config.dim, 2 * config.hidden
        self.word = nn.Embedding(config.words + 1, config.word_dim)
        self.stem = nn.Embedding(config.stems + 1, config.stem_dim)
        self.gram = nn.EmbeddingBag(GRAM_BUCKETS, config.gram_dim, mode="mean", include_last_offset=True)
        for table in (self.word, self.stem, self.gram):
            nn.init.normal_(table.weight, 0, 0.3)
        width = config.word_dim + config.stem_dim + config.gram_dim
        self.encoder = nn.LSTM(
            width,
            config.hidden,
            config.layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.drop = nn.Dropout(config.dropout)
        self.tag = nn.Sequential(nn.Linear(h, d), nn.GELU(), nn.Dropout(0.2), nn.Linear(d, 3))
        self.span = nn.Sequential(nn.Linear(2 * h, d), nn.GELU(), nn.Dropout(0.25))
        self.form = nn.Linear(d, config.forms)
        self.query_subject, self.query_object = nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.key = nn.Linear(h, d)
        self.subject, self.object, self.context = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.bilinear = nn.Linear(d, d)
        self.distance = nn.Embedding(2 * _FAR + 1, d)
        nn.init.normal_(self.distance.weight, 0, 0.1)
        self.mixers = nn.ModuleList(PairMixer(d, config.mixing_dim) for _ in range(config.mixing))
        self.link = nn.Linear(d, 1)
        self.label = nn.Sequential(nn.Dropout(0.2), nn.Linear(d, d), nn.GELU(), nn.Dropout(0.2))
        self.own = nn.Parameter(torch.randn(config.predicates, d) * 0.03)
        self.predicate_word = nn.Parameter(torch.randn(config.predicate_words + 1, d) * 0.03)
        self.bias = nn.Parameter(torch.zeros(config.predicates))
        self.copy = nn.Parameter(torch.tensor([1.0, 0.5]))  # what copied and what unsaid words count
        self.register_buffer("composition", composition, persistent=False)
        self.composition: Tensor
        self._said: tuple[Tensor, Tensor] | None = None
        self.folded: FoldedNetwork | None = None

    def encode(self, words: Words) -> Tensor:
        """`(B, T, 2 * hidden)` vectors of words in their caption."""
        word, stem = words.word, words.stem
        if self.training and self.config.word_dropout:
            word = word.masked_fill(torch.rand(word.shape, device=word.device) < self.config.word_dropout, 0)
            stem = stem.masked_fill(torch.rand(stem.shape, device=stem.device) < self.config.word_dropout / 2, 0)
        x = self.drop(self.embed(word, stem, words))
        if bool(words.mask.all()):
            h, _ = self.encoder(x)
        else:
            lengths = words.mask.sum(1).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            h, _ = self.encoder(packed)
            h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])
        return self.drop(h)

    def embed(self, word: Tensor, stem: Tensor, words: Words) -> Tensor:
        """`(B, T, word_dim + stem_dim + gram_dim)` vectors of words, with these indices for those of `words`."""
        letters = self.gram(words.grams, words.offsets)
        return torch.cat([self.word(word), self.stem(stem), letters[words.unique]], -1)

    def spans(self, h: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """`(B, N, d)` vectors of spans, given the indices `(B, N)` of their first and last word."""
        width = h.shape[-1]
        ends = [h.gather(1, index[..., None].expand(-1, -1, width)) for index in (first, last)]
        return self.span(torch.cat(ends, -1))

    def pairs(
        self, h: Tensor, mask: Tensor, s: Tensor, first: Tensor, present: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Vectors of ordered pairs of spans and the words that relate them.

        Args:
            h: (B, T, 2 * hidden) words.
            mask: (B, T) where there are words.
            s: (B, N, d) spans.
            first: (B, N) where each begins.
            present: (B, N) which are there; all by default.

        Returns:
            `(B, N, N, d)` pairs and `(B, N, N, T)` attention.
        """
        key = self.key(h)
        query = self.query_subject(s)[:, :, None] + self.query_object(s)[:, None]
        b, n = first.shape
        logits = torch.bmm(query.flatten(1, 2), key.transpose(1, 2)) / key.shape[-1] ** 0.5
        attention = logits.masked_fill(~mask[:, None], -1e4).softmax(-1)
        context = torch.bmm(attention, self.context(key)).view(b, n, n, -1)
        distance = (first[:, None] - first[:, :, None]).clamp(-_FAR, _FAR) + _FAR
        obj = self.object(s)[:, None]
        product = self.bilinear(s)[:, :, None] * obj * 0.3
        z = F.gelu(self.subject(s)[:, :, None] + obj + context + self.distance(distance) + product)
        for mixer in self.mixers:
            z = mixer(z, present)
        return z, attention.view(b, n, n, -1)

    def copied(self, attention: Tensor, says: Tensor) -> Tensor:
        """`(K, W + 1)` how much K pairs attend to words that say each predicate word.

        Args:
            attention: (K, T).
            says: (K, T) the predicate word each word says, 0 for none.
        """
        found = attention.new_zeros(len(says), len(self.predicate_word))
        return found.scatter_add_(1, says, attention)

    def predicates(self) -> tuple[Tensor, Tensor]:
        """`(P, d)` vectors of predicates and `(P,)` how many words each has."""
        learning = self.training or torch.is_grad_enabled()
        if learning or self._said is None:
            said = self.own + self.composition @ self.predicate_word, self.composition.sum(1)
            if learning:
                return said
            self._said = said
        return self._said

    def train(self, mode: bool = True) -> SceneGraphNetwork:
        """Training forgets the vectors of predicates that reading keeps, and the folded network."""
        self._said = self.folded = None
        return super().train(mode)

    def labels(self, z: Tensor, attention: Tensor, says: Tensor) -> Tensor:
        """`(K, P)` logits of predicates of K pairs."""
        vectors, lengths = self.predicates()
        said = torch.zeros(len(says), len(self.predicate_word), device=z.device).scatter_(1, says, 1.0)
        said[:, 0] = 0
        copied = self.copied(attention, says)
        copied[:, 0] = 0
        unsaid = lengths - said @ self.composition.T
        gain, loss = F.softplus(self.copy)
        return self.label(z) @ vectors.T + self.bias + 4 * gain * (copied @ self.composition.T) - loss * unsaid


class PairMixer(nn.Module):
    """Pairs see their row, their column and their mirror image: z += MLP([z; max row; max column; z^T])."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.inner = nn.Linear(dim, hidden)
        self.row, self.column, self.mirror = (nn.Linear(dim, hidden, bias=False) for _ in range(3))
        self.outer = nn.Sequential(nn.GELU(), nn.Dropout(0.2), nn.Linear(hidden, dim))

    def forward(self, z: Tensor, present: Tensor | None) -> Tensor:
        """`(B, N, N, d)` to the same; `present` is `(B, N)`, or None where all are there."""
        x = self.norm(z)
        seen = x
        if present is not None:
            # What is not there is smaller than all in its row and column.
            seen = x.masked_fill(~(present[:, :, None] & present[:, None])[..., None], -10.0)
        row, column = self.row(seen.amax(2)), self.column(seen.amax(1))
        mixed = self.inner(x) + row[:, :, None] + column[:, None] + self.mirror(x).transpose(1, 2)
        return z + self.outer(mixed)
