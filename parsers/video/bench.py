"""`usg bench video`: frames per CPU second, stage by stage and as a whole, and memory against the length of a film.

    decode        the file to pictures; beside ours PyAV alone, the floor
    detect        pictures to regions, in batches; beside ours an RT-DETR as in `usg bench image`
    attributes, relations    regions to what is said of them, where the image parser has such heads
    track         regions to tracks; beside ours the tracker that takes the nearest box
    whole parse   the file to a graph
    memory        in a process of its own, the whole parse of the film once, four times and sixteen times over

All on one thread; seconds are CPU seconds. A film of 25 frames a second is parsed faster than it plays by the frames a
second over 25.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from usg.heap import keep_large_buffers
from usg.parsers.benchmark import cpu, in_fresh_process, options_of, peak_after, positive, report, rows_of, timed_rows

if TYPE_CHECKING:
    from usg.parsers.image.detector import Detections, Detector

_TIMES = (1, 4, 16)  # of the film's length, for memory


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench video`; the options are those of `measure`."""
    parser = options_of("video", __doc__, "frames", 256, 8)
    parser.add_argument("--detector", metavar="D", help="as for usg parse video, like the next")
    parser.add_argument("--events", metavar="E", default="learned", help="an event head (default: learned)")
    options = parser.parse_args(argv)
    keep_large_buffers()  # as usg parse video does
    rows = measure(
        options.n,
        rounds=options.rounds,
        batch_size=options.batch_size,
        detector=options.detector,
        events=options.events,
    )
    report(rows, "frames", "usg bench video", argv, options.json)
    return 0


def measure(
    n: int = 256,
    *,
    rounds: int = 5,
    batch_size: int = 8,
    detector: str | None = None,
    events: str = "learned",
) -> list[dict[str, Any]]:
    """Times every stage on a film of the world.

    Args:
        n: its frames; films of the world follow each other in it.
        rounds: rounds of which the median is taken.
        batch_size: frames that the detector reads together.
        detector: of frames, by name; the default when None.
        events: the event head, by name.

    Returns:
        Rows `{"case", "system", "seconds", "per_second" (frames), "ratio", "peak_mib"}`.

    Raises:
        ValueError: a number is not positive, or a part of that name cannot be had.
    """
    from usg.parsers.image.bench import detected, head_cases, peers, seen_by
    from usg.parsers.video.frames import open_film
    from usg.parsers.video.names import make_tracker
    from usg.parsers.video.parser import VideoParser

    positive("usg bench video", {"-n": n, "--rounds": rounds, "--batch-size": batch_size})
    parser = VideoParser(detector, events=events, batch_size=batch_size)
    images = parser.images
    with tempfile.TemporaryDirectory() as folder:
        file = world_film(n, Path(folder) / "film.mp4")
        frames = [(frame.image, frame.seconds) for frame in open_film(file)]
        pictures = [image for image, _ in frames]
        detectors = {"usg": images.detector, **peers(max(pictures[0].size), like=images.detector)}

        def detecting(one: Detector) -> Callable[[], float]:
            return lambda: cpu(lambda: detected(one, pictures, batch_size, images.threshold))

        seen = seen_by(images, pictures, batch_size)

        def tracking(name: str) -> Callable[[], float]:
            return lambda: cpu(lambda: _track(make_tracker(name), seen, frames))

        cases: dict[str, dict[str, Callable[[], float]]] = {
            "decode": {
                "usg": lambda: cpu(lambda: [frame.image for frame in open_film(file)]),
                "PyAV alone": lambda: cpu(lambda: _decode(file)),
            },
            f"detect, batches of {batch_size}": {name: detecting(each) for name, each in detectors.items()},
        }
        cases |= head_cases(images, pictures, seen, batch_size)
        cases["track"] = {"usg": tracking(parser.tracker), "nearest": tracking("nearest")}
        cases["whole parse"] = {"usg": lambda: cpu(lambda: parser(file))}
        rows = timed_rows(cases, rounds, len(frames), "frames")
        for times in _TIMES:
            longer = world_film(times * n, Path(folder) / f"{times}.mp4")
            seconds, peak = in_fresh_process(_parse_fresh, str(longer), detector, events, batch_size)
            rows += rows_of(f"{times * n} frames, memory", {"usg": seconds}, times * n, {"usg": peak})
    return rows


def world_film(n: int, path: Path) -> Path:
    """A file of n frames: films of the world one after the other, over again where there are not enough."""
    from usg.world.pixels import sample_film
    from usg.world.pixels.videos import write_film

    films: list[Any] = []
    while len(films) < 20 and sum(map(len, films)) < n:
        films.append(sample_film("iid", 0, len(films)).images)
    frames = np.concatenate(films)
    write_film(frames[np.arange(n) % len(frames)], path, "mp4")
    return path


def _track(tracker: Any, found: Sequence[Detections], frames: Sequence[tuple[Any, float]]) -> None:
    for each, (_, seconds) in zip(found, frames, strict=True):
        tracker.update(each, len(each), seconds)


def _decode(file: Path) -> None:
    import av

    with av.open(str(file)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def _parse_fresh(file: str, detector: str | None, events: str, batch_size: int) -> tuple[float, float]:
    """CPU seconds of a parse, and the most MiB that the process had."""
    from usg.parsers.video.parser import VideoParser

    keep_large_buffers()
    parser = VideoParser(detector, events=events, batch_size=batch_size)
    taken: list[float] = []
    peak = peak_after(lambda: taken.append(cpu(lambda: parser(file))))
    return taken[0], peak


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
