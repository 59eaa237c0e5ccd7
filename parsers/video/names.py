"""Trackers and event heads by name, without importing what they need."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from usg.names import unknown_name
from usg.parsers.image.names import NO_HEAD
from usg.parsers.names import resolve
from usg.parsers.video.heads import EventHead
from usg.parsers.video.tracking import TRACKERS, MotionTracker, NearestTracker

EVENTS: dict[str, str] = {
    "learned": "usg.parsers.video.events.LearnedEvents",
    "rules": "usg.parsers.video.event_rules.RuleEvents",
}
"""Event heads by short name; a file .safetensors of `usg train-parser video` and a dotted path name one too."""


def make_tracker(name: str) -> MotionTracker | NearestTracker:
    """A tracker by its name.

    Raises:
        LookupError: there is none of that name.

    >>> make_tracker("neareast")
    Traceback (most recent call last):
    LookupError: unknown tracker 'neareast'; did you mean 'nearest'? Known: motion, nearest
    """
    if name not in TRACKERS:
        raise LookupError(unknown_name("tracker", name, TRACKERS))
    return TRACKERS[name]()


def make_events(head: EventHead | str | None) -> EventHead | None:
    """An event head by its name; "none" is no head, and None and an object that is one stay as they are.

    Raises:
        LookupError: there is none of that name.
        FileNotFoundError: there is no such file.
        ValueError: the file holds no event network, or there is nothing at the dotted path.
    """
    if not isinstance(head, str):
        return head
    if head == NO_HEAD:
        return None
    if head.endswith(".safetensors"):
        from usg.parsers.video.events import LearnedEvents

        return LearnedEvents(Path(head))
    return cast(EventHead, resolve("event head", head, EVENTS)[1]())
