"""Captions of graphs: their text, their image, whether they were seen in training, and the constructions they use.

The *clean* part of a test set leaves out every caption that training has seen: one that equals a training caption up to
a, an, the, is, are, case and punctuation, and one whose image has a training caption. FACTUAL's random split needs it:
19 % of its test captions are near-duplicates, on which copying the training graph is right 97 times in 100.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph

_IMAGES = ("coco:", "flickr:", "vg:", "image/")
_WORD = re.compile(r"[^\W_]+")
_LIGHT = frozenset({"a", "an", "the", "is", "are"})
_PLACE = "on|in|at|under|over|above|below|near|by|behind|beside|inside|outside|between|against|along|next|across|around"
_PARTICIPLE = (
    r"(?:\w{2,}ed|made|worn|held|seen|built|cut|hung|taken|written|drawn|shown|stuck|driven|ridden|eaten|thrown|put|"
    r"fed)"
)
# "building", "ceiling" and the like are nouns; so are the compounds "dining table", "living room", "parking lot".
_ING = (
    r"(?!(?:building|ceiling|railing|clothing|wedding|evening|morning|string|spring|king|ring|wing|thing|something|"
    r"nothing|everything|dining|living|parking|frosting|icing|painting|siding|stuffing|topping|during|lighting|"
    r"awning|paneling|fencing|flooring|netting|bedding|earring|lettering|writing|crossing|opening)s?\b)\w{2,}ing\b"
)
_COLOURS = "black|white|red|blue|green|gray|grey|brown|orange|yellow|pink|purple|tan|silver|gold"
_NOT_AFTER_COLOUR = "".join(f"(?<!{colour} )" for colour in _COLOURS.split("|"))
CONSTRUCTIONS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "side, middle, back of": r"\b(?:sides?|middle|center|centre|back|edge|end|corner) of\b",
        "on top of": r"\bon top of\b",
        "in front of": r"\bin front of\b",
        "X of Y at the start": r"^(?:(?:a|an|the) )?(?:\w+ ){1,2}of\b",
        "passive participle": rf"\b(?:is|are|being|been) (?:\w+ly )?{_PARTICIPLE}\b|\b{_PARTICIPLE} by\b",
        "verb-ing fragment": rf"^(?!.*\b(?:is|are|was|were|has|have)\b).*\b{_ING}",
        "possessive pronoun": r"\b(?:his|her|its|their|my|your|our)\b",
        "coordinated nouns": rf"{_NOT_AFTER_COLOUR}\band (?!(?:{_COLOURS}|has|have|is|are|\w+ed)\b|{_ING})\w+",
        "with": r"\bwith\b",
        "pronoun": r"\b(?:he|she|it|they|him|them|himself|herself|itself|themselves)\b",
        "numeral": r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+)\b",
        "finite progressive": rf"\b(?:is|are) (?:\w+ly )?{_ING}",
        "copular preposition": rf"\b(?:is|are) (?:{_PLACE})\b",
    }.items()
}


def caption_of(graph: SceneGraph) -> str | None:
    """The text of the first source that has one.

    >>> from usg.graph import Source
    >>> caption_of(SceneGraph(sources=[Source("i", "image"), Source("t", "text", text="a dog")]))
    'a dog'
    """
    return next((source.text for source in graph.sources if source.modality == "text" and source.text), None)


def image_of(graph: SceneGraph) -> str | None:
    """The image that a caption is about, where the graph names one: `image_id` of its metadata, else a source's uri.

    Only the uri of an image does, as that of an image source, or one in the scheme of a set of images.

    >>> from usg.graph import Source
    >>> image_of(SceneGraph(metadata={"image_id": 17}))
    '17'
    >>> image_of(SceneGraph([Source("t", "text", uri="coco:image/139#caption/38", text="a dog")]))
    'coco:image/139'
    """
    if graph.metadata.get("image_id") not in (None, ""):
        return str(graph.metadata["image_id"])
    named = (source.uri for source in graph.sources if source.uri and _is_image(source))
    return next((uri.partition("#")[0] for uri in named), None)


def _is_image(source: Source) -> bool:
    return source.modality == "image" or str(source.uri).startswith(_IMAGES)


def words_of(caption: str) -> list[str]:
    """The words of a caption in lower case.

    >>> words_of("The man's t-shirt, no. 2.")
    ['the', 'man', 's', 't', 'shirt', 'no', '2']
    """
    return _WORD.findall(caption.lower())


def caption_key(caption: str) -> str:
    """What near-duplicates have in common: the words but a, an, the, is, are.

    >>> caption_key("The dog is on a mat.") == caption_key("dog on the mat")
    True
    """
    return " ".join(word for word in words_of(caption) if word not in _LIGHT)


def clean_mask(gold: Sequence[SceneGraph], train: Sequence[SceneGraph]) -> list[bool]:
    """Which graphs are about a caption and an image that training has not seen.

    Args:
        gold: graphs to score on.
        train: graphs that were trained on.
    """
    keys = {caption_key(caption_of(graph) or "") for graph in train}
    images = {image_of(graph) for graph in train} - {None}
    return [caption_key(caption_of(graph) or "") not in keys and image_of(graph) not in images for graph in gold]


def groups_of(gold: Sequence[SceneGraph]) -> list[int]:
    """A number for each graph, equal where two are about one image.

    >>> groups_of([SceneGraph(metadata={"image_id": i}) for i in "aba"] + [SceneGraph(), SceneGraph()])
    [0, 1, 0, 3, 4]
    """
    first: dict[str, int] = {}
    images = [image_of(graph) for graph in gold]
    return [i if image is None else first.setdefault(image, i) for i, image in enumerate(images)]


def constructions_of(caption: str) -> list[str]:
    """The constructions of `CONSTRUCTIONS` that a caption uses, by regular expression.

    >>> constructions_of("A man and a woman are standing in front of two cars.")
    ['in front of', 'coordinated nouns', 'numeral', 'finite progressive']
    """
    plain = " ".join(caption.lower().split())
    return [name for name, pattern in CONSTRUCTIONS.items() if pattern.search(plain)]
