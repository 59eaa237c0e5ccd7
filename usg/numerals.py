"""English number words, zero to twenty: what a text says where a graph has digits.

One list for formats, metrics and parsers, beside the lowest floor: it needs nothing but Python.
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
