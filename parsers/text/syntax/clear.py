"""Changes a Universal Dependencies tree into the CLEAR style of spaCy's English pipelines.

"The cat is on the table": UD has `table` as root with `is` (cop) and `on` (case); in CLEAR `is` is the root, `on` its
prep and `table` the pobj of `on`. The steps: `normalise` changes who heads names, fixed phrases and small clauses;
`chains` finds the function words that represent each word to the outside; every word then hangs on a link of its
head's chain (`sites`) with a label (`labels`); punctuation hangs on the lowest word whose phrase encloses it.

Not changed: quotations before "he said" (UD: parataxis) and headless relatives ("what he saw") keep UD's shape.

Sources: UD v2 English guidelines (https://universaldependencies.org/en); Choi and Palmer, Guidelines for the CLEAR
style constituent to dependency conversion, University of Colorado, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from usg.formats.conllu import Word
from usg.parsers.text.syntax.chains import Chains, find_chains
from usg.parsers.text.syntax.labels import inner_label, outer_label
from usg.parsers.text.syntax.normalise import normalise
from usg.parsers.text.syntax.sites import conjunct_site, site

_BRACKETS = frozenset(("-LRB-", "-RRB-", "``", "''"))


@dataclass(frozen=True)
class Arc:
    """The head of a word and the label of the arc: words count from 1, 0 is the root's head."""

    head: int
    label: str


def to_clear(words: Sequence[Word]) -> list[Arc]:
    """Returns the CLEAR tree of a sentence, an arc for each word.

    Args:
        words: with the basic UD tree.

    Raises:
        ValueError: the words are no tree with one root.

    Example:
        >>> rows = [("cats", "NOUN", "NNS", 4, "nsubj"), ("are", "AUX", "VBP", 4, "cop"),
        ...         ("on", "ADP", "IN", 4, "case"), ("tables", "NOUN", "NNS", 0, "root")]
        >>> words = [Word(form, form, upos, xpos, "", head, rel, 0, 0) for form, upos, xpos, head, rel in rows]
        >>> [(arc.head, arc.label) for arc in to_clear(words)]
        [(2, 'nsubj'), (0, 'ROOT'), (2, 'prep'), (3, 'pobj')]
    """
    tree = normalise(words)
    chains = find_chains(tree)
    representing = chains.members()
    arcs: dict[int, Arc] = {}
    for i in range(1, len(tree.words)):
        if i in representing or tree.rel[i] == "punct":
            continue
        chain = chains.chain(i)
        for outer, inner in pairwise(chain):
            arcs[inner] = Arc(outer, inner_label(chains, outer, inner, i))
        arcs[chain[0]] = _outer_arc(chains, i, chain[0])
    arcs |= _punctuation(chains, arcs)
    return [arcs[i] for i in range(1, len(tree.words))]


def _outer_arc(chains: Chains, i: int, top: int) -> Arc:
    tree = chains.tree
    head, rel = tree.head[i], tree.rel[i]
    if head == 0:
        return Arc(0, "ROOT")
    if rel == "conj":
        return Arc(conjunct_site(chains, i), rel)
    if rel == "cc" and tree.rel[head] == "conj" and i < head:
        return Arc(conjunct_site(chains, head), rel)
    return Arc(site(chains, i, head, rel), outer_label(chains, i, top, head, rel))


def _punctuation(chains: Chains, arcs: dict[int, Arc]) -> dict[int, Arc]:
    """The arcs of punctuation, given those of the words."""
    tree = chains.tree
    spans = _spans(arcs)
    found: dict[int, Arc] = {}
    for i in range(1, len(tree.words)):
        if i in arcs:
            continue
        head = tree.head[i]
        if head == 0 or tree.rel[head] == "punct":
            # A sentence of punctuation only, or punctuation on punctuation: it keeps its shape.
            found[i] = Arc(head, "ROOT" if head == 0 else "punct")
        elif tree.words[i].xpos in _BRACKETS:
            found[i] = Arc(chains.chain(head)[0], "punct")
        else:
            above = head
            while arcs[above].head and not spans[above][0] < i < spans[above][1]:
                above = arcs[above].head
            found[i] = Arc(above, "punct")
    return found


def _spans(arcs: dict[int, Arc]) -> dict[int, tuple[int, int]]:
    """First and last word of the phrase of each word, punctuation left out."""
    spans = {i: (i, i) for i in arcs}
    for i in arcs:
        above = i
        while above:
            low, high = spans[above]
            spans[above] = (min(low, i), max(high, i))
            above = arcs[above].head
    return spans
