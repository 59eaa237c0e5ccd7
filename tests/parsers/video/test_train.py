"""`usg train-parser video`: a small run, an interruption, one's own data, and settings that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from usg.graph import SceneGraph
from usg.graph.serialize import to_json
from usg.parsers.settings_file import read_settings
from usg.parsers.video.event_films import bare, rare_films
from usg.parsers.video.event_settings import EventFit, EventSizes
from usg.parsers.video.events import LearnedEvents
from usg.parsers.video.train import VideoTraining, WorldFilms, main, train_video
from usg.training.arguments import find_config
from usg.world.pixels import sample_film
from usg.world.pixels.events import EVENTS


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six films as one's own data."""
    path = tmp_path_factory.mktemp("films") / "films.jsonl"
    graphs = [sample_film("train", 0, i).graph for i in range(6)]
    path.write_text("".join(f"{to_json(graph)}\n" for graph in graphs))
    return path


def small(films: Path, run: Path, **settings: Any) -> VideoTraining:
    how = {"sizes": EventSizes(width=8, label_width=4), "fit": EventFit(epochs=2, batch_size=2), **settings}
    return VideoTraining(output=str(run), data=str(films), val=str(films), **how)


def test_a_run_that_was_interrupted_ends_where_it_would_have_ended(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = train_video(small(films, tmp_path / "whole"))
    assert set(scores) == {"event_f1", *EVENTS}
    with monkeypatch.context() as patch:
        epochs = iter([None])
        save = torch.save

        def interrupted(*args: Any) -> None:
            if next(epochs, "second") == "second":
                raise KeyboardInterrupt
            save(*args)

        patch.setattr(torch, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_video(small(films, tmp_path / "part"))
    assert (tmp_path / "part/checkpoint.pt").is_file() and not (tmp_path / "part/events.safetensors").exists()
    train_video(small(films, tmp_path / "part"))
    whole, part = (load_file(tmp_path / name / "events.safetensors") for name in ("whole", "part"))
    assert whole.keys() == part.keys() and all(torch.equal(whole[name], part[name]) for name in whole)
    head = LearnedEvents(tmp_path / "whole/events.safetensors")
    assert head.names == EVENTS and head.metadata["films"] == 6
    with pytest.raises(ValueError, match=r"was trained with other settings \(seed\)"):
        train_video(small(films, tmp_path / "whole", seed=1))


def test_the_command_with_a_configuration_of_ones_own(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("{unary: [exits], binary: [], sizes: {width: 8}, fit: {epochs: 1, batch_size: 3}}")
    run = tmp_path / "run"
    assert main(["--config", str(config), "--data", str(films), "--val", str(films), "-o", str(run)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[0] == "event_f1"
    assert LearnedEvents(run / "events.safetensors").names == ("exits",)
    config.write_text("{unary: [vanishes], binary: []}")
    with pytest.raises(ValueError, match="none of its 6 films has one of the events vanishes"):
        main(["--config", str(config), "--data", str(films), "--val", str(films), "-o", str(tmp_path / "other")])
    with pytest.raises(ValueError, match="data and val go together"):
        main(["--config", str(config), "--data", str(films), "-o", str(tmp_path / "other")])
    with pytest.raises(FileNotFoundError, match=r"cannot read no\.jsonl"):
        main(["--config", str(config), "--data", "no.jsonl", "--val", "no.jsonl"])


def test_a_film_without_tracks_is_left_out(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = sample_film("train", 0, 6).graph
    boxless = replace(graph, objects=tuple(replace(each, groundings=()) for each in graph.objects))
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text(f"{to_json(boxless)}\n{films.read_text()}")
    train_video(small(mixed, tmp_path / "run", fit=EventFit(epochs=1, batch_size=3)))
    line = f"{mixed}: graph 1: the film {graph.sources[0].uri or 'video'} has no track of boxes; left out"
    assert capsys.readouterr().err.splitlines().count(line) == 2  # in the data and in those to validate on
    assert LearnedEvents(tmp_path / "run/events.safetensors").metadata["films"] == 6


def test_the_shipped_configuration_is_what_the_code_has() -> None:
    assert read_settings(find_config("parsers/video_world"), VideoTraining()) == VideoTraining()


def test_films_of_the_world_have_every_event_and_nothing_else() -> None:
    graphs = list(rare_films("val", 0, 1))
    names = {each.predicate for graph in graphs for each in graph.relations}
    names |= {each.value for graph in graphs for each in graph.attributes}
    assert names == set(EVENTS)
    whole: SceneGraph = sample_film("val", 0, 0).graph
    stripped = bare(whole)
    assert [each.id for each in stripped.objects] == [each.id for each in whole.objects]
    assert all(len(each.groundings) == 1 for each in stripped.objects)
    assert {each.id for each in (*stripped.relations, *stripped.attributes)} == set(whole.metadata["events"])
    assert WorldFilms().quota == 500
