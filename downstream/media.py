"""The same scenes as graphs of a text, of a picture and of a film, each with questions of its own.

A scene of the world is sampled in three media that show overlapping parts of it (`usg.world.pixels.multimodal`), and
the gold graph is taken apart again: a medium's graph has what is grounded in that medium and nothing else. So they
differ as media do:

    text    some of the things, the attributes and the few relations that a caption says; spans
    image   the things that are seen from one place, every visible attribute, all relations that geometry gives; boxes
    video   the same with what happens: events, and what holds for some of the time only; tracks and time spans

Questions are asked about each graph, by one generator and in the same words, and are answered by that graph: what it
does not say is false. A scene is kept where all three graphs have a question, so that a choice of scenes is the same
choice in every medium.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from usg.graph import SceneGraph
from usg.pretrain.corpora import digest_of, write_corpus
from usg.progress import progress
from usg.world.questions import DEPTHS, ask
from usg.world.scene import QUESTIONS, stream

__all__ = ["MEDIA", "MediaScenes", "media_corpora", "media_graphs"]

MEDIA = ("text", "image", "video")


@dataclass(frozen=True)
class MediaScenes:
    """Scenes to sample in three media.

    Attributes:
        train: number of training scenes; those without a question in some medium are left out.
        val: number of validation scenes.
        test: number of test scenes, of the split `iid`.
        seed: of the data set.
        questions: wanted about each graph.
        side: of pictures and frames, in pixels; they are drawn to see what is visible, and not kept.
    """

    train: int = 2000
    val: int = 250
    test: int = 500
    seed: int = 0
    questions: int = 8
    side: int = 64


def media_corpora(scenes: MediaScenes, part: str, cache: Path) -> dict[str, str]:
    """Medium -> folder of the corpus of one part of the scenes, sampled when it is not in the cache.

    Args:
        scenes: what to sample.
        part: train, val or test.
        cache: the cache folder.
    """
    from usg import world

    # The world itself is part of the name: scenes of an older one are not taken for today's.
    sources = Path(world.__file__).parent
    version = digest_of(*sorted(sources.glob("*.py")), *sorted((sources / "pixels").glob("*.py")), Path(__file__))
    split, n = _part(scenes, part)
    name = f"media-{split}-{scenes.seed}-{n}-{scenes.questions}q-{scenes.side}-{version}"
    folders = {medium: cache / f"{name}-{medium}" for medium in MEDIA}
    if not all(folder.is_dir() for folder in folders.values()):
        made = list(progress(media_graphs(scenes, part), label=f"drawing {n:,} {split} scenes in three media"))
        for medium, folder in folders.items():
            if not folder.is_dir():
                write_corpus(folder, iter([graphs[medium] for graphs in made]), {"world": name, "medium": medium})
    return {medium: str(folder) for medium, folder in folders.items()}


def media_graphs(scenes: MediaScenes, part: str) -> Iterator[dict[str, SceneGraph]]:
    """The graph of each medium for every scene, with questions in its metadata.

    Args:
        scenes: what to sample.
        part: train, val or test.
    """
    from usg.world.pixels.multimodal import sample_multimodal
    from usg.world.pixels.views import view

    split, n = _part(scenes, part)
    for index in range(n):
        graph = sample_multimodal(split, scenes.seed, index, side=scenes.side).graph
        uniform = stream(split, scenes.seed, index, QUESTIONS)
        seen = {medium: view(graph, medium) for medium in MEDIA}
        asked = {medium: ask(each, scenes.questions, uniform, DEPTHS[split]) for medium, each in seen.items()}
        if all(asked.values()):
            about = {"split": split, "seed": scenes.seed, "index": index}
            yield {medium: replace(seen[medium], metadata={**about, "questions": asked[medium]}) for medium in MEDIA}


def _part(scenes: MediaScenes, part: str) -> tuple[str, int]:
    return "iid" if part == "test" else part, {"train": scenes.train, "val": scenes.val, "test": scenes.test}[part]
