"""Where in a caption the parts of its graph stand, for training.

A graph of FACTUAL says what is there, not which words say so. For each label the spans that could say it are found, in
this order: the same words, the same stems or a number word, the same letters joined ("side walk" for "sidewalk"), a
spelling close to it, words that often stand for it (a table counted over the training captions: "guy" for "man"), its
last known word. Each fact then takes the best and nearest pair of spans that do not overlap; spans of all facts
together must not overlap either. What finds no place is counted and left out.

The result is what the network learns: spans, a *form* for each (how the label follows from the words), and links
between spans labelled with predicates. `is` links an object to its attribute. A fact whose second part has no words of
its own links a span with itself: `is@2` (a pair of dogs) or `@next to` (dogs next to each other).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from usg.graph import SceneGraph
from usg.parsers.text.tokens import NUMBERS, stem

ATTRIBUTE = "is"
_FUNCTION_WORDS = frozenset(
    "a an the of is are in on at to and with . , ' 's there this it his her their for by has have".split()
)
Span = tuple[int, int]
SpokenFor = Mapping[tuple[str, str], int]


@dataclass
class Alignment:
    """A caption's graph on its tokens.

    Attributes:
        tokens: lower-case words.
        spans: `[start, end)` token spans, in order, without overlap.
        labels: what each span is called in the graph.
        links: (span index of subject, of object or attribute) -> predicate.
        missed: facts that found no place.
    """

    tokens: list[str]
    spans: list[Span] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    missed: list[tuple[str, ...]] = field(default_factory=list)


def facts_of(graph: SceneGraph) -> list[tuple[str, ...]]:
    """(object,), (object, "is", value) and (subject, predicate, object), lone objects last."""
    labels = {obj.id: obj.label.lower() for obj in graph.objects}
    found: dict[tuple[str, ...], None] = {}
    for relation in graph.relations:
        found[labels[relation.subject], relation.predicate.lower(), labels[relation.object]] = None
    for attribute in graph.attributes:
        found[labels[attribute.object], ATTRIBUTE, attribute.value.lower()] = None
    stated = {part for fact in found for part in (fact[0], fact[2] if fact[1] != ATTRIBUTE else fact[0])}
    for label in labels.values():
        if label not in stated:
            found[(label,)] = None
    return list(found)


def surface(tokens: Sequence[str]) -> str:
    """Words as a label has them: joined by blanks, without blanks around hyphens and before "'s".

    Example:
        >>> surface(["t", "-", "shirt"]), surface(["fire", "hydrant"]), surface(["king", "'s", "crown"])
        ('t-shirt', 'fire hydrant', "king's crown")
    """
    text = " ".join(tokens)
    for mark in ("-", "/"):
        text = text.replace(f" {mark} ", mark)
    return text.replace(" '", "'")


def candidates(tokens: Sequence[str], label: str, table: SpokenFor | None = None) -> list[tuple[int, Span]]:
    """Spans that may say a label, all of the best rank at which there are any: (rank, span)."""
    length = len(tokens)
    lengths = range(1, min(length, 7) + 1)
    wanted = label.split()
    stems = [stem(word) for word in wanted]
    joined = "".join(wanted).replace("-", "")

    def spans(max_length: int = 7, content: bool = False) -> Iterable[tuple[int, int, Sequence[str]]]:
        for n in lengths:
            if n > max_length:
                return
            for i in range(length - n + 1):
                words = tokens[i : i + n]
                if not (content and (words[0] in _FUNCTION_WORDS or words[-1] in _FUNCTION_WORDS)):
                    yield i, i + n, words

    found = [(0, (i, j)) for i, j, words in spans() if surface(words) == label]
    if found:
        return found
    found = [
        (1, (i, j))
        for i, j, words in spans()
        if [NUMBERS.get(word, word) for word in words] == wanted or [stem(w) for w in surface(words).split()] == stems
    ]
    if found:
        return found
    for i, j, words in spans(3, content=True):
        letters = "".join(words).replace("-", "")
        if letters == joined or (len(joined) > 4 and stem(letters) == stem(joined)):
            found.append((2, (i, j)))
    if found:
        return found
    for i, j, words in spans(3, content=True):
        letters = "".join(words)
        if len(joined) > 3 and len(letters) > 3 and letters[0] == joined[0]:
            least = 0.78 if len(joined) < 6 else 0.8
            if difflib.SequenceMatcher(None, letters, joined).ratio() >= least:
                found.append((3, (i, j)))
    if found:
        return found
    if table:
        for n in (2, 1):
            found = [(4, (i, i + n)) for i in range(length - n + 1) if (surface(tokens[i : i + n]), label) in table]
            if found:
                return found
    for word in reversed(wanted):
        found = [
            (5, (i, i + 1))
            for i, token in enumerate(tokens)
            if token == word or (len(word) > 3 and stem(token) == stem(word))
        ]
        if found:
            return found
    return []


def spoken_for(captions: Iterable[tuple[Sequence[str], Sequence[tuple[str, ...]]]]) -> dict[tuple[str, str], int]:
    """Which words stand for which label, counted where both are left over: ("guy", "man") -> 210."""
    together: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()
    for tokens, facts in captions:
        used: set[int] = set()
        unsaid = []
        for label in {part for fact in facts for part in fact[::2]}:
            found = [span for rank, span in candidates(tokens, label) if rank < 4]
            if not found:
                unsaid.append(label)
            for i, j in found:
                used.update(range(i, j))
        free = {
            surface(tokens[i : i + n])
            for n in (1, 2)
            for i in range(len(tokens) - n + 1)
            if not used.intersection(range(i, i + n))
            and tokens[i] not in _FUNCTION_WORDS
            and tokens[i + n - 1] not in _FUNCTION_WORDS
        }
        alone.update(free)
        together.update((words, label) for words in free for label in unsaid)
    return {pair: n for pair, n in together.items() if n >= 3 and n / alone[pair[0]] >= 0.1}


def align(tokens: Sequence[str], facts: Sequence[tuple[str, ...]], table: SpokenFor) -> Alignment:
    """Places the facts of a graph on the tokens of its caption."""
    result = Alignment(list(tokens))
    known: dict[str, list[tuple[int, Span]]] = {}
    placed: dict[Span, str] = {}
    links: dict[tuple[Span, Span], str] = {}

    def found(label: str) -> list[tuple[int, Span]]:
        if label not in known:
            known[label] = candidates(tokens, label, table)
        return known[label]

    def fits(span: Span, label: str) -> bool:
        if span in placed:
            return placed[span] == label
        return not any(_overlap(span, other) for other in placed)

    def link(subject: Span, other: Span, predicate: str) -> bool:
        if links.get((subject, other), predicate) != predicate:
            return False
        links[subject, other] = predicate
        return True

    late: list[tuple[str, ...]] = []
    # Facts that are said word for word choose their places first.
    for fact in sorted(facts, key=lambda each: sum(min((r for r, _ in found(part)), default=6) for part in each[::2])):
        if len(fact) == 1:
            spans = [span for _, span in found(fact[0]) if fits(span, fact[0])]
            if spans:
                placed[spans[0]] = fact[0]
            else:
                result.missed.append(fact)
            continue
        pair = _best_pair(found(fact[0]), found(fact[2]), fact, fits)
        if pair is None or not link(*pair, fact[1]):
            late.append(fact)
            continue
        placed[pair[0]], placed[pair[1]] = fact[0], fact[2]
    for fact in late:
        subject, predicate, other = fact
        spans = [span for _, span in found(subject) if fits(span, subject)]
        alone = predicate == ATTRIBUTE and not found(other)
        mutual = predicate != ATTRIBUTE and subject == other
        implied = f"{ATTRIBUTE}@{other}" if alone else f"@{predicate}"
        if spans and (alone or mutual) and link(spans[0], spans[0], implied):
            placed[spans[0]] = subject
        else:
            result.missed.append(fact)
    result.spans = sorted(placed)
    index = {span: i for i, span in enumerate(result.spans)}
    result.labels = [placed[span] for span in result.spans]
    result.links = {(index[a], index[b]): predicate for (a, b), predicate in links.items()}
    return result


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _best_pair(
    subjects: list[tuple[int, Span]],
    others: list[tuple[int, Span]],
    fact: tuple[str, ...],
    fits: Callable[[Span, str], bool],
) -> tuple[Span, Span] | None:
    best: tuple[float, float, int, int] | None = None
    pair = None
    for rank, subject in subjects:
        for other_rank, other in others:
            if _overlap(subject, other) or not (fits(subject, fact[0]) and fits(other, fact[2])):
                continue
            distance = abs(subject[0] - other[0])
            cost = float(distance) if fact[1] == ATTRIBUTE else distance + subject[0] / 2
            key = (rank + other_rank, cost, subject[0], other[0])
            if best is None or key < best:
                best, pair = key, (subject, other)
    return pair
