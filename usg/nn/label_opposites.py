"""Opposites that training keeps apart: words of scenes whose contexts are the same and whose meaning is not.

Written by hand. Distributional vectors put "left" beside "right"; a list of what must not be confused repairs that
(counter-fitting, Mrksic et al. 2016, https://arxiv.org/abs/1603.00892). The antonyms of the check list
(usg/nn/label_checks.py) are no part of it, so that the check tells what training does for opposites nobody listed.
Each group has two sides; every label of one side is opposed to every label of the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_GROUPS = """
    left, leftmost, left of, to the left of, on the left of, on left side of, left hand,
        left side, left-hand
        | right, rightmost, right of, to the right of, on the right of, on right side of,
        right hand, right side, right-hand
    in front of, ahead of, at the front of, front, in the front of
        | behind, in back of, at the back of, back, rear, on back of
    above, over, on top of, atop, higher than, up, upward
        | below, under, underneath, beneath, lower than, down, downward
    top, top of, on top | bottom, bottom of, on bottom, at the bottom of
    on | under, off, underneath, below
    inside, in, within, inside of, indoors, indoor | outside, out of, outside of, outdoors, outdoor
    into | out of, from
    onto | off of
    to, toward, towards | from, away from
    near, close to, nearby, close, next to | far from, far, away from, distant
    open, opened, wide open | closed, shut, close
    on, lit, turned on, switched on | off, unlit, turned off, switched off
    big, large, huge, giant | small, little, tiny, miniature
    high | low
    long | short
    young, youthful | old, elderly, aged
    new, modern, brand new | old, ancient, antique, worn
    black | white
    dark | light, bright, pale
    bright | dim, dull
    wet, soaked | dry, dried
    hard, solid, firm | soft, fluffy
    heavy | light, lightweight
    alive, living | dead
    standing, stand | sitting, sit, seated, lying, lie, lay
    walk up, go up, climb up | walk down, go down, climb down
    pick up, lift | put down, lower
    load, loaded | unload, unloaded
    give | take
    follow, chase | lead, flee from
    man, men, boy, gentleman | woman, women, girl, lady
    mother, mom | father, dad
    son, brother | daughter, sister
    beautiful, pretty | ugly
    good, great | bad, poor
    same, identical | different
    many, several, lots of | few, single
    all | none
    healthy | sick
    rich | poor
    first | last
    early | late
    start, begin | stop, end, finish
    push open | pull shut
    inhale | exhale
    appear | disappear, vanish
    build | destroy
    win | lose
    love, like | hate, dislike
    tight | loose
    fresh | rotten, stale
    ripe | unripe
    sharp | blunt
    crowded, busy | deserted
    occupied | vacant, unoccupied
    dressed, clothed | naked, nude, bare
    calm | rough
    flat, level | steep, bumpy
    horizontal | vertical
    north | south
    east | west
    visible | hidden
    cloudy, overcast | clear
    summer | winter
    sunrise | sunset
    morning | evening
    attached to | detached from
    connected to | separated from
    fat | skinny
    colorful, bright | plain
    whole | broken, sliced
    yes | no
"""


def _read(groups: str) -> tuple[tuple[str, str], ...]:
    # A line that is indented further goes on with the one before.
    text = re.sub(r"\n {8,}", " ", groups)
    pairs = []
    for line in text.strip().splitlines():
        one, other = ([label.strip() for label in side.split(",")] for side in line.split("|"))
        pairs += [(a, b) for a in one for b in other]
    return tuple(sorted(set(pairs)))


OPPOSITES = _read(_GROUPS)
"""Pairs of opposed labels."""


def negated_forms(words: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of a word and its negation by prefix, where both are known.

    >>> negated_forms(["tied", "untied", "cle", "uncle", "cover", "uncover"])
    [('cover', 'uncover'), ('tied', 'untied')]
    """
    known = set(words)
    pairs = [(word, "un" + word) for word in known if len(word) > 3 and "un" + word in known]
    return sorted(pairs)
