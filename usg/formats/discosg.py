"""DiscoSG: descriptions of several sentences with their graphs (Lin et al., EMNLP 2025).

A file is a JSON list of

    {"caption": "The image captures ...", "scene_graph": "( water , have , surface ) , ( sky , is , pink ) , ..."}

The facts are those of FACTUAL (usg/formats/factual_csv.py): names stand for things, `is` states an attribute, digits
are a count. A graph read has one text source "caption", and its things are grounded where their words occur once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.formats.factual_csv import graph_of
from usg.formats.factual_facts import facts_of, parse_facts
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph

_KEYS = ("caption", "scene_graph")


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a file, one an item of its list.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not JSON, or no list with an item.
    """
    try:
        items = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(items, list) or not items:
        raise ValueError(f"{path} is not a DiscoSG file: expected a list of objects with {' and '.join(_KEYS)}")
    for number, item in enumerate(items):
        try:
            graph = read_item(item)
        except ValueError as error:
            problems.add(f"{path} item {number}", str(error))
        else:
            yield graph


def read_item(item: Any) -> SceneGraph:
    """The graph of one item.

    Raises:
        ValueError: a key is missing or no text, the caption is empty, or the facts cannot be read.

    Example:
        >>> read_item({"caption": "A dog. It is wet.", "scene_graph": "( dog , is , wet )"}).attributes[0].value
        'wet'
    """
    if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in _KEYS):
        raise ValueError(f"expected an object with the texts {' and '.join(_KEYS)}, found {str(item)[:60]}")
    if not item["caption"].strip():
        raise ValueError("the caption is empty")
    return graph_of(parse_facts(item["scene_graph"]), item["caption"], {})


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Write graphs as one list; what a FACTUAL row cannot hold, this format cannot either, and is a problem.

    Returns:
        How many were written.

    Raises:
        OSError: the file cannot be written.
        ValueError: `problems` is strict, and a graph cannot be held.
    """
    items = []
    for number, graph in enumerate(graphs):
        caption = next((source.text for source in graph.sources if source.modality == "text" and source.text), None)
        try:
            facts = " , ".join(str(fact) for fact in facts_of(graph))
        except ValueError as error:
            problems.add(f"graph {number}", str(error))
            continue
        if caption is None or not facts:
            problems.add(f"graph {number}", "DiscoSG needs a text and a fact, and this graph has not both")
            continue
        items.append(dict(zip(_KEYS, (caption, facts), strict=True)))
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(items, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(items)
