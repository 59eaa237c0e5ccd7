"""`usg bench text`: captions per CPU second, loading time and memory, beside sng_parser in one run.

Every system makes graphs of the same captions, on one thread each:

* `usg`: `TextParser`, one text at a time, in batches, and in two processes (without starting them);
* `sng_parser`: the package SceneGraphParser (MIT), rules over a dependency parse, which is given the linguistic
  components of the same pipeline, without ours; it has no batches of its own, so for them the documents come from
  `nlp.pipe` and its rules are called on each.

Seconds are CPU seconds of all threads and processes; parsers/benchmark.py tells how they are taken. Loading is timed in
a fresh process after the imports, and memory is what is resident there at most after all captions.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.parsers.benchmark import cpu, in_fresh_process, options_of, peak_after, positive, report, rows_of, timed_rows

if TYPE_CHECKING:
    from usg.parsers.text.parser import TextParser

PEER = "sng_parser"

Load = Callable[[str | None], Callable[[Sequence[str], int], None]]


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench text`; the options are those of `measure`."""
    parser = options_of("text", __doc__, "captions", 2000, 256)
    parser.add_argument("input", nargs="?", metavar="CAPTIONS", help="as for usg parse text (default: of the world)")
    parser.add_argument("--pipeline", metavar="P", help="a spaCy pipeline by name or folder (default: the shipped)")
    options = parser.parse_args(argv)
    if find_spec(PEER) is None:
        print(f"without {PEER}, which is not installed: pip install SceneGraphParser", file=sys.stderr)
    texts = captions(options.input, options.n)
    rows = measure(texts, options.rounds, options.batch_size, options.pipeline)
    report(rows, "captions", "usg bench text", argv, options.json)
    return 0


def captions(path: str | None, n: int) -> list[str]:
    """The first n captions of a file, or of scenes of the world.

    Raises:
        ValueError: n is not positive, or there are no captions in the file.

    >>> len(captions(None, 3))
    3
    """
    from usg.formats.problems import Problems
    from usg.parsers.text.captions import find_files, read_captions
    from usg.world import scenes

    positive("usg bench text", {"-n": n})
    if path is None:
        return [str(scene.sources[0].text) for scene in _captioned(scenes(n, "train", 0, captions=1))]
    problems = Problems()
    texts = [each.text for file in find_files([path]) for each in islice(read_captions(file, problems), n)][:n]
    if not texts:
        raise ValueError(f"{path} has no captions{': ' + problems.first[0] if problems.count else ''}")
    return texts


def measure(
    texts: Sequence[str], rounds: int = 5, batch_size: int = 256, pipeline: str | None = None
) -> list[dict[str, Any]]:
    """Times every system on the texts.

    Args:
        texts: captions.
        rounds: rounds of which the median is taken.
        batch_size: captions in a batch.
        pipeline: a spaCy pipeline that makes graphs and has a dependency parser; the shipped one when None.

    Returns:
        Rows `{"case", "system", "seconds", "per_second" (captions, None for loading), "ratio", "peak_mib"}`.

    Raises:
        ValueError: a number is not positive.
    """
    from usg.parsers.text.parser import TextParser

    positive("usg bench text", {"--rounds": rounds, "--batch-size": batch_size})
    parser = TextParser(pipeline)

    def piped() -> None:
        # A text that fails is a matter of tests; here it takes its time.
        for _ in parser.pipe(texts, batch_size, on_error=lambda number, reason: None):
            pass

    with tempfile.TemporaryDirectory() as folder:
        cases: dict[str, dict[str, Callable[[], float]]] = {
            "one at a time": {"usg": lambda: cpu(lambda: [parser.read([text]) for text in texts])},
            f"batches of {batch_size}": {"usg": lambda: cpu(piped)},
            "two processes": {"usg": lambda: _two_processes(parser, texts, batch_size)},
        }
        loads: dict[str, Callable[[], tuple[float, float]]] = {
            "usg": lambda: in_fresh_process(_load_and_run, _load_usg, pipeline, texts, batch_size)
        }
        if find_spec(PEER):
            peer_model = _save_syntax(pipeline, Path(folder) / "syntax")
            peer = _peer(peer_model)
            cases["one at a time"][PEER] = lambda: cpu(lambda: _peer_single(peer, texts))
            cases[f"batches of {batch_size}"][PEER] = lambda: cpu(lambda: _peer_batched(peer, texts, batch_size))
            loads[PEER] = lambda: in_fresh_process(_load_and_run, _load_peer, peer_model, texts, batch_size)
        rows = timed_rows(cases, rounds, len(texts), "captions")
        loaded = {name: [call() for _ in range(rounds)] for name, call in loads.items()}
    load, peaks = (
        {name: statistics.median(each[i] for each in values) for name, values in loaded.items()} for i in (0, 1)
    )
    return rows + rows_of("loading", load, None, peaks)


def _captioned(scenes: Iterator[Any]) -> Iterator[Any]:
    for scene in scenes:
        texts = tuple(source for source in scene.sources if source.modality == "text")
        yield type(scene)(texts[:1])


class _Timed:
    """Reads a batch and says what that took of the process's time."""

    def __init__(self, parser: TextParser) -> None:
        self.parser = parser

    def __call__(self, texts: Sequence[str]) -> list[tuple[float, object]]:
        start = time.process_time()
        graphs = self.parser.read(texts)
        return [(time.process_time() - start, graphs)]


def _two_processes(parser: TextParser, texts: Sequence[str], batch_size: int) -> float:
    """CPU seconds of reading in two processes and of handing over here; not of starting and loading."""
    from usg.parsers.text.workers import in_parallel

    firsts = range(0, len(texts), batch_size)
    batches = ((list(texts[first : first + batch_size]), [None]) for first in firsts)
    start = time.process_time()
    read = sum(seconds for results, _ in in_parallel(_Timed(parser), batches, 2) for seconds, _ in results)
    return read + time.process_time() - start


def _save_syntax(pipeline: str | None, folder: Path) -> str:
    """The linguistic components alone, which is what the peer builds on."""
    from usg.parsers.text.pipeline import graph_components, load

    nlp = load(pipeline, with_syntax=True)
    for name in graph_components(nlp):
        nlp.remove_pipe(name)
    nlp.to_disk(folder)
    return str(folder)


def _peer(model: str) -> Any:
    import sng_parser

    return sng_parser.Parser("spacy", model=model)


def _peer_single(peer: Any, texts: Sequence[str]) -> None:
    for text in texts:
        _try(peer, text)


def _peer_batched(peer: Any, texts: Sequence[str], batch_size: int) -> None:
    backend = peer.unwrapped
    nlp = backend.nlp
    try:
        for doc in nlp.pipe(texts, batch_size=batch_size):
            backend.nlp = lambda text, doc=doc: doc
            _try(peer, doc.text)
    finally:
        backend.nlp = nlp


def _try(peer: Any, text: str) -> None:
    with suppress(UnboundLocalError, ValueError, IndexError):  # what its rules raise on some captions
        peer.parse(text)


def _load_and_run(load: Load, model: str | None, texts: list[str], batch_size: int) -> tuple[float, float]:
    import spacy  # noqa: F401  loading is timed after the imports
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    run = load(model)
    taken = time.process_time() - start
    return taken, peak_after(lambda: run(texts, batch_size))


def _load_usg(model: str | None) -> Callable[[Sequence[str], int], None]:
    from usg.parsers.text.parser import TextParser

    parser = TextParser(model)

    def run(texts: Sequence[str], batch_size: int) -> None:
        for _ in parser.pipe(texts, batch_size, on_error=lambda number, reason: None):
            pass

    return run


def _load_peer(model: str | None) -> Callable[[Sequence[str], int], None]:
    peer = _peer(str(model))
    return lambda texts, batch_size: _peer_batched(peer, texts, batch_size)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
