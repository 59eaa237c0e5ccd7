"""`LearnedEvents`: what happens in a film, read off its tracks by the network that `usg train-parser video` trains.

Tracks are brought to the rate of the weights and read in windows that overlap, so that memory depends on what happens
and not on the length of the film: of a window only the probabilities of what may be an event stay. In a window the
`_MOST` tracks that are seen the most are read, and pairs of which one moves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from usg.files import atomic_path
from usg.parsers.video.event_decoding import Decoding, EventProbabilities, decode
from usg.parsers.video.heads import EventScore
from usg.parsers.video.records import TrackRecord
from usg.parsers.video.trajectories import Floats, Trajectories, on_grid

if TYPE_CHECKING:
    from usg.nn.label_encoder import LabelEncoder
    from usg.parsers.video.event_network import EventNetwork
    from usg.parsers.video.event_settings import EventSizes

SHIPPED = Path(__file__).parents[1] / "weights" / "events" / "events.safetensors"
_WINDOW, _CONTEXT = 64, 24  # frames of a window whose events are read, and read on each side of them
_MOST = 24
_METADATA = "told"  # its key in the header of a file


class LearnedEvents:
    """An event head; see the module docstring.

    Args:
        weights: a file that `usg train-parser video` wrote; the shipped one when None.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds no event network.
    """

    def __init__(self, weights: str | os.PathLike[str] | None = None) -> None:
        path = SHIPPED if weights is None else Path(weights)
        self.network, self.names, self.metadata = load_events(path)
        self.rate: float = self.metadata["rate"]
        self.decoding = Decoding(**self.metadata["decoding"])

    @property
    def version(self) -> str:
        """Name and version."""
        return f"events {self.metadata['version']}"

    @cached_property
    def _encoder(self) -> LabelEncoder:
        from usg.nn.label_encoder import LabelEncoder

        return LabelEncoder.load()

    def events(self, tracks: Sequence[TrackRecord], size: tuple[int, int], seconds: float) -> list[EventScore]:
        """See `usg.parsers.video.heads.EventHead`."""
        length = round(seconds * self.rate)
        candidates = EventProbabilities()
        for first in range(0, length, _WINDOW):
            last = min(first + _WINDOW, length)
            self._read(tracks, size, (max(0, first - _CONTEXT), first, last, min(length, last + _CONTEXT)), candidates)
        found = [
            EventScore(
                self.names[kind], i, None if j < 0 else j, start / self.rate, min(end / self.rate, seconds), score
            )
            for (kind, i, j, start, end), score in decode(candidates, self.decoding)
        ]
        return sorted(found, key=lambda event: (event.start, event.end, event.name))

    def _read(
        self,
        tracks: Sequence[TrackRecord],
        size: tuple[int, int],
        frames: tuple[int, int, int, int],
        candidates: EventProbabilities,
    ) -> None:
        """Adds the probabilities of a window: frames that are read from, kept from, kept to, read to."""
        before, first, last, after = frames
        who, film = window(tracks, size, np.arange(before, after) / self.rate, 1 / self.rate)
        if not who:
            return
        from usg.parsers.video.event_batches import probabilities

        of_tracks, of_pairs, pairs = probabilities(self.network, film, self._encoder)
        cut = slice(first - before, last - before)
        candidates.add(of_tracks[:, cut], of_pairs[:, cut], pairs, self.decoding, first, who)


def window(
    tracks: Sequence[TrackRecord], size: tuple[int, int], times: NDArray[np.float64], step: float
) -> tuple[list[int], Trajectories]:
    """The tracks that are seen in a stretch of time, by their places, and their trajectories in it."""
    width, height = size
    scale = np.array([width, height, width, height], np.float32)
    rows: list[tuple[int, Floats, NDArray[np.bool_]]] = []
    for i, track in enumerate(tracks):
        if track.seconds[0] > times[-1] + step or track.seconds[-1] < times[0] - step:
            continue
        seconds = np.frombuffer(track.seconds, np.float64)
        low, high = np.searchsorted(seconds, [times[0] - step, times[-1] + step])
        if high > low:
            usual = float(np.median(np.diff(seconds[low:high]))) if high - low > 1 else step
            boxes, seen = on_grid(seconds[low:high], track.xyxy()[low:high] / scale, times, max(step, usual))
            if seen.any():
                rows.append((i, boxes, seen))
    rows = sorted(sorted(rows, key=lambda row: -int(row[2].sum()))[:_MOST], key=lambda row: row[0])
    if not rows:
        return [], Trajectories(np.zeros((0, len(times), 4), np.float32), np.zeros((0, len(times)), bool), ())
    film = Trajectories(
        np.stack([row[1] for row in rows]),
        np.stack([row[2] for row in rows]),
        tuple(tracks[row[0]].label for row in rows),
    )
    return [row[0] for row in rows], film


def save_events(
    network: EventNetwork, names: Sequence[str], sizes: EventSizes, metadata: dict[str, Any], path: Path
) -> None:
    """Writes a network with its sizes, the names of its events (those of one participant first) and how it was made.

    Args:
        network: trained.
        names: of the events.
        sizes: of the network.
        metadata: `version`, `rate` (frames a second), `decoding`, `unary` (events of one participant), and more.
        path: of the file.
    """
    from dataclasses import asdict

    from safetensors.torch import save_file

    header = {"events": json.dumps(list(names)), "sizes": json.dumps(asdict(sizes)), _METADATA: json.dumps(metadata)}
    weights = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata=header)


def load_events(path: Path) -> tuple[EventNetwork, tuple[str, ...], dict[str, Any]]:
    """The network of a file, the names of its events and how it was made; see `LearnedEvents`."""
    if not path.is_file():
        raise FileNotFoundError(f"no event network {path}; usg train-parser video writes events.safetensors")
    from safetensors import SafetensorError, safe_open

    from usg.parsers.video.event_network import EventNetwork
    from usg.parsers.video.event_settings import EventSizes

    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        names, sizes, metadata = (json.loads(header[key]) for key in ("events", "sizes", _METADATA))
        network = EventNetwork(metadata["unary"], len(names) - metadata["unary"], EventSizes(**sizes))
        network.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} holds no event network of usg train-parser video: {reason}") from None
    return network.eval(), tuple(names), metadata
