"""The text parser by the conventions of FACTUAL's annotators, for scores that are compared with published ones.

FACTUAL leaves out vague quantities ("several birds") and two thirds of the possessions that "his" and "her" say. The
parser adds both (usg/parsers/text/assemble.py); here it does not.
"""

from __future__ import annotations

from usg.parsers.text.assemble import FACTUAL
from usg.parsers.text.parser import TextParser


def factual_parser() -> TextParser:
    """A `TextParser` that says what FACTUAL's annotators would.

    Example:
        >>> from usg.parsers.text import TextParser
        >>> [[each.value for each in parser("several birds").attributes] for parser in (TextParser(), factual_parser())]
        [['several'], []]
    """
    return TextParser(conventions=FACTUAL)
