"""The labels of the CLEAR style, by UD relation and construction.

Most relations are only renamed (`obj` dobj). A preposition at the head of a phrase is prep, agent before the doer of a
passive, dative before a receiver; what it governs is pobj, or pcomp for a clause. Complements are told apart by their
part of speech: attr (noun), acomp (adjective), oprd (of an object), xcomp and ccomp (clause without, with subject).
"""

from __future__ import annotations

from usg.parsers.text.syntax.chains import Chains
from usg.parsers.text.syntax.tables import DATIVE_VERBS, NAMING_VERBS, NEGATIONS

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


def inner_label(chains: Chains, outer: int, inner: int, i: int) -> str:
    """Label of a link of the chain of word i: `inner` hangs on `outer`."""
    tree, word = chains.tree, chains.tree.words[i]
    if outer == chains.gerund.get(i):
        return "pcomp"
    if inner != i:
        return "advmod" if tree.words[inner].upos == "ADV" else "prep"
    if outer == chains.copula.get(i):
        if chains.is_verb(i):
            has_subject = tree.children(i, "nsubj") or tree.children(i, "nsubj:pass")
            return "ccomp" if has_subject else "xcomp"
        nominal = tree.children(i, "det")  # "is the best"
        return "attr" if nominal else {"ADJ": "acomp", "ADV": "advmod", "ADP": "prep"}.get(word.upos, "attr")
    if word.upos == "ADJ" and not tree.children(i):
        return "amod"
    return "pcomp" if word.upos in ("ADV", "VERB", "AUX", "SCONJ") else "pobj"


def outer_label(chains: Chains, i: int, top: int, head: int, rel: str) -> str:
    """Label of word i, represented by `top`, which is in the UD relation `rel` to `head`."""
    tree, verb = chains.tree, chains.tree.words[head]
    if top in chains.cases.get(i, ()):
        if rel == "obl:agent" and tree.words[top].lemma == "by":
            return "agent"
        to_receiver = rel == "obl" and tree.words[top].lemma == "to" and verb.lemma in DATIVE_VERBS
        if to_receiver and (tree.children(head, "obj") or tree.children(head, "nsubj:pass")):
            return "dative"
        return "advmod" if tree.words[top].upos == "ADV" else "prep"
    if top == chains.gerund.get(i):
        return "prep"
    return _label_of_bare(chains, i, head, rel)


def _label_of_bare(chains: Chains, i: int, head: int, rel: str) -> str:
    """Label of a word that no preposition stands before."""
    tree, word, verb = chains.tree, chains.tree.words[i], chains.tree.words[head]
    if rel == "mark" and word.xpos == "TO":
        return "aux"
    if rel == "advmod" and word.form.lower() in NEGATIONS:
        return "neg"
    before_number = verb.xpos == "CD" and i < head and tree.rel[head] != "root"
    if rel == "advmod" and before_number and not any(i < case for case in chains.cases.get(head, ())):
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
    if rel == "nsubj" and verb.lemma == "be" and _is_existential(chains, head):
        return "attr"
    if rel == "xcomp":
        return _complement_label(chains, i, head)
    infinitive = chains.is_bare_infinitive(i)
    if rel.startswith("csubj") and i > head and tree.children(head, "expl"):
        return "xcomp" if infinitive else "ccomp"
    if infinitive and (rel == "ccomp" or (rel == "advcl" and verb.upos == "ADJ" and i > head)):
        return "xcomp"
    return _RENAMED.get(rel, "dep")


def _complement_label(chains: Chains, i: int, head: int) -> str:
    word, verb = chains.tree.words[i], chains.tree.words[head]
    if i in chains.copula or chains.is_verb(i):
        return "xcomp"
    if word.upos == "ADV":
        return "advmod"
    if chains.tree.children(head, "obj") or verb.lemma in NAMING_VERBS or verb.xpos == "VBN":
        return "oprd"
    return "acomp" if word.upos == "ADJ" else "attr"


def _is_existential(chains: Chains, i: int) -> bool:
    return any(chains.tree.words[e].lemma.lower() == "there" for e in chains.tree.children(i, "expl"))
