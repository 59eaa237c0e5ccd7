"""Captions composed of the phrases of others, in constructions that short captions lack, with the graphs that follow.

FACTUAL's captions average six words; descriptions and COCO captions have clauses, coordinated verbs and ditransitives.
Training captions are cut into a subject and what is said of it (usg/parsers/text/clauses.py), and put together anew:

    two_verbs        a man riding a horse and holding a rope         one subject of both
    two_subjects     a dog and a small cat watching a bird           what is said holds of both
    relative         a man who is riding a horse holds a rope        what follows the clause is said of the man
    having           a tower that has a clock is surrounded by trees
    whose            a woman whose hat is red is eating
    object_relative  the sandwich that a boy is holding is fresh     the boy holds it
    within           two giraffes sharing a branch that a bird is eating
    object_place     a man blowing out candles on a cake             the candles are on the cake
    states           the leaves are wet and the ground is muddy
    predicate_noun   the bathroom is a mess with towels              mess is a property
    ditransitive     a boy feeding a horse a whole apple             the boy feeds both
    inversion        on a desk sits a keyboard

(Data recombination for semantic parsing: Jia and Liang, ACL 2016.)
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from usg.parsers.text.align import ATTRIBUTE
from usg.parsers.text.augment import ARTICLES
from usg.parsers.text.batches import Example
from usg.parsers.text.clauses import (
    SUBJECT,
    Clause,
    Thing,
    clause,
    cut,
    is_place,
    predicate_of_subject,
    with_subject,
    without_article,
)
from usg.parsers.text.finite import finite
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.network import OUTSIDE

T = TypeVar("T")

_TRIES = 20
WAYS = (
    "two_verbs",
    "two_subjects",
    "two_subjects",
    "relative",
    "having",
    "whose",
    "object_relative",
    "within",
    "object_place",
    "object_place",
    "states",
    "predicate_noun",
    "ditransitive",
    "inversion",
)
_GIVING = {"giving": "give", "feeding": "feed", "showing": "show", "handing": "hand", "throwing": "throw"}
_BETWEEN = (("and",), ("while",), (",",), (",", "and"))


class Recombination:
    """Composes captions of the phrases of others.

    Args:
        examples: captions with gold graphs.
        inventory: of the predicates that they number.
    """

    def __init__(self, examples: Sequence[Example], inventory: Inventory) -> None:
        number = {predicate: i for i, predicate in enumerate(inventory.predicates)}
        self._have, self._attribute = number.get("have"), number.get(ATTRIBUTE)
        self._known = {word for each in examples for word in each.tokens}
        self._giving = {word: number[verb] for word, verb in _GIVING.items() if verb in number}
        self._clauses = [found for found in (clause(each, self._attribute) for each in examples) if found is not None]
        self._by_kind = {
            kind: [each for each in self._clauses if each.kind == kind] for kind in ("verb", "state", "place")
        }
        self._adjectives = [
            each
            for each in self._by_kind["state"]
            if len(each.said.spans) == 1 and each.said.spans[0] == (0, len(each.said.tokens))
        ]
        self._transitive = [(each, thing) for each in self._clauses if (thing := each.transitive) is not None]
        self._places = [each for each in self._clauses if is_place(each, self._known)]
        self._by_name: dict[str, list[Clause]] = {}
        self._places_of: dict[str, list[Clause]] = {}
        for each in self._clauses:
            self._by_name.setdefault(each.subject.name, []).append(each)
            if each.kind == "place":
                self._places_of.setdefault(each.subject.name, []).append(each)

    def compose(self, rng: random.Random, longest: int, ways: Sequence[str] = WAYS) -> Example | None:
        """A caption of at most `longest` words; None where the examples have not the phrases for it."""
        for _ in range(_TRIES):
            caption = _Caption(rng, self._known)
            try:
                getattr(self, rng.choice(ways))(caption)
            except _NoPhraseError:
                continue
            if len(caption.tokens) <= longest:
                return caption.example()
        return None

    def _any(self, caption: _Caption) -> Clause:
        return caption.choice(self._by_kind[caption.choice(("verb", "verb", "place", "state"))])

    def two_verbs(self, caption: _Caption) -> None:
        """Two things said of one subject."""
        one = caption.choice(self._clauses)
        other = caption.choice(self._by_kind["verb"])
        subject = caption.thing(one.subject)
        copula = one.kind != "verb" or caption.chance(0.5)
        if copula:
            caption.say(one.subject.is_)
        caption.put(one.said, subject)
        caption.say(*caption.choice(_BETWEEN))
        caption.put(other.said, subject)

    def two_subjects(self, caption: _Caption) -> None:
        """One thing said of two subjects, some of them of one name."""
        one, other = self._any(caption), self._any(caption)
        if caption.chance(0.3):
            namesake = caption.choice(self._by_name[one.subject.name])
            other = replace(other, subject=namesake.subject)
        first = caption.thing(one.subject)
        caption.say("and")
        second = caption.thing(other.subject)
        if other.kind != "verb" or caption.chance(0.5):
            caption.say("are")
        caption.put(other.said, first, second)

    def relative(self, caption: _Caption) -> None:
        """A clause about the subject before what is said of it."""
        one = self._any(caption)
        subject = caption.thing(one.subject)
        clause = caption.choice(self._by_kind[caption.choice(("verb", "verb", "place"))])
        caption.say(caption.choice(("that", "who")))
        caption.predicate(clause, subject, one.subject.is_, bare=False)
        if caption.chance(0.7):
            caption.predicate(one, subject, one.subject.is_)

    def having(self, caption: _Caption) -> None:
        """What the subject has, before what is said of it."""
        one, other = self._any(caption), self._any(caption)
        subject = caption.thing(one.subject)
        have = ("has",) if one.subject.is_ == "is" else ("have",)
        caption.say(caption.choice(("that", "which")), *have)
        caption.link(subject, caption.thing(other.subject), _number(self._have))
        caption.predicate(one, subject, one.subject.is_)

    def whose(self, caption: _Caption) -> None:
        """How something of the subject is, mostly before what is said of it."""
        one, other = self._any(caption), caption.choice(self._adjectives)
        subject = caption.thing(one.subject)
        caption.say("whose")
        thing = caption.thing(without_article(other.subject))
        caption.link(subject, thing, _number(self._have))
        caption.say(other.subject.is_)
        caption.put(other.said, thing)
        if caption.chance(0.8):
            caption.predicate(one, subject, one.subject.is_)

    def object_relative(self, caption: _Caption) -> None:
        """What someone does to the subject, before what is said of it."""
        (doing, thing), one = caption.choice(self._transitive), self._any(caption)
        acted_on = caption.thing(thing)
        self._gap(caption, doing, acted_on)
        if caption.chance(0.7):
            caption.predicate(one, acted_on, thing.is_)

    def within(self, caption: _Caption) -> None:
        """What someone does to the object."""
        (one, thing), (doing, _) = caption.choice(self._transitive), caption.choice(self._transitive)
        self._gap(caption, doing, self._acting(caption, one, thing))

    def object_place(self, caption: _Caption) -> None:
        """Where the object is, not the subject."""
        one, thing = caption.choice(self._transitive)
        place = caption.choice(self._places_of.get(thing.name) or self._by_kind["place"])
        caption.put(place.said, self._acting(caption, one, place.subject))

    def _acting(self, caption: _Caption, one: Clause, thing: Thing) -> int:
        """Who does what to the thing, with its verb in one of its forms; gives the number of the thing."""
        subjects = [caption.thing(one.subject)]
        plural = one.subject.is_ == "are"
        if caption.chance(0.25):
            caption.say("and")
            subjects.append(caption.thing(caption.choice(self._transitive)[0].subject))
            plural = True
        verb, lot = one.said.tokens[0], caption.rng.random()
        if lot < 0.4:
            caption.say("are" if plural else "is")
        caption.say(caption.form(verb, plural) if lot > 0.7 else verb)
        acted_on = caption.thing(thing)
        for subject in subjects:
            caption.link(subject, acted_on, predicate_of_subject(one))
        return acted_on

    def _gap(self, caption: _Caption, doing: Clause, acted_on: int) -> None:
        caption.say("that")
        subject = caption.thing(doing.subject)
        caption.say(doing.subject.is_, doing.said.tokens[0])
        caption.link(subject, acted_on, predicate_of_subject(doing))

    def states(self, caption: _Caption) -> None:
        """How two things are."""
        for number in (0, 1):
            one = caption.choice(self._by_kind["state"])
            subject = caption.thing(one.subject)
            caption.say(one.subject.is_)
            caption.put(one.said, subject)
            if number == 0:
                caption.say(*caption.choice((("and",), ("and",), ("while",), (",", "and"))))

    def predicate_noun(self, caption: _Caption) -> None:
        """What the subject is, mostly before what else is said of it."""
        one, noun = self._any(caption), caption.choice(self._clauses).subject
        if len(noun.words.spans) > 1 or noun.is_ == "are":
            raise _NoPhraseError("a noun with properties of its own")
        subject = caption.thing(one.subject)
        caption.say(one.subject.is_, "a")
        caption.link(subject, caption.thing(without_article(noun)), _number(self._attribute))
        if one.kind != "state" and caption.chance(0.8):
            caption.put(one.said, subject)

    def inversion(self, caption: _Caption) -> None:
        """The place first and the subject last."""
        one = caption.choice(self._places)
        verb = one.kind == "verb"
        place = caption.put(cut(one.said, int(verb), len(one.said.tokens)))
        plural = one.subject.is_ == "are"
        caption.say(caption.form(one.said.tokens[0], plural) if verb else one.subject.is_)
        subject = caption.thing(one.subject)
        for (_, j), predicate in with_subject(one.said).items():
            caption.link(subject, j + place, predicate)

    def ditransitive(self, caption: _Caption) -> None:
        """Someone gives something to someone."""
        one, other, third = (caption.choice(self._clauses).subject for _ in range(3))
        subject = caption.thing(one)
        if caption.chance(0.5):
            caption.say(one.is_)
        word = caption.choice(list(self._giving))
        caption.say(word)
        for thing in (other, third):
            # Without an article or number the two would be one name.
            if thing.is_ == "is" and thing.words.tokens[0] not in ARTICLES:
                caption.say("a")
            caption.link(subject, caption.thing(thing), self._giving[word])


class _NoPhraseError(Exception):
    """The examples have not the phrases that a construction needs."""


class _Caption:
    """A caption that is being composed."""

    def __init__(self, rng: random.Random, known: Collection[str]) -> None:
        self.rng, self._known = rng, known
        self.tokens: list[str] = []
        self._tags: list[int] = []
        self._spans: list[tuple[int, int]] = []
        self._forms: list[int] = []
        self._links: dict[tuple[int, int], int] = {}

    def choice(self, among: Sequence[T]) -> T:
        if not among:
            raise _NoPhraseError
        return self.rng.choice(among)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def say(self, *words: str) -> None:
        """Words that are outside all spans."""
        self.tokens += words
        self._tags += [OUTSIDE] * len(words)

    def thing(self, thing: Thing) -> int:
        """A noun phrase; gives the number of its head."""
        return self.put(thing.words) + thing.head

    def put(self, words: Example, *subjects: int) -> int:
        """Words of which the subjects are subjects; gives the number of their first span."""
        start, first = len(self.tokens), len(self._spans)
        self.tokens += words.tokens
        self._tags += words.tags
        self._spans += [(i + start, j + start) for i, j in words.spans]
        self._forms += words.forms
        for (i, j), predicate in words.links.items():
            if i == j == SUBJECT and len(subjects) > 1:
                raise _NoPhraseError("what is said of several with each other is not said of each")
            for subject in subjects if SUBJECT in (i, j) else (SUBJECT,):
                a, b = (subject if k == SUBJECT else k + first for k in (i, j))
                self.link(a, b, predicate)
        return first

    def link(self, subject: int, other: int, predicate: int) -> None:
        self._links[subject, other] = predicate

    def predicate(self, clause: Clause, subject: int, is_: str, *, bare: bool = True) -> None:
        """What a clause says: with the copula, as a finite verb, or, where it may be `bare`, as a participle."""
        finite = self.form(clause.said.tokens[0], is_ == "are") if clause.kind == "verb" else None
        lot = self.rng.random()
        if finite is not None and lot < 0.35:
            self.put(replace(clause.said, tokens=(finite, *clause.said.tokens[1:])), subject)
            return
        if clause.kind != "verb" or not bare or lot < 0.75:
            self.say(is_)
        self.put(clause.said, subject)

    def form(self, participle: str, plural: bool) -> str:
        """The finite form of a verb in -ing where it is a known word, else the verb as it is."""
        return finite(participle, plural, self._known) or participle

    def example(self) -> Example:
        """The caption."""
        return Example(tuple(self.tokens), tuple(self._tags), tuple(self._spans), tuple(self._forms), dict(self._links))


def _number(predicate: int | None) -> int:
    if predicate is None:
        raise _NoPhraseError("a predicate that the examples never say")
    return predicate
