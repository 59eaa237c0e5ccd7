"""Functional programs over a scene graph, and the interpreter that answers them.

A program is a sequence of steps; each names a function, the steps it takes its inputs from, and its word arguments, as
in CLEVR (Johnson et al., 2017, section 3.2) but over any `SceneGraph`. The last step gives the answer. What the graph
does not say is false. Types are checked before a step runs:

    scene                       -> set       filter(kind, value), filter_label(label):   set -> set
    unique             set      -> object    relate(predicate, end), same(kind):      object -> set
    union, intersect   set, set -> set       count: set -> integer     exist: set -> boolean
    query(kind)        object   -> value     equal(kind): object, object -> boolean
    greater, less, equal_integer:   integer, integer -> boolean

`relate(predicate, "subject")` gives the subjects of the relations whose object is the input ("what is on the table"),
`relate(predicate, "object")` the objects of those whose subject it is ("what is the cup on"). The kind "label" stands
for the object's label in `query`, `same` and `equal`. Sets are bit masks over the objects in the order of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name

LABEL = "label"
NO_KIND = "attribute"
"""Stands for the kind of an attribute that has none."""

Answer: TypeAlias = str


class ProgramError(ValueError):
    """A program that is wrong in itself, or that has no answer on this graph (a `unique` of none or of several)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `function(*arguments)` applied to the results of the steps numbered `inputs`."""

    function: str
    inputs: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the step as JSON."""
        return {"function": self.function, "inputs": list(self.inputs), "arguments": list(self.arguments)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Step:
        """Reads what `to_dict` wrote."""
        return cls(value["function"], tuple(value["inputs"]), tuple(value["arguments"]))


Program: TypeAlias = tuple[Step, ...]


class View:
    """A scene graph as bit masks: bit i stands for the i-th object that is not negated.

    Args:
        graph: any scene graph; negated elements are left out.
        inverse: predicates that mean each other with the ends swapped; relations are then read both ways.
    """

    def __init__(self, graph: SceneGraph, inverse: Mapping[str, str] | None = None) -> None:
        self.ids = [obj.id for obj in graph.objects if not obj.negated]
        self.bit = {name: i for i, name in enumerate(self.ids)}
        self.everything = (1 << len(self.ids)) - 1
        self.values: list[dict[str, tuple[str, ...]]] = [{} for _ in self.ids]
        self.masks: dict[tuple[str, str], int] = {}
        self.relations: list[tuple[int, str, int]] = []
        for obj in graph.objects:
            if obj.id in self.bit:
                self._add(self.bit[obj.id], LABEL, obj.label)
        for attribute in graph.attributes:
            if attribute.object in self.bit and not attribute.negated:
                self._add(self.bit[attribute.object], attribute.kind or NO_KIND, attribute.value)
        for relation in graph.relations:
            if relation.subject in self.bit and relation.object in self.bit and not relation.negated:
                subject, other = self.bit[relation.subject], self.bit[relation.object]
                self.relations.append((subject, relation.predicate, other))
                if inverse and relation.predicate in inverse:
                    self.relations.append((other, inverse[relation.predicate], subject))
        self._related: dict[tuple[str, str, int], int] = {}
        for subject, predicate, other in self.relations:
            key, back = (predicate, "subject", other), (predicate, "object", subject)
            self._related[key] = self._related.get(key, 0) | 1 << subject
            self._related[back] = self._related.get(back, 0) | 1 << other

    def _add(self, i: int, kind: str, value: str) -> None:
        self.values[i][kind] = (*self.values[i].get(kind, ()), value)
        self.masks[kind, value] = self.masks.get((kind, value), 0) | 1 << i

    def value(self, i: int, kind: str) -> str:
        """Returns the one value that object i has of a kind.

        Raises:
            ProgramError: if it has none or several.
        """
        values = self.values[i].get(kind, ())
        if len(values) != 1:
            raise ProgramError(f"object {self.ids[i]!r} has {len(values)} values of kind {kind!r}, expected one")
        return values[0]

    def having(self, kind: str, value: str) -> int:
        """Returns the set of objects that have a value."""
        return self.masks.get((kind, value), 0)

    def related(self, i: int, predicate: str, end: str) -> int:
        """Returns the set of objects at `end` of the relations whose other end is object i."""
        return self._related.get((predicate, end, i), 0)


def members(mask: int) -> Iterator[int]:
    """Yields the numbers of the objects of a set, ascending.

    >>> list(members(0b101))
    [0, 2]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _unique(view: View, objects: int) -> int:
    if objects.bit_count() != 1:
        raise ProgramError(f"unique: {objects.bit_count()} objects fit the description, expected one")
    return objects.bit_length() - 1


def _relate(view: View, i: int, predicate: str, end: str) -> int:
    if end not in ("subject", "object"):
        raise ProgramError(unknown_name("end of a relation", end, ("subject", "object")))
    return view.related(i, predicate, end)


def _same(view: View, i: int, kind: str) -> int:
    return view.having(kind, view.value(i, kind)) & ~(1 << i)


# name -> (types of the inputs, number of word arguments, type of the result, what it does)
FUNCTIONS: dict[str, tuple[tuple[str, ...], int, str, Callable[..., Any]]] = {
    "scene": ((), 0, "set", lambda view: view.everything),
    "filter": (("set",), 2, "set", lambda view, s, kind, value: s & view.having(kind, value)),
    "filter_label": (("set",), 1, "set", lambda view, s, label: s & view.having(LABEL, label)),
    "unique": (("set",), 0, "object", _unique),
    "relate": (("object",), 2, "set", _relate),
    "same": (("object",), 1, "set", _same),
    "union": (("set", "set"), 0, "set", lambda view, a, b: a | b),
    "intersect": (("set", "set"), 0, "set", lambda view, a, b: a & b),
    "count": (("set",), 0, "integer", lambda view, s: s.bit_count()),
    "exist": (("set",), 0, "boolean", lambda view, s: s != 0),
    "query": (("object",), 1, "value", lambda view, i, kind: view.value(i, kind)),
    "equal": (("object", "object"), 1, "boolean", lambda view, i, j, kind: view.value(i, kind) == view.value(j, kind)),
    "greater": (("integer", "integer"), 0, "boolean", lambda view, a, b: a > b),
    "less": (("integer", "integer"), 0, "boolean", lambda view, a, b: a < b),
    "equal_integer": (("integer", "integer"), 0, "boolean", lambda view, a, b: a == b),
}


def check(program: Sequence[Step]) -> None:
    """Checks names, numbers of arguments, order and types.

    Raises:
        ProgramError: at the first fault, naming the step.
    """
    if not program:
        raise ProgramError("the program is empty: give at least one step")
    for number, step in enumerate(program):
        if step.function not in FUNCTIONS:
            raise ProgramError(f"step {number}: {unknown_name('function', step.function, FUNCTIONS)}")
        expected, arguments, _, _ = FUNCTIONS[step.function]
        if any(not 0 <= i < number for i in step.inputs):
            raise ProgramError(f"step {number} ({step.function}): inputs {step.inputs} must be earlier steps")
        given = tuple(FUNCTIONS[program[i].function][2] for i in step.inputs)
        if given != expected:
            raise ProgramError(f"step {number} ({step.function}): inputs are {given}, expected {expected}")
        if len(step.arguments) != arguments:
            words = len(step.arguments)
            raise ProgramError(f"step {number} ({step.function}): {words} arguments, expected {arguments}")


def run(program: Sequence[Step], view: View) -> Any:
    """Runs a checked program and returns the last result as it is: a mask, a number, a boolean or a word."""
    results: list[Any] = []
    for step in program:
        inputs = [results[i] for i in step.inputs]
        results.append(FUNCTIONS[step.function][3](view, *inputs, *step.arguments))
    return results[-1]


def answer(program: Iterable[Step | Mapping[str, Any]], graph: SceneGraph) -> Answer:
    """Answers a program on a graph with one word: yes, no, a number, a label or a value.

    Args:
        program: steps, or the dictionaries that `Step.to_dict` gives.
        graph: any scene graph.

    Raises:
        ProgramError: if the program is ill-typed, ends in objects, or refers to what is not there exactly once.

    >>> from usg.graph.elements import Relation, SceneObject
    >>> from usg.graph.scene_graph import SceneGraph
    >>> graph = SceneGraph(objects=(SceneObject("m", "man"), SceneObject("c", "cup")),
    ...                    relations=(Relation("r", "m", "holding", "c"),))
    >>> answer([Step("scene"), Step("filter_label", (0,), ("man",)), Step("unique", (1,)),
    ...         Step("relate", (2,), ("holding", "object")), Step("count", (3,))], graph)
    '1'
    """
    steps = tuple(step if isinstance(step, Step) else Step.from_dict(step) for step in program)
    check(steps)
    return to_word(steps, run(steps, View(graph)))


def to_word(program: Sequence[Step], result: Any) -> Answer:
    """Writes a result as the answer word."""
    kind = FUNCTIONS[program[-1].function][2]
    if kind in ("set", "object"):
        raise ProgramError(f"the last step ({program[-1].function}) gives {kind}, expected a value, number or boolean")
    return ("yes" if result else "no") if kind == "boolean" else str(result)


def depth(program: Iterable[Step]) -> int:
    """Returns the number of hops: relate and same steps."""
    return sum(step.function in ("relate", "same") for step in program)
