"""`usg train-parser video`: trains what reads events off the tracks of films.

    usg train-parser video --config parsers/video_world
    usg train-parser video --config mine.yaml --data train.jsonl --val val.jsonl

Without --data films of the procedural world are drawn first, into `RUN/train.jsonl` and `RUN/val.jsonl`: tracks and
events, no pictures. A run that was killed goes on where it stopped when it is started again; one of other settings is
refused. The result is `RUN/events.safetensors`, for `VideoParser(events=...)` and `usg parse video --events`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.parsers.video.event_settings import EventFit, EventSizes
from usg.provenance import commit

if TYPE_CHECKING:
    from usg.graph.scene_graph import SceneGraph
    from usg.parsers.video.trajectories import Trajectories


@dataclass(frozen=True)
class WorldFilms:
    """Films of the procedural world.

    Attributes:
        quota: so many of each event in those to learn from.
        val: films to validate on.
        seed: of the films.
    """

    quota: int = 500
    val: int = 300
    seed: int = 0


@dataclass(frozen=True)
class VideoTraining:
    """What can be set; see configs/parsers/video_world.yaml.

    Attributes:
        output: the run folder.
        seed: of weights, order and noise.
        data, val: files of graphs; films of the world where empty.
        unary, binary: names of events with one and with two participants.
        rate: frames a second that tracks are brought to.
        world: where no data are named.
        sizes: of the network.
        fit: how it is trained.
    """

    output: str = "runs/parsers/video"
    seed: int = 0
    data: str = ""
    val: str = ""
    unary: tuple[str, ...] = ("enters", "exits", "bounces")
    binary: tuple[str, ...] = (
        "moves to", "approaches", "passes", "falls from", "picks up", "puts on", "collides with",
    )  # fmt: skip
    rate: float = 8.0
    world: WorldFilms = field(default_factory=WorldFilms)
    sizes: EventSizes = field(default_factory=EventSizes)
    fit: EventFit = field(default_factory=EventFit)

    def __post_init__(self) -> None:
        if bool(self.data) != bool(self.val):
            raise ValueError("data and val go together: give both, or neither for films of the world")
        if not self.rate > 0:
            raise ValueError(f"rate is {self.rate} frames a second, expected more than 0")
        names = (*self.unary, *self.binary)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"the events are {', '.join(names) or 'none'}; name each once, and at least one")


def train_video(settings: VideoTraining) -> dict[str, float]:
    """Trains the event network and writes it.

    Args:
        settings: what can be set.

    Returns:
        F1 on the gold tracks of the validation films: `event_f1`, and by event.

    Raises:
        FileNotFoundError: a file that is named is missing.
        ValueError: there is nothing to train on, or the run folder is another training's.
    """
    run = Path(settings.output)
    _claim(run, settings)
    import torch

    from usg.parsers.video.event_training import fit, tune
    from usg.parsers.video.events import save_events

    films, held_out = (_films(settings, name, run) for name in ("train", "val"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        kinds = len(settings.unary), len(settings.binary)
        network = fit(films, kinds, settings.sizes, settings.fit, settings.seed, run / "checkpoint.pt")
        names = (*settings.unary, *settings.binary)
        decoding, scores = tune(network, held_out, names)
    finally:
        torch.set_num_threads(threads)
    weights = b"".join(value.numpy().tobytes() for value in network.state_dict().values())
    metadata = {
        "version": f"0.1.0+{sha256(weights).hexdigest()[:8]}",
        "rate": settings.rate,
        "unary": len(settings.unary),
        "decoding": asdict(decoding),
        "settings": {key: value for key, value in asdict(settings).items() if key not in ("output", "data", "val")},
        "films": len(films),
        "validation": scores,
        "commit": commit(),
    }
    save_events(network, names, settings.sizes, metadata, run / "events.safetensors")
    return scores


def _claim(run: Path, settings: VideoTraining) -> None:
    """Writes down what is trained in a folder; refuses one in which something else is."""
    wanted = {key: value for key, value in json.loads(json.dumps(asdict(settings))).items() if key != "output"}
    file = run / "settings.json"
    if file.is_file():
        was = json.loads(file.read_text(encoding="utf-8"))
        other = [key for key in wanted if was.get(key) != wanted[key]]
        if other:
            raise ValueError(
                f"{run} was trained with other settings ({', '.join(other)}); give another --output, or remove it"
            )
        return
    if any((run / name).exists() for name in ("checkpoint.pt", "events.safetensors")):
        raise ValueError(f"{run} holds a training, but no settings.json; give another --output, or remove it")
    run.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def _films(settings: VideoTraining, split: str, run: Path) -> list[Trajectories]:
    from usg.formats import read_graphs
    from usg.parsers.video.trajectories import NoTracks, from_graph
    from usg.progress import say

    path = settings.data if split == "train" else settings.val
    if not path:
        path = str(run / f"{split}.jsonl")
        if not Path(path).is_file():
            _draw(settings.world, split, Path(path))
    kinds = {name: i for i, name in enumerate((*settings.unary, *settings.binary))}
    films = []
    for number, graph in enumerate(read_graphs(path), 1):
        try:
            films.append(from_graph(graph, settings.rate, kinds))
        except NoTracks as error:
            say(f"{path}: graph {number}: {error}; left out")
    if not any(film.events for film in films):
        raise ValueError(f"{path}: none of its {len(films)} films has one of the events {', '.join(kinds)}")
    return films


def _draw(world: WorldFilms, split: str, path: Path) -> None:
    from usg.graph.serialize import to_json
    from usg.parsers.video.event_films import plain_films, rare_films
    from usg.progress import progress

    train = split == "train"
    films: Iterable[SceneGraph] = (
        rare_films(split, world.seed, world.quota) if train else plain_films(split, world.seed, world.val)
    )
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for graph in progress(films, total=None if train else world.val, label=f"drawing {split} films"):
            file.write(to_json(graph) + "\n")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `usg train-parser video`."""
    top = argparse.ArgumentParser(
        prog="usg train-parser video", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--config", required=True, help="a YAML file, or parsers/video_world, which is shipped")
    top.add_argument(
        "--data", metavar="FILE", help="graphs of films to learn from, in any format that usg convert reads"
    )
    top.add_argument("--val", metavar="FILE", help="graphs that the threshold is chosen on; never trained on")
    top.add_argument("-o", "--output", metavar="DIR", help="the run folder, instead of the configuration's")
    top.add_argument("--seed", type=int, help="instead of the configuration's")
    return top


def main(argv: Sequence[str]) -> int:
    """Trains what reads events off the tracks of films; a run that was killed goes on."""
    args = parser().parse_args(argv)
    from usg.parsers.settings_file import read_settings
    from usg.training.arguments import find_config

    given: dict[str, Any] = {
        name: value for name, value in vars(args).items() if name != "config" and value is not None
    }
    for name in ("data", "val"):
        if name in given and not Path(given[name]).exists():
            raise FileNotFoundError(f"cannot read {given[name]}: there is no such file")
    settings = replace(read_settings(find_config(args.config), VideoTraining()), **given)
    try:
        scores = train_video(settings)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on where it was") from None
    for name, value in scores.items():
        print(f"{name:<16}{100 * value:6.1f}")
    print(
        f"{Path(settings.output) / 'events.safetensors'}: VideoParser(events=...) and usg parse video --events read it"
    )
    return 0
