"""Reads CoNLL-U: the sentences of a Universal Dependencies treebank, every word with its place in the text.

A line holds ten fields: ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC. Lines with an ID as 2-3 are tokens of
several words ("don't"), which give the place in the text; empty nodes, as 8.1, belong to the enhanced graph and are
left out. Source: https://universaldependencies.org/format.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FIELDS = 10


@dataclass(frozen=True)
class Word:
    """A syntactic word.

    Attributes:
        form: as written.
        lemma: as the treebank has it.
        upos: universal part of speech.
        xpos: Penn Treebank tag.
        feats: morphological features, "" for none.
        head: of the basic tree; words count from 1, 0 is the root.
        deprel: relation to the head, with its subtype.
        start: in the text of the sentence, in code points.
        end: exclusive.
    """

    form: str
    lemma: str
    upos: str
    xpos: str
    feats: str
    head: int
    deprel: str
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """A sentence of a treebank.

    Attributes:
        text: as written.
        words: in order.
        id: as the treebank has it.
        new_document: whether a document begins here.
        joined: whether no space stands between this sentence and the next.
    """

    text: str
    words: tuple[Word, ...]
    id: str = ""
    new_document: bool = False
    joined: bool = False


def read_conllu(path: str | os.PathLike[str]) -> Iterator[Sentence]:
    r"""Yields the sentences of a file.

    Args:
        path: a .conllu file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not UTF-8, a line is not CoNLL-U, or a word is not in the text; the message names the
            file, and the first line of the sentence.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "one.conllu"
        >>> rows = ["1 Dogs dog NOUN NNS _ 2 nsubj _ _", "2 run run VERB VBP _ 0 root _ _"]
        >>> _ = file.write_text("# text = Dogs run\n" + "\n".join(rows).replace(" ", "\t") + "\n\n")
        >>> [(word.form, word.start) for sentence in read_conllu(file) for word in sentence.words]
        [('Dogs', 0), ('run', 5)]
    """
    block: list[str] = []
    first = 1
    # Undecodable bytes become surrogates, which are looked for where the line is known.
    with Path(path).open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                first = first if block else number
                block.append(line.rstrip("\n"))
            elif block:
                yield _sentence(block, f"{path}, line {first}")
                block = []
    if block:
        yield _sentence(block, f"{path}, line {first}")


def _sentence(block: list[str], where: str) -> Sentence:
    try:
        "".join(block).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: the sentence is not UTF-8") from None
    comments = dict(line[1:].strip().partition(" = ")[::2] for line in block if line.startswith("#"))
    rows = [line.split("\t") for line in block if not line.startswith("#")]
    wrong = next((row for row in rows if len(row) != _FIELDS), None)
    if wrong is not None:
        raise ValueError(f"{where}: {len(wrong)} fields in {' '.join(wrong)[:60]!r}; CoNLL-U has {_FIELDS}")
    _check_ids(rows, where)
    text = comments.get("text")
    if text is None:
        raise ValueError(f"{where}: the sentence has no `# text =` line, so its words have no place in a text")
    words = tuple(_words(rows, text, where))
    if not words:
        raise ValueError(f"{where}: the sentence has no words")
    return Sentence(
        text,
        words,
        comments.get("sent_id", ""),
        any(line.startswith("# newdoc") for line in block),
        "SpaceAfter=No" in rows[-1][9].split("|"),
    )


def _check_ids(rows: list[list[str]], where: str) -> None:
    """Refuses tokens of words, and heads, that are not there."""
    ids = {row[0] for row in rows if row[0].isdecimal()}
    for row in rows:
        first, _, last = row[0].partition("-")
        if "." not in row[0] and not {first, last or first} <= ids:
            raise ValueError(
                f"{where}: {row[0]!r} in {' '.join(row)[:60]!r} is no ID of the words {', '.join(sorted(ids))[:60]}"
            )
        if row[0] in ids and row[6] not in {"0", *ids}:
            raise ValueError(
                f"{where}: the HEAD in {' '.join(row)[:60]!r} is {row[6]!r}, expected 0 or the ID of a word"
            )


def _words(rows: list[list[str]], text: str, where: str) -> Iterator[Word]:
    """The words of a sentence; those of one token whose spelling is not theirs all take its place."""
    forms = {int(row[0]): row[1] for row in rows if row[0].isdecimal()}
    places: dict[int, tuple[int, int]] = {}
    end = 0
    for row in rows:
        number, form = row[0], row[1]
        if "." in number or (number.isdecimal() and int(number) in places):
            continue
        first, _, last = number.partition("-")
        members = range(int(first), int(last or first) + 1)
        start = _find(form, text, end, where)
        end = start + len(form)
        spelt_out = "".join(forms[member] for member in members) == form
        for member in members:
            places[member] = (start, start + len(forms[member]) if spelt_out else end)
            start += len(forms[member]) if spelt_out else 0
    for row in rows:
        if row[0].isdecimal():
            lemma = row[1] if row[2] == "_" else row[2]
            feats = "" if row[5] == "_" else row[5]
            yield Word(row[1], lemma, row[3], row[4], feats, int(row[6]), row[7], *places[int(row[0])])


def _find(form: str, text: str, place: int, where: str) -> int:
    found = text.find(form, place)
    if found < 0 or text[place:found].strip():
        raise ValueError(f"{where}: {form!r} is not next in the text {text[place : place + 40]!r}")
    return found
