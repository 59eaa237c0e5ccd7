"""Changes a Universal Dependencies tree into the CLEAR style of spaCy's English pipelines.

UD makes content words heads; CLEAR, made from Penn Treebank phrases, makes function words heads where they head a
phrase. So a word may be represented to the outside by other words, outermost first:

    [preposition of a gerund] [copula] [preposition ...] word

"The cat is on the table": UD has `table` as root with `is` (cop) and `on` (case); here `is` is the root, `on` its prep
and `table` the pobj of `on`. Every dependent then chooses the link of that chain that it belongs to: a subject the
copula, an adjective the word. The further rules: relations of one word are renamed (`obj` dobj, `iobj` dative,
`acl:relcl` relcl); a conjunct hangs on the conjunct before it, and its conjunction too; "there is X" has X as attr;
punctuation hangs on the lowest word whose phrase encloses it; and the changes of `normalise`.

Not changed: quotations before "he said" (UD: parataxis), headless relatives ("what he saw"), which keep UD's shape.

Sources: UD v2 English guidelines (https://universaldependencies.org/en); Choi and Palmer, Guidelines for the CLEAR
style constituent to dependency conversion, University of Colorado, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from usg.parsers.text.syntax.conllu import Word
from usg.parsers.text.syntax.normalise import Tree, normalise
from usg.parsers.text.syntax.tables import (
    CLAUSE_ADVERBS,
    CONJUNCTIONS_BEFORE_GERUND,
    DATIVE_VERBS,
    NAMING_VERBS,
    NEGATIONS,
    PREPOSITION_ADVERBS,
    PREPOSITIONS_BEFORE_CLAUSE,
)

_RENAMED = {
    "acl": "acl",
    "acl:relcl": "relcl",
    "advcl": "advcl",
    "advcl:relcl": "advcl",
    "advmod": "advmod",
    "amod": "amod",
    "appos": "appos",
    "aux": "aux",
    "aux:pass": "auxpass",
    "case": "case",
    "cc": "cc",
    "cc:preconj": "preconj",
    "ccomp": "ccomp",
    "compound": "compound",
    "compound:prt": "prt",
    "conj": "conj",
    "csubj": "csubj",
    "csubj:outer": "csubj",
    "csubj:pass": "csubjpass",
    "det": "det",
    "det:predet": "predet",
    "expl": "expl",
    "flat": "compound",
    "iobj": "dative",
    "mark": "mark",
    "nmod": "nmod",
    "nmod:desc": "compound",
    "nmod:poss": "poss",
    "nmod:unmarked": "npadvmod",
    "nsubj": "nsubj",
    "nsubj:outer": "nsubj",
    "nsubj:pass": "nsubjpass",
    "nummod": "nummod",
    "obj": "dobj",
    "obl": "npadvmod",
    "obl:agent": "npadvmod",
    "obl:unmarked": "npadvmod",
    "parataxis": "parataxis",
    "pcomp": "pcomp",
    "punct": "punct",
    "quantmod": "quantmod",
    "root": "ROOT",
    "vocative": "npadvmod",
    "xcomp": "xcomp",
}
"""Label of a word by its UD relation; relations not named (list, orphan, goeswith, ...) become dep."""

LABELS = frozenset(
    {*_RENAMED.values(), "acomp", "agent", "attr", "dep", "intj", "neg", "oprd", "pcomp", "pobj", "prep"}
)
"""Every label that a converted tree may have."""

_CLAUSAL = frozenset({
    "nsubj", "nsubj:pass", "nsubj:outer", "csubj", "csubj:pass", "csubj:outer", "aux", "aux:pass", "mark", "expl",
    "discourse", "vocative", "parataxis",
})  # fmt: skip
_INSIDE_PHRASE = frozenset(("acl:relcl", "nmod", "det", "amod", "nmod:poss", "compound"))
_NOMINAL = frozenset(("NOUN", "PROPN", "PRON", "NUM", "SYM", "X", "DET"))
_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))
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
    return _Conversion(normalise(words)).arcs()


class _Conversion:
    """One tree on its way: `chain[i]` are the words that represent i to the outside, outermost first, i last."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.size = len(tree.words) - 1
        self.absorbed: set[int] = set()
        self.gerund: dict[int, int] = {}
        self.copula: dict[int, int] = {}
        self.cases: dict[int, list[int]] = {}
        for i in range(1, self.size + 1):
            self._find_chain(i)
        self.done: dict[int, Arc] = {}

    def arcs(self) -> list[Arc]:
        tree = self.tree
        for i in range(1, self.size + 1):
            if i in self.absorbed or tree.rel[i] == "punct":
                continue
            chain = self.chain(i)
            for outer, inner in pairwise(chain):
                self.done[inner] = Arc(outer, self._inner_label(outer, inner, i))
            self.done[chain[0]] = self._outer_arc(i, chain[0])
        self._attach_punctuation()
        return [self.done[i] for i in range(1, self.size + 1)]

    def chain(self, i: int) -> list[int]:
        outer = [table[i] for table in (self.gerund, self.copula) if i in table]
        return [*outer, *self.cases.get(i, ()), i]

    def _find_chain(self, i: int) -> None:
        tree = self.tree
        cases = [c for c in tree.children(i, "case") if tree.words[c].xpos != "POS"]
        if cases:
            self.cases[i] = cases
        copulas = tree.children(i, "cop")
        if copulas:
            self.copula[i] = copulas[0]
            for extra in copulas[1:]:
                tree.rel[extra] = "aux"
        marks = [m for m in tree.children(i, "mark") if self._takes_gerund(m, i)]
        if marks:
            self.gerund[i] = marks[0]
        self.absorbed.update(cases, copulas[:1], marks[:1])

    def _takes_gerund(self, mark: int, i: int) -> bool:
        """Whether a marker is a preposition in the Penn Treebank: before -ing forms, and "with" before any clause."""
        tree = self.tree
        form = tree.words[mark].form.lower()
        if tree.words[mark].xpos != "IN" or form in CONJUNCTIONS_BEFORE_GERUND - {"as"}:
            return False
        if form in PREPOSITIONS_BEFORE_CLAUSE:
            return True
        first = min([i, *tree.children(i, "aux"), *tree.children(i, "aux:pass"), *tree.children(i, "cop")])
        return tree.words[first].xpos == "VBG" and not (form == "as" and tree.children(i, "nsubj"))

    def _inner_label(self, outer: int, inner: int, i: int) -> str:
        tree, word = self.tree, self.tree.words[i]
        if outer == self.gerund.get(i):
            return "pcomp"
        if inner != i:
            return "advmod" if tree.words[inner].upos == "ADV" else "prep"
        if outer == self.copula.get(i):
            if word.upos in ("VERB", "AUX"):
                has_subject = tree.children(i, "nsubj") or tree.children(i, "nsubj:pass")
                return "ccomp" if has_subject else "xcomp"
            nominal = tree.children(i, "det")  # "is the best"
            return "attr" if nominal else {"ADJ": "acomp", "ADV": "advmod", "ADP": "prep"}.get(word.upos, "attr")
        if word.upos == "ADJ" and not tree.children(i):
            return "amod"
        return "pcomp" if word.upos in ("ADV", "VERB", "AUX", "SCONJ") else "pobj"

    def _outer_arc(self, i: int, top: int) -> Arc:
        tree = self.tree
        head, rel = tree.head[i], tree.rel[i]
        if head == 0:
            return Arc(0, "ROOT")
        if rel == "conj" or (rel == "cc" and tree.rel[head] == "conj" and i < head):
            return Arc(self._conjunct_site(i if rel == "conj" else head), rel)
        return Arc(self._site(i, head, rel), self._label(i, top, head, rel))

    def _label(self, i: int, top: int, head: int, rel: str) -> str:
        tree, word = self.tree, self.tree.words[i]
        verb = tree.words[head]
        if top in self.cases.get(i, ()):
            if rel == "obl:agent" and tree.words[top].lemma == "by":
                return "agent"
            to_receiver = rel == "obl" and tree.words[top].lemma == "to" and verb.lemma in DATIVE_VERBS
            if to_receiver and (tree.children(head, "obj") or tree.children(head, "nsubj:pass")):
                return "dative"
            return "advmod" if tree.words[top].upos == "ADV" else "prep"
        if top == self.gerund.get(i):
            return "prep"
        return self._label_of_bare(i, head, rel, word, verb)

    def _label_of_bare(self, i: int, head: int, rel: str, word: Word, verb: Word) -> str:
        tree = self.tree
        if rel == "mark" and word.xpos == "TO":
            return "aux"
        if rel == "advmod" and word.form.lower() in NEGATIONS:
            return "neg"
        before_number = verb.xpos == "CD" and i < head and tree.rel[head] != "root"
        if rel == "advmod" and before_number and not any(i < case for case in self.cases.get(head, ())):
            return "quantmod"
        if rel in ("obl", "nmod", "obl:unmarked") and word.upos == "ADP":
            return "prep"
        if rel == "nmod:unmarked" and word.upos == "NUM":
            return "nummod"
        if rel == "discourse":
            return {"UH": "intj", "NFP": "punct", "RB": "advmod"}.get(word.xpos, "dep")
        if rel == "iobj" and not tree.children(head, "obj"):
            return "dobj"
        if rel == "expl":
            return "expl" if word.lemma.lower() == "there" else "nsubj"
        if rel == "nsubj" and verb.lemma == "be" and self._is_existential(head):
            return "attr"
        if rel == "xcomp":
            return self._complement_label(i, head)
        infinitive = self._is_bare_infinitive(i)
        if rel.startswith("csubj") and i > head and tree.children(head, "expl"):
            return "xcomp" if infinitive else "ccomp"
        if infinitive and (rel == "ccomp" or (rel == "advcl" and verb.upos == "ADJ" and i > head)):
            return "xcomp"
        return _RENAMED.get(rel, "dep")

    def _complement_label(self, i: int, head: int) -> str:
        word, verb = self.tree.words[i], self.tree.words[head]
        if i in self.copula or word.upos in ("VERB", "AUX"):
            return "xcomp"
        if word.upos == "ADV":
            return "advmod"
        if self.tree.children(head, "obj") or verb.lemma in NAMING_VERBS or verb.xpos == "VBN":
            return "oprd"
        return "acomp" if word.upos == "ADJ" else "attr"

    def _is_existential(self, i: int) -> bool:
        return any(self.tree.words[e].lemma.lower() == "there" for e in self.tree.children(i, "expl"))

    def _is_bare_infinitive(self, i: int) -> bool:
        tree = self.tree
        has_to = any(tree.words[m].xpos == "TO" for m in tree.children(i, "mark"))
        return has_to and not tree.children(i, "nsubj") and not tree.children(i, "nsubj:pass")

    def _site(self, i: int, head: int, rel: str) -> int:
        """The link of the head's chain that word i, in relation `rel`, belongs to."""
        cases = self.cases.get(head, [])
        if head in self.copula:
            return self._site_of_predicate(i, head, rel, self.copula[head])
        if cases and rel in _CLAUSAL:
            return cases[0]
        if cases and i < cases[0] and rel != "acl:relcl":
            return cases[0]
        return head

    def _site_of_predicate(self, i: int, head: int, rel: str, copula: int) -> int:
        tree, predicate = self.tree, self.tree.words[head]
        if head < copula:
            # Fronted, as in "how tall is she": what stands before the predicate belongs to it.
            return head if i < head and rel not in _CLAUSAL else copula
        if predicate.upos in ("VERB", "AUX") and head not in self.cases:
            return copula if i < copula or rel in ("nsubj:outer", "csubj:outer", "expl") else head
        if rel in _CLAUSAL or (i < copula and rel not in _INSIDE_PHRASE):
            return copula
        if rel == "advmod":
            return self._site_of_adverb(i, head, copula)
        if rel.startswith("obl"):
            measured = i < head and predicate.upos in ("ADJ", "ADV")
            complement = i > head and i in self.cases and predicate.upos in ("ADJ", "ADV")
            return head if measured or complement else copula
        if rel.startswith("advcl"):
            compared = any(tree.words[m].form.lower() in ("than", "as") for m in tree.children(i, "mark"))
            belongs = predicate.upos in ("ADJ", "ADV") and i > head and (self._is_bare_infinitive(i) or compared)
            return head if belongs or (i in self.gerund and predicate.upos == "ADJ") else copula
        return head

    def _site_of_adverb(self, i: int, head: int, copula: int) -> int:
        word, predicate = self.tree.words[i], self.tree.words[head]
        form, cases = word.form.lower(), self.cases.get(head, [])
        if i > head:
            return head if form == "enough" else copula
        if cases:
            return cases[0] if i + 1 == cases[0] and form in PREPOSITION_ADVERBS else copula
        if predicate.upos in _NOMINAL:
            # "about five" and "how many" modify the number, anything else the clause.
            return head if predicate.upos == "NUM" and i + 1 == head and form not in CLAUSE_ADVERBS else copula
        return copula if form in CLAUSE_ADVERBS else head

    def _conjunct_site(self, i: int) -> int:
        """Where conjunct i hangs: on the conjunct before it, at the link of that one's chain that is like i."""
        tree = self.tree
        first = tree.head[i]
        before = [c for c in tree.children(first, "conj") if c < i]
        previous = before[-1] if before else first
        if i in self.gerund and previous in self.gerund:
            return self.gerund[previous]
        verbal = tree.words[i].upos in ("VERB", "AUX")
        predicate = tree.children(i, "nsubj") or self._is_finite(i) or tree.words[i].xpos == "VB"
        clause = i in self.copula or (verbal and predicate)
        if clause:
            return self.copula.get(previous, previous if previous not in self.cases else self.cases[previous][0])
        if i in self.cases and previous in self.cases:
            return self.cases[previous][0]
        return previous

    def _is_finite(self, i: int) -> bool:
        verbs = [i, *self.tree.children(i, "aux"), *self.tree.children(i, "aux:pass")]
        return self.tree.words[min(verbs)].xpos in _FINITE

    def _attach_punctuation(self) -> None:
        spans = self._spans()
        for i in range(1, self.size + 1):
            if i in self.done:
                continue
            head = self.tree.head[i]
            if head == 0 or self.tree.rel[head] == "punct":
                # A sentence of punctuation only, or punctuation on punctuation: it keeps its shape.
                self.done[i] = Arc(head, "ROOT" if head == 0 else "punct")
                continue
            if self.tree.words[i].xpos in _BRACKETS:
                self.done[i] = Arc(self.chain(head)[0], "punct")
                continue
            site = head
            while self.done[site].head and not spans[site][0] < i < spans[site][1]:
                site = self.done[site].head
            self.done[i] = Arc(site, "punct")

    def _spans(self) -> dict[int, tuple[int, int]]:
        """First and last word of the phrase of each word, punctuation left out."""
        spans = {i: (i, i) for i in self.done}
        for i in self.done:
            site = i
            while site:
                low, high = spans[site]
                spans[site] = (min(low, i), max(high, i))
                site = self.done[site].head
        return spans
