"""FACTUAL CSV: region captions of Visual Genome with textual scene graphs (Li et al., Findings of ACL 2023).

Columns `image_id, region_id, caption, scene_graph`; a row is a line. The graph is a list of facts,

    ( man , ride , horse ) , ( horse , is , brown ) , ( man , is , 2 ) , ( sky )

of which `is` states an attribute, a lone name an object without facts. Names stand for objects: one object a name. In
the *id* variant `dog:1` is a second dog, and predicates carry `v:` (verb) or `pv:` (passive participle, "made of").
Marks are no part of a label: `dog:1` becomes another object labelled "dog", `pv:make of` the predicate "make of", so
that both variants give the same labels. The metadata keeps `{"marks": {relation id: "pv"}}`, and `{"instances": {object
id: 1}}` where an object's number is not its rank among the objects of its label.

A graph read has one text source "caption", whose uri `vg:image/2344605#region/3403001` names the image before the `#`;
digits as a value become an attribute of kind "count" with its number. Where the words of an element occur exactly once
in the caption, and belong to one element only, it is grounded there; FACTUAL itself has no spans. Facts are put in one
order (objects by first mention, relations and attributes by the last object they name), in which they are written too,
so reading what was written gives the same graph.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from usg.files import atomic_path
from usg.formats.csv_rows import read_rows
from usg.formats.factual_facts import Fact, facts_of, parse_facts, ranks_of
from usg.formats.problems import Problems
from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import TextSpan
from usg.graph.scene_graph import SceneGraph
from usg.numerals import NUMERALS

COLUMNS = ("image_id", "region_id", "caption", "scene_graph")

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a file, one a row.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, or its first line does not name the columns.
    """
    # Undecodable bytes become surrogates, so that one bad row does not end the file.
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = file.readline()
        if not header.strip():
            raise ValueError(f"{path} is empty; expected a first line {','.join(COLUMNS)}")
        names = next(csv.reader([header]))
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise ValueError(
                f"{path} is not a FACTUAL CSV: its columns are {', '.join(names)[:80]!r}, without {', '.join(missing)}"
            )
        lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(file, 2))
        for number, row, reason in read_rows(lines, len(names)):
            if row is None:
                problems.add(f"{path}:{number}", reason)
                continue
            try:
                "".join(row).encode()
                graph = read_row(*(dict(zip(names, row, strict=True))[name] for name in COLUMNS))
            except UnicodeEncodeError:
                problems.add(f"{path}:{number}", "not UTF-8")
            except ValueError as error:
                problems.add(f"{path}:{number}", str(error))
            else:
                yield graph


def read_row(image_id: str, region_id: str, caption: str, scene_graph: str) -> SceneGraph:
    """The graph of one row.

    Raises:
        ValueError: the caption is empty, or the facts cannot be read.

    Example:
        >>> graph = read_row("1", "2", "two brown dogs", "( dogs , is , 2 ) , ( dogs , is , brown )")
        >>> [(each.value, each.kind, each.number) for each in graph.attributes]
        [('2', 'count', 2), ('brown', None, None)]
        >>> [graph.objects[0].groundings[0].region.quote("two brown dogs"), graph.sources[0].uri]
        ['dogs', 'vg:image/1#region/2']
    """
    if not caption.strip():
        raise ValueError("the caption is empty")
    metadata = {"image_id": image_id, "region_id": region_id}
    return graph_of(parse_facts(scene_graph), caption, metadata, f"vg:image/{image_id}#region/{region_id}")


def graph_of(facts: Sequence[Fact], caption: str, metadata: Mapping[str, object], uri: str | None = None) -> SceneGraph:
    """The graph of facts about a caption, grounded in those of its words that can be meant once only.

    Args:
        facts: what the graph states.
        caption: the text that they are about.
        metadata: of the graph; marks and instances are added to it.
        uri: of the caption.
    """
    number = {name: i for i, name in enumerate(_in_order(facts))}
    relations = [fact for fact in facts if fact.predicate is not None and not fact.is_attribute]
    attributes = [fact for fact in facts if fact.is_attribute]
    relations.sort(key=lambda fact: max(number[fact.subject], number[fact.other]))
    attributes.sort(key=lambda fact: number[fact.subject])
    words = _Words(caption)
    at = {
        "object": words.find([label for label, _ in number]),
        "attribute": words.find([fact.other[0] for fact in attributes]),
        "relation": words.find([str(fact.predicate) for fact in relations]),
    }
    kept = dict(metadata)
    marks = {f"r{i}": fact.mark for i, fact in enumerate(relations) if fact.mark}
    if marks:
        kept["marks"] = marks
    ranks = ranks_of([label for label, _ in number])
    instances = {f"o{i}": each[1] for i, each in enumerate(number) if each[1] != ranks[i]}
    if instances:
        kept["instances"] = instances
    return SceneGraph(
        sources=(Source("caption", "text", uri=uri, text=caption),),
        objects=tuple(SceneObject(f"o{i}", label, groundings=at["object"][i]) for (label, _), i in number.items()),
        attributes=tuple(
            Attribute(
                f"a{i}",
                f"o{number[fact.subject]}",
                fact.other[0],
                kind="count" if fact.other[0].isdecimal() else None,
                number=int(fact.other[0]) if fact.other[0].isdecimal() else None,
                groundings=at["attribute"][i],
            )
            for i, fact in enumerate(attributes)
        ),
        relations=tuple(
            Relation(
                f"r{i}",
                f"o{number[fact.subject]}",
                str(fact.predicate),
                f"o{number[fact.other]}",
                groundings=at["relation"][i],
            )
            for i, fact in enumerate(relations)
        ),
        metadata=kept,
    )


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Write graphs as rows; the file takes its name when it is whole.

    The format holds labels, attributes, relations and one caption: regions, scores, times, kinds and further sources
    are left out. A graph whose facts would come back as others is not written but a problem: one without a caption,
    with something negated, or with a label that the grammar of facts cannot hold.

    Returns:
        How many were written.

    Raises:
        OSError: the file cannot be written.
        ValueError: `problems` is strict, and a graph cannot be held.
    """
    written = 0
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for number, graph in enumerate(graphs):
            try:
                row = write_row(graph)
            except ValueError as error:
                problems.add(f"graph {number}", str(error))
                continue
            rows.writerow(row)
            written += 1
    return written


def write_row(graph: SceneGraph) -> tuple[str, str, str, str]:
    """The row of one graph.

    Raises:
        ValueError: the format cannot hold the graph.

    Example:
        >>> write_row(read_row("1", "2", "a dog", "( dog )"))
        ('1', '2', 'a dog', '( dog )')
    """
    captions = [source.text for source in graph.sources if source.modality == "text" and source.text]
    if not captions:
        raise ValueError("no text source with a text; FACTUAL rows are about a caption")
    if "\n" in captions[0] or "\r" in captions[0]:
        raise ValueError("the caption has a line break; a FACTUAL row is one line")
    facts = " , ".join(str(fact) for fact in facts_of(graph))
    if not facts:
        raise ValueError("an empty graph; a FACTUAL row has at least one fact")
    return str(graph.metadata.get("image_id", "")), str(graph.metadata.get("region_id", "")), captions[0], facts


def _in_order(facts: Sequence[Fact]) -> list[tuple[str, int]]:
    """Objects (label, instance) by first mention."""
    mentioned: dict[tuple[str, int], None] = {}
    for fact in facts:
        mentioned[fact.subject] = None
        if fact.predicate is not None and not fact.is_attribute:
            mentioned[fact.other] = None
    return list(mentioned)


class _Words:
    """The words of a caption and where they stand."""

    def __init__(self, caption: str) -> None:
        found = list(_WORD.finditer(caption))
        self._words = [match[0].lower() for match in found]
        self._places = [match.span() for match in found]

    def find(self, labels: list[str]) -> list[tuple[Grounding, ...]]:
        """For each label, the grounding in the caption when it occurs once and is asked for once."""
        asked = Counter(labels)
        return [self._once(label) if asked[label] == 1 else () for label in labels]

    def _once(self, label: str) -> tuple[Grounding, ...]:
        wanted = [word.lower() for word in _WORD.findall(label)]
        places = self._occurrences(wanted)
        if not places and label.isdecimal() and int(label) < len(NUMERALS):
            places = self._occurrences([NUMERALS[int(label)]])
        if not wanted or len(places) != 1:
            return ()
        return (Grounding("caption", TextSpan((places[0],))),)

    def _occurrences(self, wanted: list[str]) -> list[tuple[int, int]]:
        n = len(wanted)
        starts = [i for i in range(len(self._words) - n + 1) if self._words[i : i + n] == wanted]
        return [(self._places[i][0], self._places[i + n - 1][1]) for i in starts]
