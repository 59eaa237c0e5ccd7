"""`VideoParser`: tracks, spans, labels and values of a film; its sources; what goes wrong; memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from video_clips import SIDE, Red, square, write

from usg.graph import Box, Mask, SceneObject, TimeSpan, Track, TrackPoint
from usg.graph.rle import encode_mask
from usg.parsers.image import Detections, ImageParser
from usg.parsers.image.detector import nothing
from usg.parsers.image.heads import AttributeScore, RelationScore
from usg.parsers.video import Sampling, VideoError, VideoParser
from usg.parsers.video.heads import EventScore
from usg.parsers.video.records import Noted, Records, TrackRecord


class Scripted:
    """Detector and heads whose answers for frame t, told by the red square's place, are given."""

    version = "scripted"

    def __init__(self, frames: Sequence[tuple[Detections, Sequence[AttributeScore], Sequence[RelationScore]]]) -> None:
        self._frames, self._now = frames, -1

    def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
        """One frame at a time."""
        assert len(images) == 1
        self._now += 1
        return [self._frames[self._now][0]]

    def attributes(self, images: Sequence[Any], found: Sequence[Detections]) -> list[Sequence[AttributeScore]]:
        """Of the frame that was detected last."""
        return [self._frames[self._now][1]]

    def relations(self, images: Sequence[Any], found: Sequence[Detections]) -> list[Sequence[RelationScore]]:
        """Of the frame that was detected last."""
        return [self._frames[self._now][2]]


class Whole:
    """An event head: the first track is there from the beginning to the end, and meets the second."""

    version = "whole"

    def events(self, tracks: Sequence[TrackRecord], size: tuple[int, int], seconds: float) -> list[EventScore]:
        """Two, and one that scores too little."""
        assert size == (64, 48)
        return [
            EventScore("stays", 0, None, 0.0, seconds, 0.8),
            EventScore("meets", 0, 1, 0.25, 0.5, 0.7),
            EventScore("leaves", 1, None, 0.25, 0.5, 0.4),
        ]


def scripted(script: Scripted, **settings: Any) -> VideoParser:
    return VideoParser(
        ImageParser(script, attributes=script, relations=script), batch_size=1, **{"events": None, **settings}
    )


def two(labels: str, scores: tuple[float, float] = (0.9, 0.8)) -> Detections:
    return Detections([[2, 2, 12, 12], [30, 20, 50, 40]], scores, labels.split())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write(tmp_path / "a.mp4", square(12))


def test_a_track_with_its_boxes_and_times(clip: Path) -> None:
    detector = Red()
    graph = VideoParser(detector, events=None)(clip)
    (source,) = graph.sources
    assert (source.modality, source.uri, source.width, source.height) == ("video", str(clip), 64, 48)
    assert (source.fps, source.duration, source.parser) == (8.0, 1.5, "usg.video")
    assert source.parser_version == "red + motion tracker"
    (thing,) = graph.objects
    assert thing.label == "square" and thing.score == 0.9
    (grounding,) = thing.groundings
    assert isinstance(grounding.region, Track) and grounding.source == "video"
    for i, point in enumerate(grounding.region.points):
        assert (point.frame, point.seconds) == (i, i / 8) and isinstance(point.region, Box)
        assert abs(point.region.x0 - (4 + 3 * i)) <= 1 and abs(point.region.x1 - (4 + 3 * i + SIDE)) <= 1
    assert graph.metadata == {"frames": 12, "events": []}
    assert detector.batches == [8, 4]


def test_frames_that_are_passed_over_keep_their_numbers(clip: Path) -> None:
    graph = VideoParser(Red(), events=None, sampling=Sampling(fps=2))(clip)
    track = graph.objects[0].groundings[0].region
    assert isinstance(track, Track)
    assert [(point.frame, point.seconds) for point in track.points] == [(0, 0.0), (4, 0.5), (8, 1.0)]
    assert graph.metadata["frames"] == 3


def test_the_label_is_voted_for_and_relations_get_spans(clip: Path) -> None:
    on = [RelationScore(0, "left of", 1, 0.9)]
    frames = [(two("cat dog"), (), on)] * 3 + [(two("fox dog", (0.85, 0.8)), (), [])] + [(two("cat dog"), (), on)] * 3
    frames += [(two("cat dog"), (), [])] * 5
    graph = scripted(Scripted(frames))(clip)
    assert [thing.label for thing in graph.objects] == ["cat", "dog"]
    assert graph.objects[0].score == pytest.approx(11 * 0.9 / 12)
    (relation,) = graph.relations
    assert (relation.subject, relation.predicate, relation.object) == ("o0", "left of", "o1")
    assert relation.time == TimeSpan(0.0, 0.875) and relation.groundings[0].region == relation.time
    assert relation.score == pytest.approx(6 * 0.9 / 7)


def test_a_frame_is_shown_until_the_next_one_and_the_last_until_the_end(tmp_path: Path) -> None:
    """In a film of a variable rate: what holds in the frames before a long pause holds in the pause, not behind it."""
    clip = write(tmp_path / "a.mkv", square(8), stamps=[0, 100, 200, 300, 5000, 5100, 5200, 5300])
    on = [RelationScore(0, "left of", 1, 0.95)]
    graph = scripted(Scripted([(two("cat dog"), (), on)] * 4 + [(two("cat dog"), (), [])] * 4))(clip)
    assert [relation.time for relation in graph.relations] == [TimeSpan(0.0, 5.0)]
    late = scripted(Scripted([(two("cat dog"), (), [])] * 4 + [(two("cat dog"), (), on)] * 4))(clip)
    assert [relation.time and relation.time.start for relation in late.relations] == [5.0]
    assert late.relations[0].time is not None and late.relations[0].time.end <= (late.sources[0].duration or 0)


def test_a_relation_of_what_is_hidden_for_a_while_goes_on_however_far_apart_frames_are(tmp_path: Path) -> None:
    clip = write(tmp_path / "a.mkv", square(8), stamps=[5000 * i for i in range(8)])
    on = (two("cat dog"), (), [RelationScore(0, "left of", 1, 0.9)])
    graph = scripted(Scripted([on] * 3 + [(nothing(), (), [])] * 2 + [on] * 3))(clip)
    assert [(relation.time and relation.time.start) for relation in graph.relations] == [0.0]


def test_constant_values_have_no_time_and_changes_have(clip: Path) -> None:
    def told(state: str) -> list[AttributeScore]:
        return [
            AttributeScore(0, "red", "colour", 0.9), AttributeScore(1, state, "state", 0.95),
            AttributeScore(0, "shiny", None, 0.9), AttributeScore(0, "new", None, 0.9),
        ]  # fmt: skip

    frames = [(two("cup box"), told("open" if i < 6 else "closed"), ()) for i in range(12)]
    graph = scripted(Scripted(frames))(clip)
    values = {(each.object, each.kind, each.value): each.time for each in graph.attributes}
    assert values == {
        ("o0", "colour", "red"): None,
        ("o0", None, "shiny"): None,
        ("o0", None, "new"): None,
        ("o1", "state", "open"): TimeSpan(0.0, 0.75),
        ("o1", "state", "closed"): TimeSpan(0.75, 1.5),
    }


def test_events_are_told_as_relations_and_actions(clip: Path) -> None:
    graph = scripted(Scripted([(two("cat dog"), (), ())] * 12), events=Whole())(clip)
    (action,) = graph.attributes
    assert (action.value, action.kind, action.object, action.time) == ("stays", "action", "o0", TimeSpan(0.0, 1.5))
    (relation,) = graph.relations
    assert (relation.predicate, relation.time, relation.score) == ("meets", TimeSpan(0.25, 0.5), 0.7)
    assert graph.metadata["events"] == [relation.id, action.id] or graph.metadata["events"] == [action.id, relation.id]
    assert graph.sources[0].parser_version == "scripted + scripted + scripted + motion tracker + whole"


def test_what_is_there_for_one_frame_is_left_out(clip: Path) -> None:
    ghost = Detections([[2, 2, 12, 12], [30, 20, 50, 40], [50, 2, 60, 12]], [0.9, 0.8, 0.7], ["cat", "dog", "ghost"])
    frames = [(two("cat dog"), (), ())] * 5 + [(ghost, (), ())] + [(two("cat dog"), (), ())] * 6
    assert [thing.label for thing in scripted(Scripted(frames))(clip).objects] == ["cat", "dog"]
    single = scripted(Scripted(frames), sampling=Sampling(count=1))(clip)
    assert [thing.label for thing in single.objects] == ["cat", "dog"]


def test_a_film_of_one_frame_is_told_as_a_picture_is(tmp_path: Path) -> None:
    clip = write(tmp_path / "a.mp4", square(1), rate=25)
    said = (two("cat dog"), [AttributeScore(0, "red", "colour", 0.6)], [RelationScore(0, "left of", 1, 0.6)])
    graph = scripted(Scripted([said]))(clip)
    assert [(each.value, each.time) for each in graph.attributes] == [("red", None)]
    assert [(each.predicate, each.time) for each in graph.relations] == [("left of", TimeSpan(0.0, 0.04))]
    long = scripted(Scripted([said]), sampling=Sampling(count=1))(write(tmp_path / "b.mp4", square(12)))
    assert len(long.attributes) == len(long.relations) == 1


def test_masks_are_a_second_track_unless_they_are_not_wanted(clip: Path) -> None:
    flags = np.zeros((48, 64), bool)
    flags[2:12, 2:12] = True
    found = Detections([[2, 2, 12, 12]], [0.9], ["cat"], masks=[encode_mask(flags)])
    graph = scripted(Scripted([(found, (), ())] * 12))(clip)
    boxes, masks = (grounding.region for grounding in graph.objects[0].groundings)
    assert isinstance(boxes, Track) and isinstance(masks, Track) and isinstance(masks.points[0].region, Mask)
    assert [point.frame for point in masks.points] == [point.frame for point in boxes.points]
    assert len(scripted(Scripted([(found, (), ())] * 12), masks=False)(clip).objects[0].groundings) == 1


def test_nothing_is_tracked_over_a_cut(tmp_path: Path) -> None:
    images = square(12, step=0)
    images[6:, :10], images[6:, 30:] = 40, 40
    clip = write(tmp_path / "a.mp4", images)
    assert len(VideoParser(Red(), events=None)(clip).objects) == 1
    cut = VideoParser(Red(), events=None, sampling=Sampling(shots=True))(clip)
    assert [len(thing.groundings[0].region.points) for thing in cut.objects] == [6, 6]  # type: ignore[union-attr]


def test_a_batch_goes_on_after_films_that_are_none(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    told: dict[int, str] = {}
    parser = VideoParser(Red(), events=None)
    graphs = list(parser.pipe([clip, tmp_path / "text.mp4", clip], on_error=told.__setitem__))
    assert [len(graph.objects) for graph in graphs] == [1, 0, 1]
    assert graphs[1].sources[0].uri == str(tmp_path / "text.mp4") and list(told) == [1]
    with pytest.raises(VideoError, match=r"text\.mp4: no video that FFmpeg reads"):
        list(parser.pipe([tmp_path / "text.mp4"]))


def test_frames_on_which_the_detector_fails(clip: Path) -> None:
    class Failing(Red):
        def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
            found = super().detect(images, threshold)
            if any(each.boxes[0, 0] > 26.5 for each in found):
                raise ValueError("too far to the right")
            return found

    graph = VideoParser(Failing(), events=None)(clip)
    assert graph.metadata["frames"] == 8
    assert graph.metadata["failed_frames"] == "4, the first: frame 8: red: too far to the right"

    class Never(Red):
        def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
            raise ValueError("out of order")

    with pytest.raises(VideoError, match=r"a\.mp4: frame 0: red: out of order"):
        VideoParser(Never(), events=None)(clip)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (RuntimeError("no tracks"), "RuntimeError: no tracks"),
        (None, r"relations\[0\] 'r0': object 'o7' is not an object"),
    ],
)
def test_an_event_head_that_fails_takes_no_other_film_with_it(clip: Path, fault: Exception | None, reason: str) -> None:
    class Failing(Whole):
        def events(self, tracks: Sequence[TrackRecord], size: tuple[int, int], seconds: float) -> list[EventScore]:
            if fault is not None:
                raise fault
            return [EventScore("meets", 0, 7, 0.25, 0.5, 0.7)]

    told: dict[int, str] = {}
    parser = VideoParser(Red(), events=Failing())
    assert [len(graph.objects) for graph in parser.pipe([clip, clip], on_error=told.__setitem__)] == [0, 0]
    assert list(told) == [0, 1]
    with pytest.raises(VideoError, match=rf"a\.mp4: red \+ motion tracker \+ whole: .*{reason}"):
        parser(clip)


def test_no_objects(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "white").save(tmp_path / "a.png")
    graph = VideoParser(Red(), events="rules")(tmp_path)
    assert not graph.objects and graph.sources[0].duration == 0.125


def test_frames_are_let_go_of(tmp_path: Path) -> None:
    """However long the film, no more pictures are alive than a batch and those that are being read."""
    import gc
    import weakref

    clip = write(tmp_path / "a.mp4", square(80, width=300))
    alive: list[weakref.ref[Any]] = []
    most = 0

    class Counting(Red):
        def detect(self, images: Sequence[Any], threshold: float) -> list[Detections]:
            nonlocal most
            alive.extend(weakref.ref(image) for image in images)
            gc.collect()
            most = max(most, sum(ref() is not None for ref in alive))
            return super().detect(images, threshold)

    VideoParser(Counting(), events=None, batch_size=4)(clip)
    assert len(alive) == 80 and most <= 8


def test_what_becomes_no_object_is_dropped_and_what_stays_is_kept_once(tmp_path: Path) -> None:
    """A long film of flickers that are related to what is there: a track and a span of each are alive for a while."""
    clip = write(tmp_path / "a.mp4", square(200))
    near = [RelationScore(0, "near", 1, 0.99)]
    flicker = Detections([[2, 2, 12, 12], [30, 20, 50, 40]], [0.9, 0.8], ["cat", "dog"])
    frames = [(flicker if i % 40 == 5 else flicker.select([0]), (), near if i % 40 == 5 else []) for i in range(200)]
    records = [Records(0.5, True)]
    most = 0

    class Watched(Records):
        def __init__(self, threshold: float, masks: bool) -> None:
            super().__init__(threshold, masks)
            records[0] = self

        def add(self, noted: Noted, dt: float) -> None:
            nonlocal most
            super().add(noted, dt)
            most = max(most, len(self.tracks))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("usg.parsers.video.parser.Records", Watched)
        graph = scripted(Scripted(frames))(clip)
    assert [(thing.label, len(points(thing))) for thing in graph.objects] == [("cat", 200)] and not graph.relations
    assert most == 2 and records[0].links == []
    assert len({id(point.region.x0) for point in points(graph.objects[0]) if isinstance(point.region, Box)}) == 1


def test_a_track_that_the_tracker_waits_for_is_not_dropped(tmp_path: Path) -> None:
    """Frames seconds apart, then many a second: what is seen again after the wait is the same thing."""
    clip = write(tmp_path / "a.mkv", square(5), stamps=[0, 10_000, 10_040, 10_080, 10_120])
    frames = [(two("cat dog") if i in (0, 2) else two("cat dog").select([0]), (), []) for i in range(5)]
    graph = scripted(Scripted(frames))(clip)
    assert [[point.frame for point in points(thing)] for thing in graph.objects] == [[0, 1, 2, 3, 4], [0, 2]]


def points(thing: SceneObject) -> tuple[TrackPoint, ...]:
    region = thing.groundings[0].region
    assert isinstance(region, Track)
    return region.points


def test_wrong_settings() -> None:
    with pytest.raises(LookupError, match="unknown tracker 'moton'; did you mean 'motion'"):
        VideoParser(Red(), events=None, tracker="moton")
    with pytest.raises(LookupError, match="unknown event head 'lerned'; did you mean 'learned'"):
        VideoParser(Red(), events="lerned")
    with pytest.raises(ValueError, match="batch_size is 0"):
        VideoParser(Red(), events=None, batch_size=0)
    with pytest.raises(ValueError, match="rate is 0"):
        VideoParser(Red(), events=None, rate=0)
