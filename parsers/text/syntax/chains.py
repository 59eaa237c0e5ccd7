"""The chain of words that represents a word to the outside in the CLEAR style.

UD makes content words heads; CLEAR, made from Penn Treebank phrases, makes function words heads where they head a
phrase. So a word is represented by others, outermost first, each the head of the next:

    [preposition of a gerund] [copula] [preposition ...] word

In "without being on the table" the chain of `table` is `without`, `being`, `on`, `table`.
"""

from __future__ import annotations

from dataclasses import dataclass

from usg.parsers.text.syntax.normalise import Tree
from usg.parsers.text.syntax.tables import CONJUNCTIONS_BEFORE_GERUND, PREPOSITIONS_BEFORE_CLAUSE

_FINITE = frozenset(("VBD", "VBZ", "VBP", "MD"))


@dataclass(frozen=True)
class Chains:
    """The chains of all words of a tree.

    Attributes:
        tree: the words, which count from 1.
        gerund: word to the preposition before its clause, as "without" in "without looking".
        copula: predicate to its copula.
        cases: word to its prepositions, outermost first.
    """

    tree: Tree
    gerund: dict[int, int]
    copula: dict[int, int]
    cases: dict[int, list[int]]

    def chain(self, i: int) -> list[int]:
        """The words that represent word i, outermost first, i last."""
        outer = [table[i] for table in (self.gerund, self.copula) if i in table]
        return [*outer, *self.cases.get(i, ()), i]

    def members(self) -> set[int]:
        """The words that represent others."""
        return {*self.gerund.values(), *self.copula.values(), *(c for cases in self.cases.values() for c in cases)}

    def is_verb(self, i: int) -> bool:
        """Whether word i is a verb or an auxiliary."""
        return self.tree.words[i].upos in ("VERB", "AUX")

    def is_finite(self, i: int) -> bool:
        """Whether the first verb of the clause of verb i is finite."""
        verbs = [i, *self.tree.children(i, "aux"), *self.tree.children(i, "aux:pass")]
        return self.tree.words[min(verbs)].xpos in _FINITE

    def is_bare_infinitive(self, i: int) -> bool:
        """Whether word i heads a clause with "to" and no subject."""
        tree = self.tree
        has_to = any(tree.words[m].xpos == "TO" for m in tree.children(i, "mark"))
        return has_to and not tree.children(i, "nsubj") and not tree.children(i, "nsubj:pass")


def find_chains(tree: Tree) -> Chains:
    """Returns the chains of a normalised tree; a copula too many becomes an auxiliary.

    Args:
        tree: with UD relations.
    """
    chains = Chains(tree, {}, {}, {})
    for i in range(1, len(tree.words)):
        cases = [c for c in tree.children(i, "case") if tree.words[c].xpos != "POS"]
        if cases:
            chains.cases[i] = cases
        copulas = tree.children(i, "cop")
        if copulas:
            chains.copula[i] = copulas[0]
            for extra in copulas[1:]:
                tree.rel[extra] = "aux"
        marks = [m for m in tree.children(i, "mark") if _is_preposition(tree, m, i)]
        if marks:
            chains.gerund[i] = marks[0]
    return chains


def _is_preposition(tree: Tree, mark: int, i: int) -> bool:
    """Whether a marker is a preposition in the Penn Treebank: before -ing forms, and "with" before any clause."""
    form = tree.words[mark].form.lower()
    if tree.words[mark].xpos != "IN" or form in CONJUNCTIONS_BEFORE_GERUND - {"as"}:
        return False
    if form in PREPOSITIONS_BEFORE_CLAUSE:
        return True
    first = min([i, *tree.children(i, "aux"), *tree.children(i, "aux:pass"), *tree.children(i, "cop")])
    return tree.words[first].xpos == "VBG" and not (form == "as" and tree.children(i, "nsubj"))
