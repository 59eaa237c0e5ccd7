"""Parses captions, sentences and descriptions to scene graphs: text files, COCO, Flickr30k, CSV, JSONL."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from usg.formats.problems import Problems
from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph
from usg.heap import give_large_buffers_back
from usg.parsers.command import check_same, command_parser, parse_each, run_command, write_graphs
from usg.parsers.output import Output, open_output
from usg.parsers.text.captions import FORMATS, Caption, Fields, find_files, read_captions

if TYPE_CHECKING:
    from usg.parsers.text.parser import TextParser


def parse_text(
    inputs: Sequence[str],
    output: str,
    *,
    format: str | None = None,
    field: str | None = None,
    id_field: str | None = None,
    merge_by: str | None = None,
    pipeline: str | None = None,
    model: str | None = None,
    beams: int = 1,
    batch_size: int = 256,
    n_process: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    problems: Problems | None = None,
) -> int:
    """Parse the captions of files and write their graphs.

    Args:
        inputs: files, folders, globs, or `-` for standard input.
        output: `-`, a file `.jsonl`, or a folder for a corpus.
        format: of all inputs, one of `captions.FORMATS`; told from each name when None.
        field: where the caption stands in csv, tsv and jsonl; "caption" when None.
        id_field: where the image's id stands; "image_id", if there is one, when None.
        merge_by: "image" for one graph of all captions of an image, None for one of each caption.
        pipeline: a spaCy pipeline other than the shipped one, by name or folder.
        model: a sequence-to-sequence model instead, by name or folder.
        beams: of that model; 1 is greedy.
        batch_size: captions that are read together.
        n_process: processes that read.
        overwrite: replace what is at `output`.
        resume: go on after the graphs that an interrupted run with the same inputs left at `output`.
        problems: collects captions that cannot be read or parsed; when absent, the first one raises.

    Returns:
        How many graphs were written now. A caption that cannot be read gives none; one on which the parser fails
        gives a graph without objects, whose metadata say why under `failed`.

    Raises:
        FileNotFoundError: an input or the model is not there, or the shipped pipeline is missing.
        LookupError: there is no such format or pipeline.
        FileExistsError: something is at `output` and neither `overwrite` nor `resume` is given.
        ValueError: beams are given without a model, nothing could be read, captions are to be merged and none has an
            image, or what is there is of other inputs.
    """
    from usg.parsers.text.parser import TextParser
    from usg.parsers.text.seq2seq import Seq2Seq

    if merge_by not in (None, "image"):
        raise ValueError(f"merge_by is {merge_by!r}; expected 'image'")
    if beams != 1 and model is None:
        raise ValueError(f"--beams {beams} is of a sequence-to-sequence model; name one with --model, or leave it out")
    problems = Problems(strict=True) if problems is None else problems
    files = find_files(inputs)
    captions = chain.from_iterable(read_captions(file, problems, format, Fields(field, id_field)) for file in files)
    groups: Iterable[list[Caption]] = _by_image(captions, problems) if merge_by else ([caption] for caption in captions)
    groups = iter(groups)
    first = next(groups, None)
    if first is None and problems.count:
        raise ValueError(f"no caption could be read, so nothing is written; first: {problems.first[0]}")
    parser = TextParser(pipeline, model=None if model is None else Seq2Seq(model, beams=beams))
    provenance = {"made_by": "usg parse text", "inputs": files, "merge_by": merge_by, "parser": parser.version}
    with open_output(output, overwrite=overwrite, resume=resume, provenance=provenance) as out:
        rest = _after(out, chain([] if first is None else [first], groups), parser.version)
        return write_graphs(out, _graphs(parser, rest, batch_size, n_process, problems), problems)


def _by_image(captions: Iterable[Caption], problems: Problems) -> list[list[Caption]]:
    """Captions of one image together, images in the order of their first caption; all are held in memory."""
    groups: dict[str, list[Caption]] = {}
    without: list[str] = []
    reason = "no image to merge by; name the field with its id (--id-field)"
    for caption in captions:
        if caption.image is None:
            without.append(caption.where)
        else:
            groups.setdefault(caption.image, []).append(caption)
    if without and not groups:
        raise ValueError(f"{without[0]}: {reason}")
    for where in without:
        problems.add(where, reason)
    return list(groups.values())


def _after(out: Output, groups: Iterator[list[Caption]], version: str) -> Iterator[list[Caption]]:
    """The groups behind those that are done, after a check that these are of the same inputs and parser."""
    if out.last is not None:
        group = next(islice(groups, out.done - 1, out.done), [])
        found = [source.text for source in out.last.sources if source.modality == "text"]
        of = None if not found else str(found[0])[:60]
        check_same(out, of, found == [caption.text for caption in group], version)
    return groups


def _graphs(
    parser: TextParser, groups: Iterator[list[Caption]], batch_size: int, n_process: int, problems: Problems
) -> Iterator[SceneGraph]:
    """One graph of each group."""
    from usg.parsers.text.link import merge_captions

    pipe = partial(parser.pipe, batch_size=batch_size, n_process=n_process)
    texts = ((caption.text, (group, caption)) for group in groups for caption in group)
    graphs: list[SceneGraph] = []
    for graph, (group, caption) in parse_each(pipe, texts, lambda pair: pair[1].where, problems):
        graphs.append(_with_origin(graph, caption))
        if len(graphs) == len(group):
            yield graphs[0] if len(group) == 1 else merge_captions(graphs)
            graphs = []


def _with_origin(graph: SceneGraph, caption: Caption) -> SceneGraph:
    from usg.parsers.text.parser import with_source

    if caption.uri is not None:
        graph = with_source(graph, Source(graph.sources[0].id, "text", uri=caption.uri))
    if caption.image is not None:
        graph = replace(graph, metadata={**graph.metadata, "image_id": caption.image})
    return graph


def main(argv: Sequence[str]) -> int:
    """Run `usg parse text`; 0 when all was parsed, 1 when some captions were bad (each is named)."""
    give_large_buffers_back()
    return run_command(parse_text, _parser().parse_args(argv), "caption")


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("text", __doc__, batch_size=256)
    parser.add_argument(
        "--from", dest="format", metavar="F", help=f"one of {', '.join(FORMATS)}; told from each name if not given"
    )
    parser.add_argument("--field", metavar="NAME", help="of the caption in csv, tsv, jsonl (default: caption)")
    parser.add_argument("--id-field", metavar="NAME", help="of the image's id (default: image_id, where there is one)")
    parser.add_argument("--merge-by", choices=["image"], help="one graph of all captions of an image")
    parser.add_argument("--pipeline", metavar="P", help="a spaCy pipeline by name or folder (default: the shipped)")
    parser.add_argument("--model", metavar="M", help="a sequence-to-sequence model instead, by hub name or folder")
    parser.add_argument("--beams", type=int, default=1, metavar="N", help="of that model (default: 1, greedy)")
    parser.add_argument(
        "--n-process", type=int, default=1, metavar="N", help="processes, on a thread each (default: 1)"
    )
    return parser
