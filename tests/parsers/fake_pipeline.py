"""A spaCy pipeline that makes graphs without training: every capitalised word is an object, `next to` the one before.

A number as a word or digit before an object is its count. The word "Boom" fails, as a component with a fault would.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from usg.graph import Attribute, Grounding, Relation, SceneGraph, SceneObject, Source, TextSpan

_NUMBERS = {"a": None, "one": 1, "two": 2, "three": 3, "2": 2}


@Language.factory("capitals", assigns=["doc._.scene_graph"])
def make_capitals(nlp: Language, name: str) -> Capitals:
    return Capitals()


class Capitals:
    def __init__(self) -> None:
        if not Doc.has_extension("scene_graph"):
            Doc.set_extension("scene_graph", default=None)

    def __call__(self, doc: Doc) -> Doc:
        if "Boom" in doc.text:
            raise IndexError("[E999] list index\n out of range")
        doc._.scene_graph = graph_of(doc.text)
        return doc

    def to_disk(self, path: Path, **_: Any) -> None:
        Path(path).mkdir(exist_ok=True)

    def from_disk(self, path: Path, **_: Any) -> Capitals:
        return self

    def to_bytes(self, **_: Any) -> bytes:
        return b""

    def from_bytes(self, data: bytes, **_: Any) -> Capitals:
        return self


def graph_of(text: str, parser: str | None = None) -> SceneGraph:
    objects, attributes, relations = [], [], []
    before = ""
    for match in re.finditer(r"\S+", text):
        word = match[0].strip(".,")
        at = (Grounding("text", TextSpan((match.span(),))),)
        if word[:1].isupper():
            obj = SceneObject(f"o{len(objects)}", word.lower(), groundings=at)
            if objects:
                relations.append(Relation(f"r{len(relations)}", obj.id, "next to", objects[-1].id))
            if _NUMBERS.get(before) is not None:
                number = _NUMBERS[before]
                attributes.append(Attribute(f"a{len(attributes)}", obj.id, str(number), kind="count", number=number))
            objects.append(obj)
        before = word
    return SceneGraph((Source("text", "text", text=text, parser=parser),), objects, attributes, relations)


def save(folder: Path) -> Path:
    """The pipeline in a folder, with components of the names that the shipped one leaves out."""
    nlp = spacy.blank("en", meta={"name": "capitals", "version": "0.1.0"})
    nlp.add_pipe("sentencizer", name="tagger")
    nlp.add_pipe("capitals")
    nlp.to_disk(folder)
    return folder
