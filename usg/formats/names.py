"""The short names of the formats; `usg ls formats` prints them."""

from importlib import import_module
from types import ModuleType

from usg.names import unknown_name

FORMATS = {
    "coco-relations": "usg.formats.coco_relations",
    "corpus": "usg.formats.corpus",
    "discosg": "usg.formats.discosg",
    "factual": "usg.formats.factual_csv",
    "jsonl": "usg.formats.jsonl",
    "psg": "usg.formats.psg",
    "visual-genome": "usg.formats.visual_genome",
}


def format_module(name: str) -> ModuleType:
    """The module of a format.

    Raises:
        LookupError: there is no format of that name.

    Example:
        >>> format_module("jsonl").__name__
        'usg.formats.jsonl'
    """
    if name not in FORMATS:
        raise LookupError(unknown_name("format", name, FORMATS))
    return import_module(FORMATS[name])
