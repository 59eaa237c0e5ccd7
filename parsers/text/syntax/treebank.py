"""UD English EWT as spaCy documents: converted trees on the tokens that spaCy's English tokenizer makes.

Words and tokens are aligned by their place in the text. Where the tokenizer joins words ("its" for "it 's"), the token
takes everything from the word that heads them; where it splits a word ("e-mail", "!!!"), the last piece with a letter
or digit is the word and the others hang on it. A document is one sentence or a few that follow each other, so that the
parser learns where sentences end.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from usg.formats.conllu import Sentence, read_conllu
from usg.parsers.text.syntax.clear import Arc, to_clear

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_PIECE_TAGS = {"-": "HYPH", ",": ",", ".": ".", "!": ".", "?": ".", ":": ":", "(": "-LRB-", ")": "-RRB-"}


@dataclass(frozen=True)
class _Token:
    """A token with what it is given; the head counts from 0 in its document, the root is its own head."""

    text: str
    space: bool
    tag: str
    pos: str
    morph: str
    lemma: str
    head: int
    dep: str


def treebank_file(folder: str | os.PathLike[str], split: str) -> Path:
    """The file of a split (train, dev or test) of UD English EWT.

    Raises:
        FileNotFoundError: it is not in the folder.
    """
    file = Path(folder) / f"en_ewt-ud-{split}.conllu"
    if not file.is_file():
        source = "https://github.com/UniversalDependencies/UD_English-EWT"
        raise FileNotFoundError(f"{file} is missing; give the folder of UD English EWT, which is at {source}")
    return file


def read_docs(path: str | os.PathLike[str], nlp: Language, *, longest: int = 1, seed: int = 0) -> list[Doc]:
    """Reads a treebank file as documents of 1 to `longest` sentences.

    Args:
        path: a .conllu file.
        nlp: the pipeline whose tokenizer is used.
        longest: sentences of the longest document; lengths are drawn evenly and never cross a document of the treebank.
        seed: of the lengths.

    Returns:
        Documents with tag_, pos_, morph, lemma_, head, dep_ and the starts of sentences.
    """
    return [to_doc(group, nlp) for group in _groups(read_conllu(path), longest, random.Random(seed))]


def to_doc(sentences: Sequence[Sentence], nlp: Language) -> Doc:
    """Returns the document of sentences that follow each other.

    Args:
        sentences: of a treebank.
        nlp: the pipeline whose tokenizer is used.

    Example:
        >>> import spacy
        >>> from usg.formats.conllu import Word
        >>> words = (Word("Dogs", "dog", "NOUN", "NNS", "Number=Plur", 2, "nsubj", 0, 4),
        ...          Word("run", "run", "VERB", "VBP", "", 0, "root", 5, 8))
        >>> [(token.text, token.dep_) for token in to_doc([Sentence("Dogs run", words)], spacy.blank("en"))]
        [('Dogs', 'nsubj'), ('run', 'ROOT')]
    """
    from spacy.tokens import Doc

    tokens: list[_Token] = []
    starts: list[bool] = []
    for number, sentence in enumerate(sentences, 1):
        part = _tokens(sentence, nlp)
        starts += [position == 0 for position in range(len(part))]
        tokens += [replace(token, head=token.head + len(tokens)) for token in part]
        tokens[-1] = replace(tokens[-1], space=not sentence.joined and number < len(sentences))
    doc = Doc(
        nlp.vocab,
        words=[token.text for token in tokens],
        spaces=[token.space for token in tokens],
        tags=[token.tag for token in tokens],
        pos=[token.pos for token in tokens],
        morphs=[token.morph for token in tokens],
        lemmas=[token.lemma for token in tokens],
        heads=[token.head for token in tokens],
        deps=[token.dep for token in tokens],
    )
    for token, starts_sentence in zip(doc, starts, strict=True):
        if token.is_sent_start != starts_sentence:
            raise RuntimeError(f"the trees of {doc.text!r} do not end where the sentences do, at {token.text!r}")
    return doc


def _groups(sentences: Iterable[Sentence], longest: int, draw: random.Random) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    size = draw.randint(1, longest)
    for sentence in sentences:
        if group and (len(group) == size or sentence.new_document):
            yield group
            group, size = [], draw.randint(1, longest)
        group.append(sentence)
    if group:
        yield group


def _tokens(sentence: Sentence, nlp: Language) -> list[_Token]:
    made = nlp.make_doc(sentence.text)
    words, arcs = sentence.words, to_clear(sentence.words)
    blocks = _align([(word.start, word.end) for word in words], [(token.idx, token.idx + len(token)) for token in made])
    depth = [_depth(i, arcs) for i in range(len(arcs))]
    # The word that stands for a block, and the token that stands for a word.
    leader = {position: min(block, key=depth.__getitem__) for position, (block, _) in enumerate(blocks)}
    token_of: dict[int, int] = {}
    for block, pieces in blocks:
        main = _main_piece([made[piece].text for piece in pieces], pieces)
        token_of.update(dict.fromkeys(block, main))
    tokens: dict[int, _Token] = {}
    for position, (block, pieces) in enumerate(blocks):
        top = leader[position]
        word, arc = words[top], arcs[top]
        main = token_of[top]
        for piece in pieces:
            text, space = made[piece].text, bool(made[piece].whitespace_)
            if piece == main:
                lemma = word.lemma if len(block) == len(pieces) == 1 or len(pieces) == 1 else text.lower()
                head = main if arc.head == 0 else token_of[arc.head - 1]
                tokens[piece] = _Token(text, space, word.xpos, word.upos, word.feats, lemma, head, arc.label)
            elif any(map(str.isalnum, text)):
                tokens[piece] = _Token(text, space, word.xpos, word.upos, "", text.lower(), main, "compound")
            else:
                tag = _PIECE_TAGS.get(text, "NFP")
                tokens[piece] = _Token(text, space, tag, "PUNCT", "", text, main, "punct")
    return [tokens[position] if position in tokens else _blank(made, position) for position in range(len(made))]


def _blank(made: Doc, position: int) -> _Token:
    """A token of white space, which hangs on the token before it."""
    token = made[position]
    if not token.is_space:
        raise RuntimeError(f"token {token.text!r} of {made.text!r} covers no word of the treebank")
    return _Token(token.text, bool(token.whitespace_), "_SP", "SPACE", "", token.text, max(position - 1, 0), "dep")


def _main_piece(texts: Sequence[str], pieces: Sequence[int]) -> int:
    named = [piece for piece, text in zip(pieces, texts, strict=True) if any(map(str.isalnum, text))]
    return named[-1] if named else pieces[0]


def _depth(i: int, arcs: Sequence[Arc]) -> int:
    depth = 0
    while arcs[i].head:
        i, depth = arcs[i].head - 1, depth + 1
    return depth


def _align(words: Sequence[tuple[int, int]], tokens: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """The smallest blocks of words and tokens that cover the same characters.

    >>> _align([(0, 2), (2, 5), (6, 9)], [(0, 5), (6, 7), (7, 9)])
    [([0, 1], [0]), ([2], [1, 2])]
    """
    blocks: list[tuple[list[int], list[int]]] = []
    end = -1
    places = sorted(
        [(start, stop, 0, i) for i, (start, stop) in enumerate(words)]
        + [(start, stop, 1, i) for i, (start, stop) in enumerate(tokens)]
    )
    for start, stop, side, i in places:
        if start >= end:
            blocks.append(([], []))
        blocks[-1][side].append(i)
        end = max(end, stop)
    return [block for block in blocks if block[0]]
