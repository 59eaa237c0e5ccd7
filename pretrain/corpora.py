"""Where the graphs of a training come from: a corpus, a file that is converted once, or the world, sampled once.

Files and sampled scenes become corpora in a cache folder, under a name made of the content (a digest of the file, or
the split, seed and number of scenes), so that a second run finds them and a changed file is converted anew.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from usg.corpus import Corpus, CorpusWriter, JoinedCorpus
from usg.formats import Problems, guess_format, read_graphs
from usg.graph import SceneGraph
from usg.names import unknown_name
from usg.progress import progress
from usg.training.mixture import Mixture

_VERSION = 1  # of the conversion; part of the cache's names
_BLOCK = 1 << 20
_CACHE_MB = 512  # of decoded graphs, about 3 KB each: more than the 64 row groups that the order mixes at a time
WORLD = "world"
"""Stands for the world's scenes among paths of data."""
TEST_SPLITS = ("iid", "compose", "longer")


@dataclass(frozen=True)
class WorldScenes:
    """Scenes to sample from the procedural world.

    Args:
        train: number of training scenes.
        val: number of validation scenes.
        test: number of test scenes.
        test_split: split of the test scenes: iid, compose or longer.
        seed: of the data set.
        captions: captions per scene.
        statements: statements about single things, per scene; texts like captions.
        questions: questions per scene, whose words enter the vocabulary.
    """

    train: int = 40_000
    val: int = 500
    test: int = 2_000
    test_split: str = "iid"
    seed: int = 0
    captions: int = 3
    statements: int = 0
    questions: int = 2

    def __post_init__(self) -> None:
        if self.test_split not in TEST_SPLITS:
            raise LookupError(unknown_name("test split", self.test_split, TEST_SPLITS))


def training_paths(path: Sequence[str] | str | None, scenes: WorldScenes | None) -> list[str]:
    """The paths of training graphs; the world's scenes where none is named.

    Args:
        path: one, several, or none.
        scenes: what to sample for `world`.

    Raises:
        ValueError: there is no data.
    """
    if path:
        return [path] if isinstance(path, str) else list(path)
    if scenes is None:
        raise ValueError("there is no data to train on: give --data.path, or data.world to sample scenes")
    return [WORLD]


def held_out(corpus: JoinedCorpus, holdout: int) -> int:
    """How many of the last graphs are kept from training.

    Args:
        corpus: the training graphs.
        holdout: how many are wanted.

    Raises:
        ValueError: none would be left of the last of the corpora.
    """
    graphs = len(corpus.corpora[-1])
    if holdout >= graphs:
        raise ValueError(f"data.holdout is {holdout}, but there are {graphs} training graphs; lower it")
    return holdout


def mixture_of(corpus: JoinedCorpus, temperature: float, unused: int) -> Mixture:
    """The order of sampling among corpora.

    Args:
        corpus: the training graphs.
        temperature: of the sampling.
        unused: graphs at the end that are kept from training.
    """
    return Mixture([len(each) for each in corpus.corpora], temperature, unused)


def world_corpus(scenes: WorldScenes, part: str, cache: Path) -> Path:
    """The corpus of one part of the world's scenes, sampled when it is not in the cache.

    Args:
        scenes: what to sample.
        part: train, val or test.
        cache: the cache folder.
    """
    from usg import world

    split = scenes.test_split if part == "test" else part
    n = {"train": scenes.train, "val": scenes.val, "test": scenes.test}[part]
    # The world itself is part of the name: scenes of an older one are not taken for today's.
    sources = sorted(Path(world.__file__).parent.glob("*.py"))
    version = f"v{_VERSION}-{digest_of(*sources)}"
    language = f"{scenes.captions}c{scenes.statements}s{scenes.questions}q"
    name = f"world-{split}-{scenes.seed}-{n}-{language}-{version}"
    folder = cache / name
    if not folder.is_dir():
        graphs = world.scenes(
            n,
            split,
            scenes.seed,
            captions=scenes.captions,
            statements=scenes.statements,
            questions=scenes.questions,
        )
        write_corpus(folder, progress(graphs, n, f"sampling {split} scenes"), {"world": name})
    return folder


def corpora_of(paths: Sequence[str], scenes: WorldScenes | None, part: str, cache: Path) -> list[Corpus]:
    """The corpora behind several paths, in their order.

    Args:
        paths: corpus folders, `.jsonl` files, FACTUAL `.csv` files, or `world` for the world's scenes.
        scenes: what to sample for `world`.
        part: train, val or test, of the world.
        cache: the cache folder.

    Raises:
        ValueError: `world` is among the paths and there is nothing to sample.
    """
    folders = []
    for path in paths:
        if path != WORLD:
            folders.append(corpus_of(path, cache))
        elif scenes is None:
            raise ValueError(f"data.path names {WORLD}, but data.world does not say what to sample")
        else:
            folders.append(world_corpus(scenes, part, cache))
    return [Corpus(folder, cache_mb=_CACHE_MB) for folder in folders]


def corpus_of(path: str | Path, cache: Path) -> Path:
    """The corpus behind a path: the folder itself, or the converted file.

    Args:
        path: a corpus folder, a `.jsonl` file or a FACTUAL `.csv`.
        cache: the cache folder.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the file's ending is not known, or no graph could be read.
    """
    source = Path(path)
    if source.is_dir():
        return source
    if not source.is_file():
        raise FileNotFoundError(f"there is no file or corpus folder {source}; check data.path")
    format = guess_format(source)
    digest = digest_of(source)
    folder = cache / f"{source.stem}-{digest}-v{_VERSION}"
    if not folder.is_dir():
        problems = Problems()
        graphs = progress(read_graphs(source, format, problems), label=f"reading {source.name}")
        write_corpus(folder, graphs, {"file": source.name, "digest": digest})
        if problems.count:
            print(
                f"{source}: {problems.count:,} items could not be read and are left out:\n{problems}", file=sys.stderr
            )
    if not len(Corpus(folder)):
        shutil.rmtree(folder)
        raise ValueError(f"{source} has no graph that can be read; see `usg convert {source} OUT.jsonl` for why")
    return folder


def write_corpus(folder: Path, graphs: Iterator[SceneGraph], provenance: dict[str, str]) -> None:
    """Writes a corpus beside its name, then renames it, so that a cached corpus always is whole.

    Args:
        folder: where to.
        graphs: what it holds.
        provenance: where they come from.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
        with CorpusWriter(unfinished, provenance=provenance) as writer:
            writer.write_all(graphs)
        try:
            Path(unfinished).rename(folder)
        except OSError:
            # Another process was faster, with the same content; anything else is an error.
            if not folder.is_dir():
                raise
        else:
            folder.chmod(0o755)  # temporary folders are for their owner alone
            Path(unfinished).mkdir()  # what the context manager will remove


def digest_of(*files: Path) -> str:
    """A short name of the content of files."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()[:12]
