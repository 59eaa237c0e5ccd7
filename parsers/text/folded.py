"""The scene-graph network as it reads: the function of `SceneGraphNetwork` in evaluation, with less to compute.

What is the same, up to rounding, and why it is faster:

    words      what a word gives to the first LSTM layer depends on the word alone; it is computed once and kept
    LSTM       both directions step together over captions sorted by length, so that nothing is padded
    linear     layers that read the same vectors are one matrix; layers behind one another without a
               non-linearity between them are multiplied
    attention  <q_i + q_j, k_t> = <q_i, k_t> + <q_j, k_t>, so that words meet spans instead of pairs of spans
    labels     few words say a predicate word, so their rows are summed instead of a matrix product

Notation as in usg/parsers/text/network.py; n is the number of words of all captions of a batch together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from usg.parsers.text.batches import Reader
from usg.parsers.text.network import _FAR, PairMixer, SceneGraphNetwork

KEPT_WORDS = 8192
_ADDING = Lock()


@dataclass(frozen=True)
class Encoded:
    """The words of a batch of captions, one after the other.

    Attributes:
        h: (n, 2 * hidden) vectors in their captions.
        key, context: (n, d) what attention finds them by and takes from them.
        tags: (n, 3) probabilities of outside, begin and inside.
        says: (n,) the predicate word that each says, 0 for none.
        starts: of each caption its first word.
        lengths: of each caption.
    """

    h: Tensor
    key: Tensor
    context: Tensor
    tags: Tensor
    says: Tensor
    starts: Tensor
    lengths: Tensor


class FoldedNetwork:
    """Reads captions as `network` does; a copy of its weights, so it is made anew when they change."""

    def __init__(self, network: SceneGraphNetwork, reader: Reader) -> None:
        self.network, self.reader = network, reader
        config = network.config
        with torch.inference_mode():
            self._layers = [_Layer(network.encoder, k) for k in range(config.layers)]
            self._forget()
            tag, key, context = network.tag[0], network.key, network.context
            assert isinstance(tag, nn.Linear)
            self._of_words = _beside(tag, key, _behind(key, context))
            self._of_spans = _beside(
                network.form,
                network.query_subject,
                network.query_object,
                network.subject,
                network.object,
                network.bilinear,
            )
            self._mixers = [_Mixer(mixer) for mixer in network.mixers]  # type: ignore[arg-type]
            vectors, lengths = network.predicates()
            gain, loss = (float(each) for each in F.softplus(network.copy))
            self.gain, self._loss = 4 * gain, loss
            self._vectors = vectors.T.contiguous()
            self._bias = network.bias - loss * lengths
            self._bias[0] = -torch.inf  # no link is no predicate
            self._composition = network.composition.T.contiguous()
            self._composition[0] = 0

    def encode(self, captions: Sequence[Sequence[str]]) -> Encoded:
        """The words of captions, given longest first, each with one word at least."""
        rows, gates, says = self._words(captions)
        lengths = torch.tensor([len(caption) for caption in captions])
        starts = lengths.cumsum(0) - lengths
        order = _Order(lengths, starts)
        h = self._layers[0].run(gates, rows, order)
        for layer in self._layers[1:]:
            h = layer.run(layer.gates(h), None, order)
        d = self.network.config.dim
        found = F.linear(h, *self._of_words)
        tags = self.network.tag[1:](found[:, :d]).softmax(-1)
        return Encoded(h, found[:, d : 2 * d], found[:, 2 * d :], tags, says[rows], starts, lengths)

    def _words(self, captions: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor, Tensor]:
        """`(n,)` the row of each word, and the gates and what words say by row; words that are new are computed."""
        every = [word for caption in captions for word in caption]
        with _ADDING:
            new = [word for word in dict.fromkeys(every) if word not in self._rows]
            if len(self._rows) + len(new) > KEPT_WORDS:
                new = list(dict.fromkeys(every))
                if len(new) > KEPT_WORDS:
                    raise ValueError(f"{len(new)} different words in a batch; at most {KEPT_WORDS} are read together")
                self._forget()
            if new:
                words = self.reader.read([new])
                x = self.network.embed(words.word, words.stem, words)[0]
                first, end = len(self._rows), len(self._rows) + len(new)
                self._gates[2 * first : 2 * end] = self._layers[0].gates(x)
                self._says[first:end] = words.says[0]
                self._rows.update(zip(new, range(first, end), strict=True))
            return torch.tensor([self._rows[word] for word in every]), self._gates, self._says

    def _forget(self) -> None:
        """Starts new tables; whoever reads in another thread goes on with the old."""
        self._rows: dict[str, int] = {}
        self._gates = torch.zeros(KEPT_WORDS * 2, 4 * self.network.config.hidden)
        self._says = torch.zeros(KEPT_WORDS, dtype=torch.long)

    def spans(self, encoded: Encoded, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Forms `(S,)` and projections `(S, 5 d)` of spans, given the numbers `(S,)` of their first and last word."""
        s = self.network.span(torch.cat([encoded.h[first], encoded.h[last]], -1))
        found = F.linear(s, *self._of_spans)
        forms = self.network.config.forms
        return found[:, :forms].argmax(-1), found[:, forms:]

    def pairs(
        self, encoded: Encoded, captions: Tensor, first: Tensor, projected: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors of ordered pairs of the spans of captions that have as many spans each.

        Args:
            encoded: words of the batch.
            captions: (B,) numbers of the captions.
            first: (B, N) number of the first word of each span.
            projected: (B, N, 5 d) of the spans, see `spans`.

        Returns:
            `(B, N, N, d)` pairs, `(B, N, N, T)` attention and `(B, T)` what the words say.
        """
        b, n = first.shape
        lengths = encoded.lengths[captions]
        steps = torch.arange(int(lengths.max()))
        absent = steps >= lengths[:, None]
        words = (encoded.starts[captions, None] + steps).masked_fill_(absent, 0)
        says = encoded.says[words].masked_fill_(absent, 0)
        query_subject, query_object, subject, obj, bilinear = projected.chunk(5, -1)
        d = subject.shape[-1]
        met = torch.bmm(torch.cat([query_subject, query_object], 1), encoded.key[words].transpose(1, 2)) / d**0.5
        met = met.masked_fill_(absent[:, None], -1e4)
        attention = (met[:, :n, None] + met[:, None, n:]).softmax(-1)
        distance = (first[:, None] - first[:, :, None]).clamp_(-_FAR, _FAR) + _FAR
        z = self.network.distance(distance).add_(subject[:, :, None])
        z.add_(obj[:, None]).addcmul_(bilinear[:, :, None], obj[:, None], value=0.3)
        z.view(b, n * n, d).baddbmm_(attention.view(b, n * n, -1), encoded.context[words])
        z = F.gelu(z)
        for mixer in self._mixers:
            z = mixer.mix(z)
        return z, attention, says

    def labels(self, wanted: Tensor, attention: Tensor, says: Tensor) -> Tensor:
        """`(K, P)` logits of predicates of K pairs; that of no link is minus infinity.

        Args:
            wanted: (K, d), `network.label` of the pairs.
            attention: (K, T) of the pairs.
            says: (K, T) the predicate word each word says, 0 for none.
        """
        again = (says[:, :, None] == says[:, None]).tril_(-1).any(-1)
        weights = attention * self.gain + self._loss * ~again
        said = F.embedding_bag(says, self._composition, mode="sum", per_sample_weights=weights, padding_idx=0)
        return said.add_(self._bias).addmm_(wanted, self._vectors)


class _Order:
    """In which order an LSTM steps over n words of captions, longest first; both directions at once.

    Attributes:
        counts: of each step, how many captions have that many words.
        words: (2, n) step after step, the word that each direction reads.
        back: (2 n,) where the outputs of a word stand, forwards and backwards, in those of all steps.
    """

    def __init__(self, lengths: Tensor, starts: Tensor) -> None:
        n = int(lengths.sum())
        steps = torch.arange(int(lengths[0]))
        there = lengths > steps[:, None]  # (T, B)
        step, caption = there.nonzero().unbind(1)
        self.words = torch.stack([starts[caption] + step, starts[caption] + lengths[caption] - 1 - step])
        self.counts: list[int] = there.sum(1).tolist()
        self.back = torch.empty(n, 2, dtype=torch.long)
        for direction in (0, 1):
            self.back[self.words[direction], direction] = torch.arange(n) + direction * n
        self.back = self.back.flatten()


class _Layer:
    """Both directions of a layer of an LSTM; its gates in the order input, forget, output, cell."""

    def __init__(self, lstm: nn.LSTM, number: int) -> None:
        def both(name: str) -> Tensor:
            found = []
            for suffix in ("", "_reverse"):
                i, f, g, o = getattr(lstm, f"{name}_l{number}{suffix}").chunk(4)
                found.append(torch.cat([i, f, o, g]))
            return torch.stack(found)

        self._width = lstm.hidden_size
        self._input = both("weight_ih").flatten(0, 1).T.contiguous()  # (input, 2 * 4 * hidden)
        self._bias = (both("bias_ih") + both("bias_hh")).flatten()
        self._again = both("weight_hh").transpose(1, 2).contiguous()  # (2, hidden, 4 * hidden)

    def gates(self, x: Tensor) -> Tensor:
        """`(2 n, 4 * hidden)` what n inputs add to the gates: of each, forwards then backwards."""
        return torch.addmm(self._bias, x, self._input).view(-1, 4 * self._width)

    def run(self, gates: Tensor, rows: Tensor | None, order: _Order) -> Tensor:
        """`(n, 2 * hidden)` outputs; `rows` says which of the gates are those of each word, else they are in order."""
        words = order.words if rows is None else rows[order.words]
        words = words * 2 + torch.tensor([[0], [1]])
        w, n = self._width, words.shape[1]
        outputs = torch.empty(2, n, w)
        h = c = torch.zeros(2, order.counts[0], w)
        start = 0
        for count in order.counts:
            here = slice(start, start + count)
            each = gates[words[:, here]].baddbmm_(h[:, :count], self._again)
            i, f, o = each[..., : 3 * w].sigmoid_().chunk(3, -1)
            c = (f * c[:, :count]).addcmul_(i, each[..., 3 * w :].tanh_())
            h = torch.mul(o, c.tanh(), out=outputs[:, here])
            start += count
        return outputs.view(2 * n, w)[order.back].view(n, 2 * w)


class _Mixer:
    """`PairMixer` where all spans are there."""

    def __init__(self, mixer: PairMixer) -> None:
        self._mixer = mixer
        self._of_pairs = _beside(mixer.inner, mixer.mirror)

    def mix(self, z: Tensor) -> Tensor:
        """`(B, N, N, d)` to the same."""
        mixer = self._mixer
        x = mixer.norm(z)
        mixed, mirror = F.linear(x, *self._of_pairs).chunk(2, -1)
        mixed = mixed + mirror.transpose(1, 2)
        mixed += mixer.row(x.amax(2))[:, :, None]
        mixed += mixer.column(x.amax(1))[:, None]
        return mixer.outer(mixed).add_(z)


def _beside(*layers: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias of linear layers that read the same, their outputs one after the other."""
    biases: list[Tensor] = [
        each.weight.new_zeros(len(each.weight)) if each.bias is None else each.bias for each in layers
    ]
    weights: list[Tensor] = [each.weight for each in layers]
    return torch.cat(weights), torch.cat(biases)


def _behind(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    """Two linear layers as one."""
    folded = nn.Linear(first.in_features, second.out_features)
    folded.weight.copy_(second.weight @ first.weight)
    folded.bias.copy_(F.linear(first.bias, second.weight, second.bias))
    return folded
