"""How a label follows from the words of its span: the *form* of the span.

    copy           fire hydrant -> fire hydrant
    join           side walk -> sidewalk
    edit:3:e       smiling -> smile: so many of the last letters taken off, these put on
    put:LABEL      two -> 2, guy -> man

Forms are classes of the network, so that a rare word can be edited as frequent ones are (edit scripts of lemmatisers:
Chrupała, 2006; Müller et al., EMNLP 2015).
"""

from __future__ import annotations

COPY, JOIN = "copy", "join"
_LONGEST = 3


def form_of(surface: str, label: str) -> str:
    """The form that makes the label from the words.

    Example:
        >>> [form_of(*pair) for pair in (("dog", "dog"), ("side walk", "sidewalk"), ("wood", "wooden"), ("two", "2"))]
        ['copy', 'join', 'edit:0:en', 'put:2']
    """
    if surface == label:
        return COPY
    if surface.replace(" ", "") == label:
        return JOIN
    words, wanted = surface.split(" "), label.split(" ")
    if words[:-1] == wanted[:-1] and not wanted[-1].isdigit():
        word, other = words[-1], wanted[-1]
        same = next(
            (i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other))
        )
        if same >= 2 and len(word) - same <= _LONGEST and len(other) - same <= _LONGEST:
            return f"edit:{len(word) - same}:{other[same:]}"
    return f"put:{label}"


def apply_form(form: str, surface: str) -> str:
    """The label that a form makes from the words; never empty.

    Example:
        >>> apply_form("edit:3:y", "berries"), apply_form("put:man", "guy")
        ('berry', 'man')
    """
    if form == JOIN:
        return surface.replace(" ", "")
    kind, _, rest = form.partition(":")
    if kind == "put":
        return rest
    if kind == "edit":
        count, _, ending = rest.partition(":")
        kept = surface[: len(surface) - int(count)] if len(surface) > int(count) else surface
        return kept + ending
    return surface
