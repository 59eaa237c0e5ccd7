"""A little SVG: text that is measured and escaped, rounded boxes, and a page around them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from unicodedata import east_asian_width
from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

from usg.files import atomic_path

FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, MUTED, LINE = "#1f2937", "#64748b", "#94a3b8"

_NARROW, _WIDE = set("iljtfrI.,:;'|!()[] "), set("mwMW@%&")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """The text for XML, without the characters that XML cannot hold."""
    return _escape(_CONTROL.sub("\ufffd", text))


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Pixels that the text takes in a sans-serif font of `size` pixels; a little too much rather than too little."""
    units = 0.0
    for letter in text:
        if east_asian_width(letter) in "WF":
            units += 1.0
        elif letter in _NARROW:
            units += 0.36
        elif letter in _WIDE:
            units += 0.92
        else:
            units += 0.7 if letter.isupper() else 0.59
    return units * size * (1.07 if bold else 1.0)


def shorten(text: str, limit: int = 26) -> str:
    """One line of at most `limit` characters.

    >>> shorten("a very long label that goes on", 12)
    'a very long…'
    """
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def label(
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    fill: str = INK,
    bold: bool = False,
    anchor: str = "middle",
    strike: bool = False,
) -> str:
    """A line of text, its middle at height `y`."""
    weight = ' font-weight="600"' if bold else ""
    line = ' text-decoration="line-through"' if strike else ""
    # A third of an em below the middle is where the baseline lies; `dominant-baseline` is not drawn alike everywhere.
    return (
        f'<text x="{x:.1f}" y="{y + size * 0.35:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"'
        f"{weight}{line}>{escape(text)}</text>"
    )


def rectangle(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str,
    stroke: str = "none",
    radius: float = 0.0,
    line: float = 1.0,
    dashed: bool = False,
    opacity: float = 1.0,
) -> str:
    """A box with round corners; `opacity` is that of its filling."""
    dash = f' stroke-dasharray="{line * 3:g} {line * 2.4:g}"' if dashed else ""
    thin = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}" fill="{fill}"{thin}'
        f' stroke="{stroke}" stroke-width="{line:g}"{dash}/>'
    )


def group(parts: list[str], title: str, identity: str | None = None) -> str:
    """Parts that belong together, with the words that a browser shows when the pointer rests on them."""
    data = f" data-id={quoteattr(_CONTROL.sub('', identity))}" if identity is not None else ""
    return f"<g{data}><title>{escape(title)}</title>{''.join(parts)}</g>"


def page(parts: list[str], width: float, height: float, title: str, background: str | None = "#ffffff") -> str:
    """A self-contained SVG document of the given size in pixels."""
    back = [rectangle(0, 0, width, height, fill=background, radius=10)] if background else []
    body = "\n".join([*back, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" role="img" font-family="{FONT}">\n'
        f"<title>{escape(title)}</title>\n{body}\n</svg>\n"
    )


def save(svg: str, path: str | os.PathLike[str] | None) -> str:
    """Write the document where a path is given, whole or not at all, and return it.

    Raises:
        ValueError: the path is not that of an SVG.
    """
    if path is not None:
        if (suffix := Path(path).suffix).lower() != ".svg":
            raise ValueError(
                f"cannot write {path}: drawings are SVG, not {suffix or 'a file without a suffix'}; name it .svg (a "
                "browser, Inkscape or rsvg-convert makes a PNG of it)"
            )
        with atomic_path(path) as temporary:
            temporary.write_text(svg, encoding="utf-8")
    return svg
