"""Slips of the keyboard, for training: a letter left out, put in, changed, or swapped with its neighbour."""

from __future__ import annotations

import random
import string


def misspell(word: str, draw: random.Random) -> str:
    """A word of two letters or more with one slip; only a swap reaches its first letter.

    Example:
        >>> misspell("skateboard", random.Random(0))
        'skatebaord'
    """
    i, slip, letter = draw.randrange(1, len(word)), draw.randrange(4), draw.choice(string.ascii_lowercase)
    if slip == 0:
        return word[:i] + word[i + 1 :]
    if slip == 1:
        return word[:i] + letter + word[i:]
    if slip == 2:
        return word[:i] + letter + word[i + 1 :]
    return word[: i - 1] + word[i] + word[i - 1] + word[i + 1 :]
