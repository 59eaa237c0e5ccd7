"""Small closed word lists: pronouns, persons, prepositions, meta nouns, quantities, colours, sizes and materials.

Lists rather than a model, because they are closed or nearly so, and a reader can check them.
"""

from __future__ import annotations

from usg.parsers.text.number import has_plural_form
from usg.parsers.text.tokens import NUMBERS

MALE = frozenset("he him his himself".split())
FEMALE = frozenset("she her hers herself".split())
NEUTER = frozenset("it its itself".split())
PLURAL = frozenset("they them their theirs themselves".split())
POSSESSIVE = frozenset("his her its their".split())
REFLEXIVE = frozenset("himself herself itself themselves".split())
PRONOUNS = MALE | FEMALE | NEUTER | PLURAL

MEN = frozenset(
    "man boy guy gentleman male father dad son brother husband king groom businessman policeman uncle".split()
)
WOMEN = frozenset("woman girl lady female mother mom daughter sister wife queen bride businesswoman aunt".split())
PEOPLE = frozenset(
    "person child kid baby toddler player skateboarder surfer skier snowboarder rider driver passenger batter pitcher "
    "catcher umpire spectator chef cook waiter officer police worker tourist student teacher doctor nurse soldier "
    "cyclist biker cowboy pedestrian shopper customer someone adult teenager teen friend couple family crowd".split()
)
PLURAL_LABELS = frozenset("people men women children kids sheep police clothes pants shorts".split())

PREPOSITIONS = frozenset(
    "about above across after against along among around at before behind below beneath beside between by down during "
    "for from in inside into near of off on onto out over past through to toward towards under underneath up upon "
    "with".split()
)

META = frozenset("picture photo photograph image view shot closeup close-up painting drawing scene".split())
META_STARTS = frozenset("a an the this is that there of up close , : black and white colour color".split())

COLOURS = frozenset(
    "black white red green blue yellow brown orange gray grey pink purple tan beige silver gold golden maroon teal "
    "turquoise navy dark-blue bright blonde blond".split()
)
SIZES = frozenset("big large small tiny huge little tall short long giant enormous massive miniature".split())
MATERIALS = frozenset(
    "wooden wood metal metallic plastic glass brick stone concrete leather ceramic steel paper".split()
)
QUANTITIES = {"pair": 2, "couple": 2, "both": 2, "dozen": 12, **{word: int(n) for word, n in NUMBERS.items()}}
VAGUE = frozenset("several many few numerous multiple various".split())

_KINDS = (("colour", COLOURS), ("size", SIZES), ("material", MATERIALS))


def attribute_kind(value: str) -> str | None:
    """The kind of an attribute value, where a list knows it.

    Example:
        >>> [attribute_kind(value) for value in ("red", "light blue", "tall", "2", "many", "wooden", "striped")]
        ['colour', 'colour', 'size', 'count', 'count', 'material', None]
    """
    if number_of(value) is not None or value in VAGUE or value.endswith(" of"):
        return "count"
    last = value.split(" ")[-1]
    return next((kind for kind, words in _KINDS if last in words), None)


def number_of(value: str) -> int | None:
    """The number that a value says: digits of up to nine places, or a word.

    Example:
        >>> number_of("2"), number_of("three"), number_of("many")
        (2, 3, None)
    """
    if value.isdecimal() and len(value) <= 9:
        return int(value)
    return QUANTITIES.get(value)


def is_plural(label: str) -> bool:
    """Whether a label names several things, by its last word.

    Example:
        >>> [is_plural(label) for label in ("dogs", "people", "sheep", "feet", "lens", "wine glasses")]
        [True, True, True, True, False, True]
    """
    last = label.split(" ")[-1]
    return last in PLURAL_LABELS or has_plural_form(last)


def agrees(pronoun: str, label: str) -> bool:
    """Whether a pronoun can stand for a thing of this label.

    Example:
        >>> [agrees(*pair) for pair in (("his", "man"), ("his", "dogs"), ("them", "dogs"), ("it", "man"))]
        [True, False, True, False]
    """
    last = label.split(" ")[-1]
    if pronoun in PLURAL:
        return is_plural(label) or last in ("couple", "group", "crowd", "family")
    if is_plural(label):
        return False
    if pronoun in MALE:
        return last in MEN or (last in PEOPLE and last not in WOMEN)
    if pronoun in FEMALE:
        return last in WOMEN or (last in PEOPLE and last not in MEN)
    return last not in MEN | WOMEN | PEOPLE or last in ("baby", "child")
