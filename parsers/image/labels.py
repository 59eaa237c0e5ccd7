"""Labels as words: names of classes as data sets write them, lists of what to look for, and the nouns of a caption."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_PLACEHOLDER = re.compile(r"(label|class|n/?a|none|unknown)?[ _-]?\d*", re.IGNORECASE)
# COCO's panoptic categories: "sky-other-merged", "wall-brick", "window-blind".
_STUFF = re.compile(r"(-other)?(-merged|-stuff|-other)$")
_MADE_OF = re.compile(r"(wall|floor)-(\w+)")


def label_words(name: str) -> str:
    """The name of a class as words: lower case, spaces, COCO's names of stuff in plain English.

    >>> [label_words(name) for name in ("Dining_table", "sky-other-merged", "wall-brick", "T-shirt", "teddy  bear")]
    ['dining table', 'sky', 'brick wall', 't-shirt', 'teddy bear']
    """
    plain = _MADE_OF.sub(r"\2 \1", _STUFF.sub("", name.lower()))
    return " ".join(plain.replace("window-blind", "window blind").replace("_", " ").split())


def is_placeholder(name: str) -> bool:
    """Whether a name says nothing: `LABEL_0`, "N/A", a number.

    >>> [is_placeholder(name) for name in ("LABEL_0", "N/A", "17", "", "label", "dog")]
    [True, True, True, True, True, False]
    """
    return _PLACEHOLDER.fullmatch(name.strip()) is not None


def checked_labels(labels: Iterable[str], what: str = "labels") -> tuple[str, ...]:
    """Labels as words, each once.

    Args:
        labels: of things to look for.
        what: what to call them in errors.

    Raises:
        TypeError: they are one string, or hold something else than strings.
        ValueError: there are none, or one is empty.

    >>> checked_labels(["Dog", "traffic_light", "dog"])
    ('dog', 'traffic light')
    """
    if isinstance(labels, str):
        raise TypeError(f"{what} are the string {labels!r}; give a list of strings")
    words: dict[str, None] = {}
    for label in labels:
        if not isinstance(label, str):
            raise TypeError(f"{what} hold {label!r}, expected strings")
        if not label_words(label):
            raise ValueError(f"{what} hold {label!r}, which is empty")
        words[label_words(label)] = None
    if not words:
        raise ValueError(f"{what} are empty; name at least one")
    return tuple(words)


def class_names(names: Sequence[str], given: Sequence[str] | None, what: str) -> tuple[str | None, ...]:
    """The names of a detector's classes by number; None for one that has none ("N/A") and is never a label.

    Args:
        names: those that come with the model; may be empty.
        given: those the user gives, one for each class.
        what: the model, for errors.

    Raises:
        ValueError: the model has no names and none are given, or another number of them.

    >>> class_names(["N/A", "dining_table"], None, "the model")
    (None, 'dining table')
    """
    if given is not None:
        if isinstance(given, str):
            raise TypeError(f"class_names are the string {given!r}; give a list of strings")
        if names and len(given) != len(names):
            raise ValueError(f"{len(given)} class_names for {what}, which has {len(names)} classes")
        names = given
    if all(map(is_placeholder, names)):
        seen = f"; its classes are called {', '.join(names[:3])}, ..." if names else ""
        raise ValueError(f"{what} has no class names{seen}; give them in order as class_names")
    return tuple(None if is_placeholder(name) else label_words(name) for name in names)


def labels_of(caption: str) -> tuple[str, ...]:
    """The things that a caption says are there, as labels to look for; read by the shipped text parser.

    Raises:
        ValueError: it names none.

    >>> labels_of("Two dogs on a red couch, no cat.")
    ('dogs', 'couch')
    """
    from usg.parsers.text import TextParser

    found = tuple(dict.fromkeys(obj.label for obj in TextParser()(caption).objects if not obj.negated))
    if not found:
        raise ValueError(f"no thing is named in the caption {caption[:60]!r}; give labels")
    return found


def a_photo_of(words: str) -> str:
    """The words as these models were trained to see them.

    >>> a_photo_of("orange cat")
    'a photo of an orange cat'
    """
    return f"a photo of {with_article(words)}"


def with_article(words: str) -> str:
    """Words with "a" or "an", but for what looks like a plural.

    >>> [with_article(words) for words in ("dog", "umbrella", "dogs", "glass")]
    ['a dog', 'an umbrella', 'dogs', 'a glass']
    """
    if words.endswith("s") and not words.endswith("ss"):
        return words
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


def labels_from(words: str) -> tuple[str, ...]:
    """Labels as given on a command line: with commas between them, or a file with one a line.

    >>> labels_from("dog, cat")
    ('dog', 'cat')
    """
    # A long list of words is no path, and some systems say so by an error.
    file = Path(words) if len(words) < 1000 else None
    if file is not None and file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(word.strip() for word in words.split(",") if word.strip())
