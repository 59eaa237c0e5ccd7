"""English number words, zero to twenty: what a text says where a graph has digits; and how many of what in a message.

One place for formats, metrics and parsers, beside the lowest floor: it needs nothing but Python.
"""

NUMERALS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
"""The word of each number, at its place.

Example:
    >>> NUMERALS[2], NUMERALS.index("twenty")
    ('two', 20)
"""


def counted(number: int, noun: str) -> str:
    """How many of what, for messages; the plural of the noun has an s.

    Example:
        >>> counted(1, "bad picture"), counted(1200, "graph")
        ('1 bad picture', '1,200 graphs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
