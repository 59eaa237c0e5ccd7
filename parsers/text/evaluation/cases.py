"""Hand-checked cases: what must be in the graph of a text, and what must not.

A file of cases is JSONL, a case a line:

    {"number": 2, "type": "passive without agent", "caption": "A motorcycle is parked in the lot.",
     "must": ["motorcycle , park in|be park in , lot|parking lot"], "must_not": ["* , is , parking"]}

    number, type   of the case; the captions of one number are right together or not at all
    must           facts of which each is asserted
    must_not       facts of which none is asserted, but those that `must` names
    negated        facts of which each is in the graph and negated, or is about a thing that is
    nodes          "dog: large, black": different nodes of that label, each with its own values and not another's
    paraphrase     another text, whose graph asserts the same facts

A fact is written as FACTUAL writes it: `thing`, `thing , is , value`, `subject , predicate , object`; `|` stands
between what a part may be, `*` for anything, ` or ` between facts that are equally good. Graphs are compared as in
usg/metrics/facts.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import permutations
from pathlib import Path
from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.metrics import Facts, facts_of
from usg.metrics.facts import normalised

Fact = tuple[str, ...]
_LISTS = ("must", "must_not", "negated", "nodes")


@dataclass(frozen=True, slots=True)
class Case:
    """One case; see the module for the language of facts.

    Raises:
        ValueError: there is nothing that must be in the graph, or a fact cannot be read.
    """

    number: int
    type: str
    caption: str
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    paraphrase: str | None = None

    def __post_init__(self) -> None:
        if not self.must and not self.nodes:
            raise ValueError("neither must nor nodes: an empty graph would be right; say what must be there")
        for pattern in (*self.must, *self.must_not, *self.negated):
            _alternatives(pattern)
        for node in self.nodes:
            _node(node)


def matches(pattern: str, fact: Fact) -> bool:
    """Whether a fact, as a label tuple, is what the pattern describes.

    Raises:
        ValueError: the pattern cannot be read.

    >>> matches("dogs|dog , is , 2", ("dogs", "2")), matches("dog or cat , * , mat", ("cat", "on", "mat"))
    (True, True)
    """
    return any(
        len(parts) == len(fact) and all("*" in part or name in part for part, name in zip(parts, fact, strict=True))
        for parts in _alternatives(pattern)
    )


def check(case: Case, graph: SceneGraph, paraphrase: SceneGraph | None = None) -> list[str]:
    """What is wrong with the graph of a case.

    Args:
        case: the case.
        graph: of its caption.
        paraphrase: of its paraphrase; not compared when absent.

    Returns:
        A line for each fault; none when the graph is right.

    >>> from usg.graph import Relation, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("a", "people"), SceneObject("b", "snow"), SceneObject("c", "skis")],
    ...     relations=[Relation("r", "b", "on", "c")],
    ... )
    >>> check(Case(33, "attachment", "...", ("people , on , skis",), ("snow , on , skis",)), graph)
    ['missing: people , on , skis', 'wrong: snow , on , skis']
    """
    facts = facts_of(graph).all
    wrong = [f"missing: {pattern}" for pattern in case.must if not any(matches(pattern, fact) for fact in facts)]
    wrong += [
        f"wrong: {_written(fact)}"
        for fact in sorted(facts)
        if any(matches(pattern, fact) for pattern in case.must_not)
        and not any(matches(pattern, fact) for pattern in case.must)
    ]
    denied = _negated_facts(graph)
    wrong += [f"not negated: {each}" for each in case.negated if not any(matches(each, fact) for fact in denied)]
    if case.nodes and not _has_nodes(graph, [_node(node) for node in case.nodes]):
        wrong.append(f"no such nodes: {'; '.join(case.nodes)}")
    if paraphrase is not None:
        other = facts_of(paraphrase).all
        wrong += [f"in the paraphrase only: {_written(fact)}" for fact in sorted(other - facts)]
        wrong += [f"not in the paraphrase: {_written(fact)}" for fact in sorted(facts - other)]
    return wrong


@dataclass(frozen=True)
class CaseReport:
    """Cases and what is wrong with the graph of each."""

    cases: tuple[Case, ...]
    faults: tuple[tuple[str, ...], ...]

    @property
    def numbers(self) -> dict[int, bool]:
        """Number -> whether all its cases are right."""
        right: dict[int, bool] = {}
        for case, faults in zip(self.cases, self.faults, strict=True):
            right[case.number] = right.get(case.number, True) and not faults
        return right

    @property
    def right(self) -> int:
        """How many numbers are right."""
        return sum(self.numbers.values())

    def to_text(self) -> str:
        """A line for each case, and under it what is wrong."""
        lines = []
        for case, faults in zip(self.cases, self.faults, strict=True):
            lines.append(f"{'WRONG' if faults else 'right':<7}{case.number:>3}  {case.type}: {case.caption}")
            lines += [f"{'':12}{fault}" for fault in faults]
        return "\n".join([*lines, f"{self.right} of {len(self.numbers)} right"])

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        items = [
            {"number": case.number, "type": case.type, "caption": case.caption, "faults": list(faults)}
            for case, faults in zip(self.cases, self.faults, strict=True)
        ]
        return {"right": self.right, "n": len(self.numbers), "cases": items}


def run_cases(cases: Sequence[Case], parse: Callable[[list[str]], Iterable[SceneGraph]]) -> CaseReport:
    """Parses the texts of cases and checks their graphs.

    Args:
        cases: the cases.
        parse: gives the graphs of texts, in order.
    """
    texts = [text for case in cases for text in (case.caption, case.paraphrase) if text is not None]
    graphs = iter(parse(texts))
    faults = []
    for case in cases:
        graph = next(graphs)
        faults.append(tuple(check(case, graph, None if case.paraphrase is None else next(graphs))))
    return CaseReport(tuple(cases), tuple(faults))


def read_cases(path: str | Path) -> list[Case]:
    """The cases of a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is no case, or there is none.
    """
    cases = []
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                cases.append(_case(json.loads(line)))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error
    if not cases:
        raise ValueError(f"{path} has no case; expected one a line, as JSON")
    return cases


def _case(data: Any) -> Case:
    known = {field.name for field in fields(Case)}
    if not isinstance(data, dict) or not {"number", "type", "caption"} <= data.keys() <= known:
        raise ValueError(f"no case; expected number, type, caption and any of {', '.join(sorted(known))}, no other")
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise ValueError(f"{name} is {value!r}, expected a list of texts")
            values[name] = tuple(value)
        elif type(value) is not (int if name == "number" else str) or value == "":
            raise ValueError(f"{name} is {value!r}, expected {'a whole number' if name == 'number' else 'a text'}")
        else:
            values[name] = value
    return Case(**values)


def _alternatives(pattern: str) -> list[list[list[str]]]:
    """Facts, their parts, and what each part may be; an attribute's `is` is left out, as in label tuples."""
    found = []
    for fact in pattern.split(" or "):
        parts = [[name.strip() for name in part.split("|")] for part in fact.split(" , ")]
        if len(parts) not in (1, 3) or not all(all(part) for part in parts):
            raise ValueError(f"{fact!r} is no fact; write thing or thing , is , value or subject , predicate , object")
        found.append([parts[0], parts[2]] if len(parts) == 3 and parts[1] == ["is"] else parts)
    return found


def _negated_facts(graph: SceneGraph) -> frozenset[Fact]:
    """What is negated, or is about a thing that is."""
    label = {thing.id: thing.label for thing in graph.objects}
    denied = {thing.id for thing in graph.objects if thing.negated}
    things = Facts.from_tuples((label[id],) for id in denied)
    rest = Facts.from_tuples(
        [
            *((label[each.object], each.value) for each in graph.attributes if each.negated or each.object in denied),
            *(
                (label[each.subject], each.predicate, label[each.object])
                for each in graph.relations
                if each.negated or denied & {each.subject, each.object}
            ),
        ]
    )
    return things.objects | rest.attributes | rest.relations


def _node(text: str) -> tuple[list[str], list[list[str]]]:
    """Labels and, for each value, what it may be."""
    label, colon, values = text.partition(":")
    if not label.strip() or not colon:
        raise ValueError(f"{text!r} describes no node; write label: value, value")
    listed = [[name.strip() for name in value.split("|")] for value in values.split(",") if value.strip()]
    return [name.strip() for name in label.split("|")], listed


def _has_nodes(graph: SceneGraph, wanted: list[tuple[list[str], list[list[str]]]]) -> bool:
    """Whether different nodes can be found for all that are wanted."""
    things = [thing for thing in graph.objects if not thing.negated]
    label = {thing.id: normalised(thing.label) for thing in things}
    values = {
        thing.id: {
            value
            for _, value in Facts.from_tuples(
                (thing.label, each.value) for each in graph.attributes_of(thing.id) if not each.negated
            ).attributes
        }
        for thing in things
    }

    def fits(id: str, place: int) -> bool:
        labels, own = wanted[place]
        others = {name for i, (_, theirs) in enumerate(wanted) if i != place for value in theirs for name in value}
        allowed = {name for value in own for name in value}
        has = values[id]
        return label[id] in labels and all(has & set(value) for value in own) and not has & (others - allowed)

    candidates = [id for id in label if any(label[id] in labels for labels, _ in wanted)]
    return any(all(map(fits, chosen, range(len(wanted)))) for chosen in permutations(candidates, len(wanted)))


def _written(fact: Fact) -> str:
    return " , ".join((fact[0], "is", fact[1]) if len(fact) == 2 else fact)
