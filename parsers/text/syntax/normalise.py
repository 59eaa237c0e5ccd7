"""Changes of a UD tree that come before the change to CLEAR: who heads a name, a fixed phrase, a clause.

- Names, fixed phrases: their last word heads them ("Jennifer Anderson", "at least", "as well as"), for prepositions
  ("because of") the chain of `clear` sees every word.
- "$ 5": the number heads, the sign is its modifier; "May 5": the name heads.
- "saw a dog run", "keep the door open": object and complement are one clause, the object its subject.
- "with a hat on his head": the noun hangs on "with", the rest on the noun.
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.formats.conllu import Word
from usg.parsers.text.syntax.tables import NAMING_VERBS, SMALL_CLAUSE_VERBS

_COMPLEX_HEADED_BY_FIRST = frozenset((("because", "of"), ("due", "to")))


class Tree:
    """A tree that can be edited; words count from 1 and place 0 is empty.

    Attributes:
        words: the words; their own head and relation are those before editing.
        head: of each word.
        rel: relation of each word to its head, with its subtype.
    """

    def __init__(self, words: Sequence[Word]) -> None:
        blank = Word("", "", "", "", "", 0, "", 0, 0)
        self.words = [blank, *words]
        self.head = [word.head for word in self.words]
        self.rel = [word.deprel for word in self.words]

    def children(self, i: int, rel: str | None = None) -> list[int]:
        """The dependents of word i in order, those in one relation when `rel` is given."""
        found = [child for child, head in enumerate(self.head) if head == i and child]
        return found if rel is None else [child for child in found if self.rel[child] == rel]

    def promote(self, child: int, label: str) -> None:
        """Child and head change places; the other dependents of the head go to the child.

        Args:
            child: the new head.
            label: relation of the old head to the new one.
        """
        old = self.head[child]
        for other in self.children(old):
            self.head[other] = child
        self.head[child], self.rel[child] = self.head[old], self.rel[old]
        self.head[old], self.rel[old] = child, label


def normalise(words: Sequence[Word]) -> Tree:
    """Returns the tree of a sentence with the changes above.

    Raises:
        ValueError: the words are no tree with one root.

    Example:
        >>> rows = [("Ann", 3, "nsubj"), ("Lee", 1, "flat"), ("runs", 0, "root")]
        >>> tree = normalise([Word(form, form, "PROPN", "NNP", "", head, rel, 0, 0) for form, head, rel in rows])
        >>> tree.head[1:], tree.rel[1:]
        ([2, 3, 0], ['flat', 'nsubj', 'root'])
    """
    tree = Tree(words)
    _check(tree)
    for i in range(1, len(tree.words)):
        _head_by_last(tree, i)
    for i in range(1, len(tree.words)):
        _fixed(tree, i)
        _money(tree, i)
        _date(tree, i)
        _with_clause(tree, i)
        _small_clause(tree, i)
    return tree


def _check(tree: Tree) -> None:
    size = len(tree.words) - 1
    roots = [i for i in range(1, size + 1) if tree.head[i] == 0]
    text = " ".join(word.form for word in tree.words[1:])[:80]
    if len(roots) != 1:
        raise ValueError(f"{len(roots)} roots in {text!r}; a tree has one")
    for i in range(1, size + 1):
        site, steps = i, 0
        while site:
            site, steps = tree.head[site], steps + 1
            if not 0 <= site <= size or steps > size:
                raise ValueError(f"word {i} ({tree.words[i].form!r}) of {text!r} does not reach the root")


def _head_by_last(tree: Tree, i: int) -> None:
    members = [member for member in tree.children(i, "flat") if member > i]
    if not members:
        return
    if all(tree.words[member].upos == "NUM" for member in members):
        for member in members:
            tree.rel[member] = "nummod"
        return
    tree.promote(members[-1], "flat")


def _fixed(tree: Tree, i: int) -> None:
    members = tree.children(i, "fixed")
    if not members:
        return
    phrase = [i, *members]
    rel = tree.rel[i]
    forms = tuple(tree.words[member].form.lower() for member in phrase)
    if rel == "case" and forms[0] == "such":
        tree.promote(members[-1], "amod")
    elif rel == "case" and forms not in _COMPLEX_HEADED_BY_FIRST:
        for member in members:
            tree.head[member], tree.rel[member] = tree.head[i], "case"
    elif rel == "case":
        for member in members:
            tree.rel[member] = "pcomp"
    elif rel == "mark":
        for member in members:
            tree.head[member], tree.rel[member] = tree.head[i], "mark"
    else:
        tree.promote(members[-1], "")
        for member in phrase[:-1]:
            tree.rel[member] = "det" if tree.words[member].upos == "DET" else "advmod"


def _money(tree: Tree, i: int) -> None:
    numbers = [n for n in tree.children(i, "nummod") if n > i]
    if tree.words[i].xpos == "$" and numbers:
        tree.promote(numbers[0], "quantmod" if tree.children(numbers[0], "compound") else "nmod")


def _date(tree: Tree, i: int) -> None:
    before_its_head = tree.rel[i] == "nmod:unmarked" and tree.head[i] == i + 1
    if before_its_head and tree.words[i].upos == "PROPN" and tree.words[i + 1].form[0].isdigit():
        tree.promote(i, "nummod")


def _with_clause(tree: Tree, i: int) -> None:
    """A clause without a verb behind "with": its subject is the noun of the preposition."""
    marks = [m for m in tree.children(i, "mark") if tree.words[m].form.lower() in ("with", "without")]
    subjects = tree.children(i, "nsubj")
    if not marks or not subjects or tree.words[i].upos in ("VERB", "AUX") or tree.children(i, "cop"):
        return
    noun, mark = subjects[0], marks[0]
    tree.head[noun] = tree.head[i]
    tree.rel[noun] = {"acl": "nmod", "advcl": "obl"}.get(tree.rel[i], tree.rel[i])
    tree.head[mark], tree.rel[mark] = noun, "case"
    tree.head[i] = noun
    tree.rel[i] = "nmod" if tree.children(i, "case") else "acl" if tree.words[i].upos == "ADJ" else "appos"
    for child in tree.children(i):
        if child < mark or tree.rel[child] in ("cc", "punct"):
            tree.head[child] = noun


def _small_clause(tree: Tree, i: int) -> None:
    objects, complements = tree.children(i, "obj"), tree.children(i, "xcomp")
    verb = tree.words[i]
    if not objects or not complements or not i < objects[0] < complements[0]:
        return
    if verb.lemma not in SMALL_CLAUSE_VERBS or verb.lemma in NAMING_VERBS:
        return
    tree.head[objects[0]], tree.rel[objects[0]] = complements[0], "nsubj"
    tree.rel[complements[0]] = "ccomp"
