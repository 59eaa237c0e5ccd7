"""`usg bench image`: pictures per CPU second, stage by stage and as a whole, one at a time and in batches; memory.

    decode           files to pictures
    detect           pictures to regions; beside ours an RT-DETR of transformers on pictures of the same side, with
                     random weights, about as many as ours or a million, where the extra detectors is installed
    attributes       regions to attributes, where the parser has such a head
    relations        regions to relations, likewise
    whole parse      files to graphs
    loading          making the parser in a process of its own after the imports, and the most memory that parsing all
                     pictures there takes

All on one thread; seconds are CPU seconds.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.heap import keep_large_buffers
from usg.parsers.benchmark import cpu, in_fresh_process, options_of, peak_after, positive, report, rows_of, timed_rows
from usg.progress import say

if TYPE_CHECKING:
    from PIL.Image import Image

    from usg.parsers.image.detector import Detections, Detector
    from usg.parsers.image.parser import ImageParser

_USUAL = 1_000_000  # weights of the peer of a detector that does not show its own
_CLASSES = 24  # of the peer


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench image`; the options are those of `measure`."""
    parser = options_of("image", __doc__, "pictures", 200, 16)
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="as for usg parse image (default: of the world)")
    parser.add_argument("--detector", metavar="D", help="as for usg parse image, like the next two")
    parser.add_argument("--attributes", metavar="A", help="an attribute head")
    parser.add_argument("--relations", metavar="R", help="a relation head")
    options = parser.parse_args(argv)
    keep_large_buffers()  # as usg parse image does
    parts = {"detector": options.detector, "attributes": options.attributes, "relations": options.relations}
    with tempfile.TemporaryDirectory() as folder:
        files = picture_files(options.inputs, options.n, Path(folder) / "world")
        rows = measure(files, parts, rounds=options.rounds, batch_size=options.batch_size)
    report(rows, "pictures", "usg bench image", argv, options.json)
    return 0


def picture_files(inputs: Sequence[str], n: int, folder: Path) -> list[str]:
    """The first n pictures of the inputs, or n of the world, which are drawn into the folder.

    Raises:
        ValueError: n is not positive.
        FileNotFoundError: there are no pictures in the inputs.
    """
    from usg.parsers.image.inputs import find_images

    positive("usg bench image", {"-n": n})
    if not inputs:
        from usg.world.pixels.images import write_images

        write_images(n, "iid", 0, folder)
        inputs = [str(folder)]
    return find_images(inputs)[:n]


def measure(
    files: Sequence[str], parts: dict[str, str | None], *, rounds: int = 5, batch_size: int = 16
) -> list[dict[str, Any]]:
    """Times every stage on the pictures.

    Args:
        files: pictures.
        parts: `detector`, `attributes` and `relations` of the parser, by name; None for its defaults.
        rounds: rounds of which the median is taken.
        batch_size: pictures that the detector reads together.

    Returns:
        Rows `{"case", "system", "seconds", "per_second" (pictures, None for loading), "ratio", "peak_mib"}`.

    Raises:
        ValueError: a number is not positive, or a part of that name cannot be had.
    """
    from usg.parsers.image.loading import load_image
    from usg.parsers.image.parser import ImageParser

    positive("usg bench image", {"--rounds": rounds, "--batch-size": batch_size})
    parser = ImageParser(**parts)  # type: ignore[arg-type]
    pictures = [load_image(file) for file in files]
    one, many = "one at a time", f"batches of {batch_size}"
    detectors = {"usg": parser.detector, **peers(max(pictures[0].size), like=parser.detector)}

    def detecting(detector: Detector, size: int) -> Callable[[], float]:
        return lambda: cpu(lambda: detected(detector, pictures, size, parser.threshold))

    cases: dict[str, dict[str, Callable[[], float]]] = {
        "decode": {"usg": lambda: cpu(lambda: [load_image(file) for file in files])},
        f"detect, {one}": {name: detecting(each, 1) for name, each in detectors.items()},
        f"detect, {many}": {name: detecting(each, batch_size) for name, each in detectors.items()},
    }
    cases |= head_cases(parser, pictures, seen_by(parser, pictures, 1), batch_size)
    cases[f"whole parse, {one}"] = {"usg": lambda: cpu(lambda: [parser.read([file]) for file in files])}
    cases[f"whole parse, {many}"] = {"usg": lambda: cpu(lambda: _parse(parser, files, batch_size))}
    rows = timed_rows(cases, rounds, len(files), "pictures")
    loading, peak = in_fresh_process(_load_and_parse, dict(parts), list(files), batch_size)
    return rows + rows_of("loading", {"usg": loading}, None, {"usg": peak})


def peers(side: int, like: object = None) -> dict[str, Detector]:
    """The RT-DETR of `random_rt_detr` by its name; none, and a line that says so, where transformers is missing."""
    if find_spec("transformers") is None:
        say("no RT-DETR beside ours: that needs the extra detectors, pip install 'universal-scene-graph[detectors]'")
        return {}
    peer, weights = random_rt_detr(side, like)
    return {f"rt-detr of {weights / 1e6:.1f} M": peer}


def random_rt_detr(side: int, like: object = None) -> tuple[Detector, int]:
    """An RT-DETR with random weights: a peer whose speed says something and whose regions do not.

    Args:
        side: of the pictures that it reads, pixels.
        like: a detector; where its `model` is a torch module, or has one as `network`, the peer is of most like size.

    Returns:
        The detector, and how many weights it has.
    """
    import torch
    from transformers import RTDetrForObjectDetection, RTDetrImageProcessorPil
    from transformers.utils.logging import disable_progress_bar

    from usg.parsers.image.detectors.huggingface import HuggingFaceDetector

    disable_progress_bar()
    module = getattr(like, "model", None)
    module = getattr(module, "network", module)
    wanted = _weights(module) if isinstance(module, torch.nn.Module) else _USUAL
    torch.manual_seed(0)
    models = [RTDetrForObjectDetection(_rt_detr_config(width)) for width in (8, 16, 32, 64)]
    model = min(models, key=lambda each: abs(math.log(_weights(each) / wanted)))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        RTDetrImageProcessorPil(size={"height": side, "width": side}).save_pretrained(folder)
        names = [f"kind {chr(ord('a') + number)}" for number in range(_CLASSES)]
        return HuggingFaceDetector(folder, class_names=names), _weights(model)


def _rt_detr_config(width: int) -> Any:
    from transformers import RTDetrConfig, RTDetrResNetConfig

    sizes = [width, 2 * width, 4 * width, 8 * width]
    stages: dict[str, Any] = {"out_features": ["stage2", "stage3", "stage4"]}  # in no signature
    backbone = RTDetrResNetConfig(
        embedding_size=width, hidden_sizes=sizes, depths=[1, 1, 1, 1], layer_type="basic", **stages
    )
    return RTDetrConfig(
        backbone_config=backbone, encoder_in_channels=sizes[1:], encoder_hidden_dim=4 * width,
        encoder_ffn_dim=8 * width, encoder_attention_heads=4, d_model=4 * width, decoder_in_channels=[4 * width] * 3,
        decoder_ffn_dim=8 * width, decoder_layers=3, decoder_attention_heads=4, num_queries=50, num_denoising=0,
        anchor_image_size=None, id2label={number: f"LABEL_{number}" for number in range(_CLASSES)},
    )  # fmt: skip


def _weights(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def detected(detector: Detector, pictures: Sequence[Image], size: int, threshold: float) -> list[Detections]:
    """What a detector finds in pictures, so many at a time."""
    firsts = range(0, len(pictures), size)
    return [found for i in firsts for found in detector.detect(pictures[i : i + size], threshold)]


def seen_by(parser: ImageParser, pictures: Sequence[Image], size: int) -> list[Detections]:
    """What the parser keeps of what its detector finds in pictures, so many at a time."""
    from usg.parsers.image.build import keep

    return [
        keep(found, picture.size, parser.threshold, parser.max_objects, parser.calibration)
        for picture, found in zip(pictures, detected(parser.detector, pictures, size, parser.threshold), strict=True)
    ]


def head_cases(
    parser: ImageParser, pictures: Sequence[Image], seen: Sequence[Detections], size: int
) -> dict[str, dict[str, Callable[[], float]]]:
    """The cases of the heads that a parser has, on pictures as it saw them, so many at a time."""
    from usg.parsers.image.heads import ask

    batches = [(pictures[i : i + size], seen[i : i + size]) for i in range(0, len(pictures), size)]
    cases: dict[str, dict[str, Callable[[], float]]] = {}
    if (values := parser.attributes) is not None:
        cases["attributes"] = {"usg": lambda: cpu(lambda: [ask(values.attributes, *each, 1) for each in batches])}
    if (pairs := parser.relations) is not None:
        cases["relations"] = {"usg": lambda: cpu(lambda: [ask(pairs.relations, *each, 2) for each in batches])}
    return cases


def _parse(parser: ImageParser, files: Sequence[str], batch_size: int) -> None:
    for _ in parser.pipe(files, batch_size, on_error=lambda number, reason: None):
        pass


def _load_and_parse(parts: dict[str, str | None], files: list[str], batch_size: int) -> tuple[float, float]:
    """CPU seconds of making the parser, and the most MiB after parsing all."""
    import torch  # noqa: F401  loading is timed after the imports

    from usg.parsers.image.parser import ImageParser

    keep_large_buffers()
    made: list[ImageParser] = []
    seconds = cpu(lambda: made.append(ImageParser(**parts)))  # type: ignore[arg-type]
    return seconds, peak_after(lambda: _parse(made[0], files, batch_size))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
