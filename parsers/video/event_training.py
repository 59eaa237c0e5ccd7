"""Training of the event network on films with gold tracks and events.

The loss is binary cross-entropy of every frame, track and pair, summed and divided by the number of frames in which
something happens. What is drawn for an epoch (order, noise) depends on the seed and the epoch alone, so that a run that
goes on after an interruption ends where it would have ended. The decoding threshold is the one with the best F1 on the
validation films.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from usg.files import atomic_path
from usg.nn.label_encoder import LabelEncoder
from usg.parsers.video.event_batches import batch, probabilities, targets
from usg.parsers.video.event_decoding import Decoding, DetectedEvent, EventProbabilities, decode
from usg.parsers.video.event_network import EventInput, EventNetwork
from usg.parsers.video.event_noise import noisy
from usg.parsers.video.event_settings import EventFit, EventSizes
from usg.parsers.video.trajectories import Moment, Trajectories

_THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
_TIOU = 0.5


def fit(
    films: Sequence[Trajectories], kinds: tuple[int, int], sizes: EventSizes, how: EventFit, seed: int, checkpoint: Path
) -> EventNetwork:
    """A trained network.

    Args:
        films: gold.
        kinds: how many events have one participant, and two.
        sizes: of the network.
        how: it is trained.
        seed: of weights, order and noise.
        checkpoint: written after each epoch, and gone on from where it is.
    """
    torch.manual_seed(seed)
    network, encoder = EventNetwork(*kinds, sizes), LabelEncoder.load()
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(how.average)
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=how.learning_rate, weight_decay=how.weight_decay)
    steps = -(-len(films) // how.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, how.learning_rate, total_steps=steps * how.epochs, pct_start=0.05, cycle_momentum=False
    )
    parts: dict[str, Any] = {"network": network, "mean": mean, "optimizer": optimizer, "schedule": schedule}
    done = 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        done = state["epoch"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    words = tuple(sorted({label for film in films for label in film.labels}))
    start = time.process_time()
    for epoch in range(done, how.epochs):
        rng = np.random.default_rng([seed, epoch])
        order, total = rng.permutation(len(films)), 0.0
        for step in range(steps):
            drawn = [
                noisy(films[i], how.noise, words, rng)
                for i in order[step * how.batch_size : (step + 1) * how.batch_size]
            ]
            given = batch(drawn, encoder)
            loss = _loss(network, given, targets(drawn, given, *kinds))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            mean.update_parameters(network)
            total += float(loss.detach())
        with atomic_path(checkpoint) as temporary:
            torch.save({"epoch": epoch + 1, **{name: part.state_dict() for name, part in parts.items()}}, temporary)
        seconds = time.process_time() - start
        print(
            f"epoch {epoch + 1} of {how.epochs}: loss {total / steps:.3f}, {seconds:.0f} CPU s",
            file=sys.stderr,
            flush=True,
        )
    trained = EventNetwork(*kinds, sizes)
    trained.load_state_dict(mean.module.state_dict())
    return trained.eval()


def _loss(network: EventNetwork, given: EventInput, wanted: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    of_tracks, of_pairs = network(given)
    there = given.tracks[..., :1]
    one = F.binary_cross_entropy_with_logits(of_tracks, wanted[0], reduction="none") * there
    two = F.binary_cross_entropy_with_logits(of_pairs, wanted[1], reduction="none") * there[given.pairs[:, 0]]
    return (one.sum() + two.sum()) / (wanted[0].sum() + wanted[1].sum() + 1)


def tune(
    network: EventNetwork, films: Sequence[Trajectories], names: Sequence[str]
) -> tuple[Decoding, dict[str, float]]:
    """The decoding that is best on films, and its figures: F1 of all events, and of each."""
    encoder = LabelEncoder.load()
    said = [probabilities(network, film, encoder) for film in films]
    best, figures = Decoding(), dict[str, float]()
    for threshold in _THRESHOLDS:
        for low in (0.4, 0.6, 0.8, 1.0):
            decoding = replace(Decoding(), threshold=threshold, low=low)
            scores = f1([_decoded(each, decoding) for each in said], [film.events for film in films], names)
            if scores["event_f1"] > figures.get("event_f1", -1.0):
                best, figures = decoding, scores
    return best, figures


def _decoded(said: tuple[np.ndarray, np.ndarray, np.ndarray], decoding: Decoding) -> list[DetectedEvent]:
    candidates = EventProbabilities()
    candidates.add(*said, decoding)
    return decode(candidates, decoding)


def f1(
    said: Sequence[Sequence[DetectedEvent]], true: Sequence[Sequence[Moment]], names: Sequence[str]
) -> dict[str, float]:
    """F1 of events on gold tracks, as usg/metrics/video_graph/events.py has it: `event_f1`, and by name."""
    count = np.zeros((3, len(names)))  # found, said, true
    for ours, gold in zip(said, true, strict=True):
        free = list(gold)
        for one, _ in ours:
            count[1, one.kind] += 1
            near = [(overlap(one, each), each) for each in free if one[:3] == each[:3]]
            if near and max(near)[0] >= _TIOU:
                free.remove(max(near)[1])
                count[0, one.kind] += 1
        for each in gold:
            count[2, each.kind] += 1
    scores = {"event_f1": 2 * count[0].sum() / max(count[1:].sum(), 1)}
    scores |= {name: 2 * count[0, k] / max(count[1:, k].sum(), 1) for k, name in enumerate(names)}
    return {name: round(float(value), 4) for name, value in scores.items()}


def overlap(one: Moment, two: Moment) -> float:
    """The overlap in time of two events."""
    both = max(0, min(one.last, two.last) - max(one.first, two.first))
    return both / (one.last - one.first + two.last - two.first - both)
