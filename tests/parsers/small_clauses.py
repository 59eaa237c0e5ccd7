"""Captions that begin with their subject and captions that do not, in numbers."""

from __future__ import annotations

from usg.parsers.text.align import align
from usg.parsers.text.batches import Example
from usg.parsers.text.data import Tables, words_of
from usg.parsers.text.inventory import Inventory

CAPTIONS = """
a man riding a horse | man , ride , horse
the dogs are brown . | dogs , is , brown
a boy is smiling | boy , is , smiling
a tower behind a tree | tower , behind , tree
a lake surrounded by trees | trees , surround , lake
two cats sitting on a bed | cats , is , 2 ; cats , sit on , bed
a man holding a dog near a fence | man , hold , dog ; dog , near , fence
birds next to each other | birds , next to , birds
on a desk a lamp | lamp , on , desk
a woman giving a toy | woman , give , toy
a woman that has a hat | woman , have , hat
"""


def made(*captions: str) -> tuple[Inventory, list[Example]]:
    """The captions that begin so, in numbers; all of them when none are named."""
    aligned = []
    for line in CAPTIONS.strip().splitlines():
        caption, graph = line.split(" | ")
        aligned.append(align(words_of(caption), [tuple(fact.split(" , ")) for fact in graph.split(" ; ")], {}))
    inventory = Inventory.build(aligned, 1, 1)
    tables = Tables(Tables.build(aligned).words, inventory)
    every = tables.examples(aligned)
    kept = [each for each in every if not captions or " ".join(each.tokens).startswith(captions)]
    return inventory, kept


INVENTORY, EXAMPLES = made()
ATTRIBUTE = INVENTORY.predicates.index("is")


def example(caption: str) -> Example:
    (found,) = made(caption)[1]
    return found
