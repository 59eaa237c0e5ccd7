"""`VideoParser`: a film, or any number of them, to scene graphs with tracks and times.

The frames that are looked at (usg/parsers/video/sampling.py) go through the image parser in batches; a tracker
(usg/parsers/video/tracking.py) says which region is which thing; what is said of a thing or a pair frame by frame
becomes spans (usg/parsers/video/smoothing.py); an event head (usg/parsers/video/events.py) says what happens from the
tracks. Frames are let go of as soon as they are parsed: memory grows with what is found and not with the film.

**The threshold** is the image parser's, and means the same here: the least score of whatever is in the graph. Regions
that score less, down to a fifth of it, are used to go on with tracks, and for nothing else.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np

from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.detector import Detector
from usg.parsers.image.loading import uri_of
from usg.parsers.image.parser import Failure, ImageParser, Seen, reason_of
from usg.parsers.video.build import SOURCE, film_graph, kept_tracks
from usg.parsers.video.frames import RATE, FilmReader, Frame, VideoError, open_film
from usg.parsers.video.heads import EventHead
from usg.parsers.video.names import make_events, make_tracker
from usg.parsers.video.records import Noted, Records
from usg.parsers.video.sampling import Sampling, sampled

T = TypeVar("T")
Path: TypeAlias = str | os.PathLike[str]

PARSER = "usg.video"
"""What the sources of graphs name as their parser."""

_LOW = 0.2  # of the threshold
_FORGET = 2.0  # seconds after which what is said of a lost track is closed; more than a tracker waits ...
_AFTER = 4  # ... behind so many frames, as a tracker waits for two however far apart, and one is not noted yet
_USUAL = 25.0  # frames a second of a film of one frame that does not say


class VideoParser:
    """Parses films to scene graphs.

    Args:
        images: the image parser that reads frames, a detector for one, or its name; see `ImageParser`.
        sampling: which frames are looked at; all when None.
        tracker: "motion", or "nearest", the baseline (usg/parsers/video/tracking.py).
        events: an event head or its name: "learned", "rules", a file of `usg train-parser video`; no events when None.
        masks: keep the masks that the detector gives; they are most of a graph.
        batch_size: frames that the detector reads together.
        rate: frames a second of folders of pictures.

    Raises:
        ValueError, LookupError, FileNotFoundError, TypeError: as `ImageParser`, or there is no such tracker or head.

    Example:
        >>> import tempfile, pathlib
        >>> from PIL import Image
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for i in range(8):
        ...     frame = Image.new("RGB", (64, 48), "white")
        ...     frame.paste("red", (4 * i, 16, 4 * i + 16, 32))
        ...     frame.save(folder / f"{i}.png")
        >>> graph = VideoParser("setok", events=None)(folder)
        >>> type(graph.objects[0].groundings[0].region).__name__, graph.sources[0].duration
        ('Track', 1.0)
    """

    def __init__(
        self,
        images: ImageParser | Detector | str | os.PathLike[str] | None = None,
        *,
        sampling: Sampling | None = None,
        tracker: str = "motion",
        events: EventHead | str | None = "learned",
        masks: bool = True,
        batch_size: int = 8,
        rate: float = RATE,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected at least 1")
        if not rate > 0:
            raise ValueError(f"rate is {rate} frames a second, expected more than 0")
        make_tracker(tracker)  # a wrong name is an error now
        self.images = images if isinstance(images, ImageParser) else ImageParser(images)
        self.sampling = Sampling() if sampling is None else sampling
        self.tracker, self.events = tracker, make_events(events)
        self.masks, self.batch_size, self.rate = masks, batch_size, rate

    def __repr__(self) -> str:
        return f"VideoParser({self.version!r}, threshold={self.images.threshold})"

    @property
    def version(self) -> str:
        """What stands as `parser_version` in the source of every graph: the names and versions of the parts."""
        parts = [self.images.version, f"{self.tracker} tracker"]
        return " + ".join(parts if self.events is None else [*parts, self.events.version])

    def __call__(self, path: str | os.PathLike[str], *, uri: str | None = None) -> SceneGraph:
        """The scene graph of one film.

        Args:
            path: a video file, an animated picture, or a folder of pictures.
            uri: of the source; the path when None.

        Raises:
            VideoError: the film cannot be read, none of its frames can be parsed, or the event head fails on it.
        """
        film = open_film(path, rate=self.rate)
        try:
            return self._parse(film, os.fspath(path), uri or uri_of(path))
        finally:
            film.close()

    @overload
    def pipe(
        self,
        paths: Iterable[Path],
        *,
        as_tuples: Literal[False] = ...,
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[SceneGraph]: ...

    @overload
    def pipe(
        self,
        paths: Iterable[tuple[Path, T]],
        *,
        as_tuples: Literal[True],
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[tuple[SceneGraph, T]]: ...

    def pipe(
        self, paths: Iterable[Any], *, as_tuples: bool = False, on_error: Callable[[int, str], None] | None = None
    ) -> Iterator[Any]:
        """The scene graph of each film, in order, one after the other.

        Args:
            paths: as for a call, or pairs of one and anything with `as_tuples`.
            as_tuples: take pairs (path, context) and give pairs (graph, context).
            on_error: called with the number of a film, from 0, that cannot be parsed, and the reason, before its graph,
                which then has no objects, is given; without it such a film raises.

        Yields:
            A graph for each film.

        Raises:
            VideoError: a film cannot be parsed and there is no `on_error`.
        """
        for number, item in enumerate(paths):
            path = item[0] if as_tuples else item
            try:
                graph = self(path)
            except VideoError as error:
                if on_error is None:
                    raise
                on_error(number, str(error))
                graph = SceneGraph((self._source(None, uri_of(path)),))
            yield (graph, item[1]) if as_tuples else graph

    def _parse(self, film: FilmReader, name: str, uri: str | None) -> SceneGraph:
        threshold = self.images.threshold
        records, tracker = Records(threshold, self.masks), make_tracker(self.tracker)
        frames, failed, shot, now, usual = 0, list[str](), 0, -1.0, self._usual(film)
        tracked = deque[float](maxlen=_AFTER)  # seconds of the last frames that the tracker saw
        held: Noted | None = None  # a frame is shown until the next one, whose time its notes wait for
        stream = sampled(film, self.sampling)
        while batch := list(islice(stream, self.batch_size)):
            for frame, seen in zip(batch, self._seen(batch, name), strict=True):
                if now >= 0:
                    usual = frame.seconds - now
                now = frame.seconds
                if held is not None:
                    records.add(held, now - held.seconds)
                    held = None
                if isinstance(seen, Failure):
                    failed.append(seen.reason)
                    continue
                if frame.shot != shot:
                    shot = frame.shot
                    tracker.cut()
                confident = int(np.count_nonzero(seen.found.scores >= threshold))
                numbers = tracker.update(seen.found, confident, frame.seconds)
                tracked.append(frame.seconds)
                held = Noted(frame.number, frame.seconds, seen, numbers, confident)
                frames += 1
            if tracked:
                records.forget(tracked[0] - _FORGET)
        if not frames:
            raise VideoError(failed[0] if failed else f"{name}: no frame to look at")
        if held is not None:
            rest = (film.duration or 0.0) - now
            records.add(held, min(usual, rest) if rest > 0 else usual)
        records.close()
        tracks = kept_tracks(records, threshold, frames)
        size, length = (film.width, film.height), max(records.last, 0.0)
        metadata: dict[str, Any] = {"frames": frames}
        if film.broken:
            metadata["incomplete"] = film.broken
        if failed:
            metadata["failed_frames"] = f"{len(failed)}, the first: {failed[0].removeprefix(f'{name}: ')}"
        try:
            happened = [] if self.events is None or not tracks else self.events.events(tracks, size, length)
            return film_graph(records, tracks, happened, self._source(film, uri), threshold, metadata)
        except ImportError:  # a missing package is not the film's fault
            raise
        except Exception as error:  # a head failed, or said what no graph can hold
            raise VideoError(f"{name}: {self.version}: {reason_of(error)}") from error

    def _usual(self, film: FilmReader) -> float:
        """Seconds for which a frame is shown, before two frames tell."""
        if self.sampling.count and film.duration:
            return film.duration / self.sampling.count
        return 1 / (self.sampling.fps or film.fps or _USUAL)

    def _seen(self, batch: list[Frame], name: str) -> list[Seen | Failure]:
        names = [f"{name}: frame {frame.number}" for frame in batch]
        return self.images.examine([frame.image for frame in batch], names, least=_LOW * self.images.threshold)

    def _source(self, film: FilmReader | None, uri: str | None) -> Source:
        source = Source(SOURCE, "video", uri=uri, parser=PARSER, parser_version=self.version)
        if film is None:
            return source
        fps = None if film.fps is None else round(film.fps, 6)
        duration = None if film.duration is None else round(film.duration, 6)
        return replace(source, width=film.width, height=film.height, duration=duration, fps=fps)
