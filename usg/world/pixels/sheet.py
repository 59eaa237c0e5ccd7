"""Sheets to look at: many pictures of a corpus at once, or strips of films, with gold boxes and labels over them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw

from usg.files import atomic_path
from usg.graph.region import Box, Track
from usg.graph.scene_graph import SceneGraph

_EDGE = 4
_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#000075")


def contact_sheet(corpus: str | Path, output: str | Path, *, n: int = 40, columns: int = 8, cell: int = 192) -> int:
    """Draws the first pictures of a corpus on one sheet and returns how many there are.

    Args:
        corpus: a folder that `write_images` wrote.
        output: a PNG or JPEG file.
        n: pictures, at most.
        columns: of the sheet.
        cell: side of a picture on it, pixels.

    Raises:
        ValueError: if there is nothing to draw, or a graph has no picture.
        FileNotFoundError: if the corpus or one of its pictures is not there.
    """
    from usg.corpus import Corpus

    graphs = Corpus(corpus)[:n]
    if not graphs or columns < 1 or cell < 32:
        raise ValueError(f"{corpus} has {len(graphs)} pictures to show in {columns} columns of {cell} pixels")
    cells = []
    for i, graph in enumerate(graphs):
        source = next((source for source in graph.sources if source.modality == "image" and source.uri), None)
        if source is None:
            raise ValueError(f"graph {i} of {corpus} has no image with a uri; make one with `usg world images`")
        with Image.open(Path(corpus) / str(source.uri)) as image:
            one = image.convert("RGB").resize((cell, cell), Image.Resampling.NEAREST)
        cells.append(annotated(one, graph) if i // columns % 2 else one)
    with atomic_path(output) as path:
        grid(cells, columns).save(path)
    return len(cells)


def film_strips(
    split: str, seed: int, output: str | Path, *, n: int = 12, lively: bool = False, frames: int = 8, side: int = 128
) -> int:
    """Draws frames, evenly spread, of each of the first films of a data set and returns how many films there are.

    Args:
        split: of the data set.
        seed: likewise.
        output: a PNG or JPEG file.
        n: films, at least one.
        lively: as in `write_videos`.
        frames: of each film.
        side: of a frame, pixels.

    Raises:
        ValueError: if there is nothing to draw.
    """
    from usg.world.pixels.even import LIVELY
    from usg.world.pixels.films import sample_film
    from usg.world.priors import DEFAULT

    if n < 1 or frames < 2:
        raise ValueError(f"{n} films with {frames} frames each leave nothing to draw; give at least 1 and 2")
    cells = []
    for index in range(n):
        film = sample_film(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
        last = len(film.images) - 1
        for k in range(frames):
            frame = round(k * last / (frames - 1))
            image = Image.fromarray(film.images[frame])
            draw = ImageDraw.Draw(image)
            now = [event for event in film.happenings if event.first <= frame < event.last]
            for event in now:
                for name in (event.subject, event.object):
                    box = _box_at(film.graph, f"o{name}", frame)
                    if box is not None:
                        draw.rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), outline=_COLOURS[name == event.object])
            if now:
                draw.rectangle(draw.textbbox((2, 1), now[0].name), fill="white")
                draw.text((2, 1), now[0].name, fill=_COLOURS[0])
            cells.append(image)
    with atomic_path(output) as path:
        grid(cells, frames).save(path)
    return n


def media_rows(
    split: str, seed: int, output: str | Path, *, n: int = 8, lively: bool = False, frames: int = 5, side: int = 160
) -> int:
    """Draws a row for each of the first multimodal scenes: the picture, frames of the film, the text below; returns n.

    An object has one colour in the picture and in the film, and so has its label.

    Args:
        split: of the data set.
        seed: likewise.
        output: a PNG or JPEG file.
        n: scenes, at least one.
        lively: as in `write_multimodal`.
        frames: of each film.
        side: of picture and frames, pixels.

    Raises:
        ValueError: if there is nothing to draw.
    """
    from usg.world.pixels.even import LIVELY
    from usg.world.pixels.multimodal import sample_multimodal
    from usg.world.priors import DEFAULT

    if n < 1 or frames < 2:
        raise ValueError(f"{n} scenes with {frames} frames each leave nothing to draw; give at least 1 and 2")
    rows = []
    for index in range(n):
        made = sample_multimodal(split, seed, index, side=side, priors=LIVELY if lively else DEFAULT)
        cells = [annotated(Image.fromarray(made.image), made.graph)]
        for k in range(frames):
            frame = round(k * (len(made.video) - 1) / (frames - 1))
            image = Image.fromarray(made.video[frame])
            draw = ImageDraw.Draw(image)
            for i, obj in enumerate(made.graph.objects):
                box = _box_at(made.graph, obj.id, frame)
                if box is not None:
                    draw.rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), outline=_COLOURS[i % len(_COLOURS)])
            cells.append(image)
        strip = grid(cells, frames + 1)
        lines = wrap(made.text, strip.width // 6)
        row = Image.new("RGB", (strip.width, strip.height + 12 * 5), "white")
        row.paste(strip, (0, 0))
        ImageDraw.Draw(row).multiline_text((2, strip.height + 1), "\n".join(lines[:5]), fill="black", spacing=1)
        rows.append(row)
    with atomic_path(output) as path:
        grid(rows, 1).save(path)
    return n


def _box_at(graph: SceneGraph, name: str, frame: int) -> Box | None:
    """The box of an object in a frame, where it is seen there."""
    if name not in graph:
        return None
    tracks = [g.region for g in graph.object(name).groundings if isinstance(g.region, Track)]
    points = [p for track in tracks for p in track.points if p.frame == frame]
    return next((p.region for p in points if isinstance(p.region, Box)), None)


def grid(cells: Iterable[Image.Image], columns: int) -> Image.Image:
    """Returns pictures of one size side by side in rows, white between them."""
    images = list(cells)
    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + _EDGE) - _EDGE, rows * (height + _EDGE) - _EDGE), "white")
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * (width + _EDGE), i // columns * (height + _EDGE)))
    return sheet


def annotated(image: Image.Image, graph: SceneGraph) -> Image.Image:
    """Returns a picture, larger or not than its source says, with the graph's boxes and what is in them."""
    drawn = image.copy()
    draw = ImageDraw.Draw(drawn)
    source = next(source for source in graph.sources if source.modality == "image")
    scale = image.width / (source.width or image.width)
    for i, obj in enumerate(graph.objects):
        box = next((g.region for g in obj.groundings if g.source == source.id and isinstance(g.region, Box)), None)
        if box is None:
            continue
        colour = _COLOURS[i % len(_COLOURS)]
        x0, y0, x1, y1 = (value * scale for value in box.xyxy)
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=colour)
        words = [a.value for a in graph.attributes_of(obj.id) if a.kind == "colour"] + [obj.label]
        left, top = x0, max(0.0, y0 - 11)
        draw.rectangle(draw.textbbox((left, top), " ".join(words)), fill="white")
        draw.text((left, top), " ".join(words), fill=colour)
    return drawn
