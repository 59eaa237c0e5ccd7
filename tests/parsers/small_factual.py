"""Captions with graphs as FACTUAL writes them, enough to train a tiny parser in seconds, and readings made by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from usg.parsers.text.align import Alignment, align, spoken_for
from usg.parsers.text.batches import Example
from usg.parsers.text.data import Tables, words_of
from usg.parsers.text.decode import Link, Reading
from usg.parsers.text.network import BEGIN, INSIDE, OUTSIDE
from usg.parsers.text.pieces import Piece, cut

CAPTIONS = """
a man riding a horse | man , ride , horse
the man is riding a brown horse . | man , ride , horse ; horse , is , brown
a woman holding a red umbrella | woman , hold , umbrella ; umbrella , is , red
a woman with a red hat | woman , with , hat ; hat , is , red
a man with a black hat | man , with , hat ; hat , is , black
a boy with a white shirt | boy , with , shirt ; shirt , is , white
a girl with a red shirt | girl , with , shirt ; shirt , is , red
two dogs sitting on the grass | dogs , is , 2 ; dogs , sit on , grass
two cats sitting on a bed | cats , is , 2 ; cats , sit on , bed
three dogs lying on a bed | dogs , is , 3 ; dogs , lay on , bed
a cat sitting on a table | cat , sit on , table
a small cat sits on the table | cat , is , small ; cat , sit on , table
a black dog sitting on a couch | dog , is , black ; dog , sit on , couch
the dog is brown . | dog , is , brown
the horse is white . | horse , is , white
the umbrella is red . | umbrella , is , red
dogs next to each other | dogs , next to , dogs
cats next to each other | cats , next to , cats
horses next to each other | horses , next to , horses
a keyboard sitting on a desk | keyboard , sit on , desk
a lamp sitting on a desk | lamp , sit on , desk
books sitting on a table | books , sit on , table
a lamp that sits on a table | lamp , sit on , table
a horse next to a fence | horse , next to , fence
a white horse next to a fence | horse , is , white ; horse , next to , fence
a man standing in front of a fence | man , stand in front of , fence
a woman standing in front of a table | woman , stand in front of , table
a man wearing a black shirt . | man , wear , shirt ; shirt , is , black
the woman is wearing a white shirt . | woman , wear , shirt ; shirt , is , white
a girl wearing a hat | girl , wear , hat
a dog on the side walk | dog , on , sidewalk
a man on the side walk | man , on , sidewalk
a boy on the side walk | boy , on , sidewalk
a guy holding a dog | man , hold , dog
a guy holding a cat | man , hold , cat
a guy riding a horse | man , ride , horse
a guy with a hat | man , with , hat
a boy feeding a cat . | boy , feed , cat
a man feeding two horses | man , feed , horses ; horses , is , 2
the woman is feeding the dogs . | woman , feed , dogs
a horse in a field | horse , in , field
dogs in a field | dogs , in , field
a brown dog in a green field | dog , is , brown ; dog , in , field ; field , is , green
a green field . | field , is , green
a red umbrella . | umbrella , is , red
a wooden table | table , is , wooden
a wooden bed | bed , is , wooden
a pair of dogs | dogs , is , 2
a pair of cats | cats , is , 2
"""


def lines() -> list[tuple[str, list[tuple[str, ...]]]]:
    """Captions and their facts."""
    found = []
    for line in CAPTIONS.strip().splitlines():
        caption, graph = line.split(" | ")
        found.append((caption, [tuple(fact.split(" , ")) for fact in graph.split(" ; ")]))
    return found


def write_csv(path: Path) -> Path:
    """The captions as a file of FACTUAL."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("image_id", "region_id", "caption", "scene_graph"))
        for number, (caption, facts) in enumerate(lines()):
            rows.writerow((number, number, caption, " , ".join(f"( {' , '.join(fact)} )" for fact in facts)))
    return path


def alignments() -> list[Alignment]:
    """The captions aligned."""
    pairs = [(words_of(caption), facts) for caption, facts in lines()]
    table = spoken_for(pairs)
    return [align(words, facts, table) for words, facts in pairs]


def examples() -> tuple[Tables, list[Example]]:
    """The captions in numbers, and what the numbers stand for."""
    aligned = alignments()
    tables = Tables.build(aligned)
    return tables, tables.examples(aligned)


def facts(each: Example | None, predicates: Sequence[str] | None = None) -> set[tuple[str, str, str]]:
    """Links by the words of their spans; spans of one name are told apart by their place."""
    assert each is not None
    said = predicates or examples()[0].inventory.predicates
    names = [" ".join(each.tokens[i:j]) for i, j in each.spans]
    names = [name if names.count(name) == 1 else f"{name}{i}" for name, (i, _) in zip(names, each.spans, strict=True)]
    return {(names[i], said[p], names[j]) for (i, j), p in each.links.items()}


def check(each: Example) -> None:
    """Asserts that tags, spans, forms and links agree."""
    wanted = [OUTSIDE] * len(each.tokens)
    for i, j in each.spans:
        assert 0 <= i < j <= len(each.tokens)
        wanted[i:j] = [BEGIN] + [INSIDE] * (j - i - 1)
    assert list(each.tags) == wanted
    assert list(each.spans) == sorted(each.spans)
    assert all(one[1] <= other[0] for one, other in zip(each.spans, each.spans[1:], strict=False))
    assert len(each.forms) == len(each.spans)
    assert all(0 <= k < len(each.spans) for pair in each.links for k in pair)


def pieces_of(text: str) -> list[Piece]:
    """The pieces of a text whose words stand apart."""
    tokens, start = [], 0
    for word in text.split(" "):
        tokens.append((word, start))
        start += len(word) + 1
    return cut(tokens)


def reading(piece: Piece, spans: str | Sequence[str], *links: tuple[str, str, str], **labels: str) -> Reading:
    """What a network could say of a piece.

    Args:
        piece: of the text.
        spans: their words, each the first not yet taken; several words of one span joined by "_".
        links: subject, predicate and object by the words of their spans.
        labels: of spans that are not called as their words.
    """
    words, found, names = piece.texts, [], spans.split() if isinstance(spans, str) else list(spans)
    start = 0
    for name in names:
        wanted = name.split("#")[0].split("_")
        start = next(k for k in range(start, len(words)) if words[k : k + len(wanted)] == wanted)
        found.append((start, start + len(wanted)))
        start += len(wanted)
    number = {name: i for i, name in enumerate(names)}
    called = [labels.get(name, name.split("#")[0].replace("_", " ")) for name in names]
    return Reading(
        tuple(found),
        tuple(called),
        (0.9,) * len(found),
        tuple(Link(number[a], number[b], predicate, 0.8) for a, predicate, b in links),
    )
