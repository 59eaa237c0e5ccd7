"""Events: decoding of probabilities, the network, its file, and the shipped weights on films of the world."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from video_oracle import Oracle, parse_gold

from usg.graph import SceneGraph
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.video_graph.scores import score_films
from usg.nn import LabelEncoder
from usg.parsers.video.event_batches import batch, probabilities, targets
from usg.parsers.video.event_decoding import Decoding, DetectedEvent, EventProbabilities, alone, decode, stretches
from usg.parsers.video.event_network import EventInput, EventNetwork
from usg.parsers.video.event_settings import EventSizes
from usg.parsers.video.event_training import f1
from usg.parsers.video.events import SHIPPED, LearnedEvents, load_events, save_events
from usg.parsers.video.trajectories import Moment, Trajectories
from usg.world.pixels import LIVELY, sample_film
from usg.world.pixels.events import EVENTS

SMALL = EventSizes(width=8, label_width=4)


def trajectories(n: int, frames: int, seed: int = 0) -> Trajectories:
    rng = np.random.default_rng(seed)
    low = rng.random((n, frames, 2), np.float32) * np.float32(0.5)
    return Trajectories(
        np.concatenate([low, low + np.float32(0.2)], -1), rng.random((n, frames)) < 0.9, ("dog", "cup", "table")[:n]
    )


def test_stretches() -> None:
    decoding = Decoding(threshold=0.5, low=0.5, shortest=2)
    p = np.array([0, 0.3, 0.6, 0.1, 0.6, 0, 0, 0.3, 0.3, 0, 0, 0.9, 0], np.float32)
    assert stretches(p, decoding) == [(1, 5, pytest.approx(0.5))]
    assert stretches(p, Decoding(threshold=0.5, low=0.5, shortest=1))[-1] == (11, 12, pytest.approx(0.9))


def test_the_best_of_one_kind_and_subject_stays() -> None:
    one, two = DetectedEvent(Moment(3, 0, 1, 2, 9), 0.9), DetectedEvent(Moment(3, 0, 2, 4, 12), 0.8)
    later, other = DetectedEvent(Moment(3, 0, 2, 9, 12), 0.7), DetectedEvent(Moment(4, 0, 2, 4, 12), 0.6)
    assert alone([two, other, later, one]) == [one, later, other]


def test_windows_that_are_added_one_after_the_other_are_one_film() -> None:
    rng = np.random.default_rng(0)
    tracks, between = rng.random((2, 40, 3), np.float32), rng.random((2, 40, 7), np.float32)
    pairs = np.array([[0, 1], [1, 0]])
    whole, parts = EventProbabilities(), EventProbabilities()
    whole.add(tracks, between, pairs, Decoding())
    for first in (0, 16, 32):
        cut = slice(first, first + 16)
        parts.add(tracks[:, cut], between[:, cut], pairs, Decoding(), first)
    assert decode(whole, Decoding()) == decode(parts, Decoding()) != []


def test_candidates_keep_no_window_alive() -> None:
    found = EventProbabilities()
    found.add(np.ones((2, 16, 3), np.float32), np.ones((1, 16, 7), np.float32), np.array([[0, 1]]), Decoding())
    parts = [values for stretches in found.parts.values() for _, values in stretches]
    assert len(parts) == 2 * 3 + 7 and all(values.base is None and values.nbytes == 16 * 4 for values in parts)


@torch.no_grad()
def test_probabilities_have_few_shapes_and_these_change_nothing() -> None:
    torch.manual_seed(0)
    network, encoder = EventNetwork(3, 7, SMALL).eval(), LabelEncoder.load()
    shapes = set()

    class Noting(torch.nn.Module):
        def forward(self, given: EventInput) -> tuple[torch.Tensor, torch.Tensor]:
            shapes.add((given.tracks.shape, given.between.shape))
            return network(given)

    for n in (1, 2, 3):
        film = trajectories(n, 12)
        of_tracks, of_pairs, pairs = probabilities(Noting(), film, encoder)  # type: ignore[arg-type]
        tracks, between = (each.sigmoid().numpy() for each in network(batch([film], encoder)))
        assert pairs.tolist() == batch([film], encoder).pairs.tolist()
        np.testing.assert_allclose(of_tracks, tracks, atol=1e-6)
        np.testing.assert_allclose(of_pairs, between, atol=1e-6)
    assert len(shapes) == 2  # without pairs, and with some


@torch.no_grad()
def test_padding_and_neighbours_in_a_batch_change_nothing() -> None:
    torch.manual_seed(0)
    network, encoder = EventNetwork(3, 7, SMALL).eval(), LabelEncoder.load()
    films = [trajectories(3, 9), trajectories(2, 14, 1)]
    of_tracks, of_pairs = network(batch(films, encoder))
    alone_tracks, alone_pairs = network(batch(films[:1], encoder))
    assert torch.allclose(of_tracks[:3, :9], alone_tracks, atol=1e-5)
    assert torch.allclose(of_pairs[:6, :9], alone_pairs, atol=1e-5)


@torch.no_grad()
def test_the_order_of_tracks_changes_nothing() -> None:
    torch.manual_seed(0)
    network, encoder = EventNetwork(3, 7, SMALL).eval(), LabelEncoder.load()
    film = trajectories(3, 9)
    order = [2, 0, 1]
    mixed = Trajectories(film.boxes[order], film.seen[order], tuple(film.labels[i] for i in order))
    given, other = batch([film], encoder), batch([mixed], encoder)
    plain, changed = network(given), network(other)
    assert torch.allclose(plain[0][order], changed[0], atol=1e-5)
    place = {tuple(pair): i for i, pair in enumerate(given.pairs.tolist())}
    rows = [place[order[i], order[j]] for i, j in other.pairs.tolist()]
    assert torch.allclose(plain[1][rows], changed[1], atol=1e-5)


def test_targets_stand_where_events_take_place() -> None:
    films = [trajectories(3, 9), trajectories(2, 9, 1)]
    events = ((Moment(1, 2, -1, 0, 4),), (Moment(5, 1, 0, 3, 7),))
    films = [Trajectories(f.boxes, f.seen, f.labels, e) for f, e in zip(films, events, strict=True)]
    given = batch(films, LabelEncoder.load())
    of_tracks, of_pairs = targets(films, given, 3, 7)
    assert of_tracks.sum() == 4 and of_tracks[2, :4, 1].all()
    row = given.pairs.tolist().index([4, 3])
    assert of_pairs.sum() == 4 and of_pairs[row, 3:7, 2].all()


def test_f1_counts_as_the_evaluation_does() -> None:
    gold = [[Moment(0, 0, -1, 0, 8), Moment(3, 0, 1, 8, 16)]]
    said = [
        [
            DetectedEvent(Moment(0, 0, -1, 1, 8), 0.9),
            DetectedEvent(Moment(3, 0, 2, 8, 16), 0.8),
            DetectedEvent(Moment(3, 0, 1, 8, 11), 0.7),
        ]
    ]
    assert f1(said, gold, EVENTS)["event_f1"] == pytest.approx(0.4)


def test_a_file_of_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, path = EventNetwork(1, 2, SMALL), tmp_path / "e.safetensors"
    told = {"version": "1", "rate": 8.0, "unary": 1, "decoding": {"threshold": 0.4}}
    save_events(network, ("a", "b", "c"), SMALL, told, path)
    again, names, read = load_events(path)
    assert names == ("a", "b", "c") and read == told
    for name, weight in network.state_dict().items():
        assert torch.allclose(weight, again.state_dict()[name], atol=1e-3)
    assert LearnedEvents(path).version == "events 1"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="holds no event network of usg train-parser video"):
        load_events(path)
    with pytest.raises(FileNotFoundError, match="no event network"):
        load_events(tmp_path / "nothing.safetensors")


def test_shipped_weights_are_small_and_say_what_they_are() -> None:
    assert SHIPPED.stat().st_size < 500_000
    _, names, told = load_events(SHIPPED)
    assert names == EVENTS and told["rate"] == 8.0 and told["validation"]["event_f1"] > 0.9


@pytest.fixture(scope="module")
def films() -> list[SceneGraph]:
    """Films of a split that nothing was trained on."""
    return [sample_film("iid", 0, i, priors=LIVELY).graph for i in range(16)]


def figures(films: list[SceneGraph], oracle: Oracle, tracker: str, events: str) -> dict[str, float]:
    said = [scene_of(graph, "video") for graph in parse_gold(films, oracle, tracker=tracker, events=events)]
    protocol = preset("usg-film").changed({"events": EVENTS})
    return score_films(said, [scene_of(graph, "video") for graph in films], protocol).values()


def test_gold_boxes_become_tracks_and_events_of_the_world(films: list[SceneGraph]) -> None:
    ours = figures(films, Oracle(films), "motion", "learned")
    rules = figures(films, Oracle(films), "motion", "rules")
    assert ours["idf1"] >= 0.97 and ours["event_f1"] >= 0.85 and ours["recall_at_100"] >= 0.9
    assert ours["event_f1"] > rules["event_f1"] + 0.2


def test_noise_is_borne_better_than_by_the_baseline(films: list[SceneGraph]) -> None:
    noise = {"jitter": 0.03, "missed": 0.05, "weak": 0.1}
    ours = figures(films, Oracle(films, **noise), "motion", "learned")
    nearest = figures(films, Oracle(films, **noise), "nearest", "learned")
    assert ours["idf1"] >= 0.9 and ours["event_f1"] >= 0.75
    assert ours["idf1"] > nearest["idf1"] + 0.2
