"""Which word of its head's chain a dependent hangs on in the CLEAR style (see `chains`).

Subjects, auxiliaries and markers belong to the copula, modifiers of the noun to the noun, an adverb before a
preposition to the preposition ("right above the table"), and what stands between "be" and an adjective to one or the
other by the word. Conjuncts form a chain: each hangs on the one before it, at the link that is like it.
"""

from __future__ import annotations

from usg.parsers.text.syntax.chains import Chains
from usg.parsers.text.syntax.tables import CLAUSE_ADVERBS, PREPOSITION_ADVERBS

_CLAUSAL = frozenset({
    "nsubj", "nsubj:pass", "nsubj:outer", "csubj", "csubj:pass", "csubj:outer", "aux", "aux:pass", "mark", "expl",
    "discourse", "vocative", "parataxis",
})  # fmt: skip
_INSIDE_PHRASE = frozenset(("acl:relcl", "nmod", "det", "amod", "nmod:poss", "compound"))
_NOMINAL = frozenset(("NOUN", "PROPN", "PRON", "NUM", "SYM", "X", "DET"))


def site(chains: Chains, i: int, head: int, rel: str) -> int:
    """The link of the head's chain that word i, in relation `rel`, belongs to."""
    cases = chains.cases.get(head, [])
    if head in chains.copula:
        return _site_of_predicate(chains, i, head, rel, chains.copula[head])
    if cases and rel in _CLAUSAL:
        return cases[0]
    if cases and i < cases[0] and rel != "acl:relcl":
        return cases[0]
    return head


def _site_of_predicate(chains: Chains, i: int, head: int, rel: str, copula: int) -> int:
    tree, predicate = chains.tree, chains.tree.words[head]
    if head < copula:
        # Fronted, as in "how tall is she": what stands before the predicate belongs to it.
        return head if i < head and rel not in _CLAUSAL else copula
    if chains.is_verb(head) and head not in chains.cases:
        return copula if i < copula or rel in ("nsubj:outer", "csubj:outer", "expl") else head
    if rel in _CLAUSAL or (i < copula and rel not in _INSIDE_PHRASE):
        return copula
    if rel == "advmod":
        return _site_of_adverb(chains, i, head, copula)
    if rel.startswith("obl"):
        measured = i < head and predicate.upos in ("ADJ", "ADV")
        complement = i > head and i in chains.cases and predicate.upos in ("ADJ", "ADV")
        return head if measured or complement else copula
    if rel.startswith("advcl"):
        compared = any(tree.words[m].form.lower() in ("than", "as") for m in tree.children(i, "mark"))
        belongs = predicate.upos in ("ADJ", "ADV") and i > head and (chains.is_bare_infinitive(i) or compared)
        return head if belongs or (i in chains.gerund and predicate.upos == "ADJ") else copula
    return head


def _site_of_adverb(chains: Chains, i: int, head: int, copula: int) -> int:
    word, predicate = chains.tree.words[i], chains.tree.words[head]
    form, cases = word.form.lower(), chains.cases.get(head, [])
    if i > head:
        return head if form == "enough" else copula
    if cases:
        return cases[0] if i + 1 == cases[0] and form in PREPOSITION_ADVERBS else copula
    if predicate.upos in _NOMINAL:
        # "about five" and "how many" modify the number, anything else the clause.
        return head if predicate.upos == "NUM" and i + 1 == head and form not in CLAUSE_ADVERBS else copula
    return copula if form in CLAUSE_ADVERBS else head


def conjunct_site(chains: Chains, i: int) -> int:
    """Where conjunct i hangs: on the conjunct before it, at the link of that one's chain that is like i."""
    tree = chains.tree
    first = tree.head[i]
    before = [c for c in tree.children(first, "conj") if c < i]
    previous = before[-1] if before else first
    if i in chains.gerund and previous in chains.gerund:
        return chains.gerund[previous]
    predicate = tree.children(i, "nsubj") or chains.is_finite(i) or tree.words[i].xpos == "VB"
    if i in chains.copula or (chains.is_verb(i) and predicate):
        return chains.copula.get(previous, previous if previous not in chains.cases else chains.cases[previous][0])
    if i in chains.cases and previous in chains.cases:
        return chains.cases[previous][0]
    return previous
