"""Parts of a self-contained HTML page: sections, figures, tables with bars. No script, no file beside it.

Every function returns a piece of HTML; text is escaped, what is already HTML is a `Html`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any

STYLE = """
:root { --ink: #1d2433; --soft: #667085; --line: #e4e7ec; --paper: #ffffff; --back: #f5f6f8;
  --main: #2f6fde; --pale: #dbe7fb; --good: #14804a; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.55 -apple-system, "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 34px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.4px; }
h2 { font-size: 22px; margin: 0 0 6px; letter-spacing: -0.2px; }
p { margin: 0 0 14px; max-width: 74ch; }
.lead { font-size: 19px; color: #3b455a; max-width: 64ch; }
.soft, figcaption, caption, .facts { color: var(--soft); font-size: 14px; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 26px 28px; margin: 22px 0; }
.facts { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 14px 0 26px; padding: 0; list-style: none; }
.facts b { color: var(--ink); font-weight: 600; }
.grid { display: grid; gap: 22px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
.wide { display: grid; gap: 26px; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); align-items: start; }
@media (max-width: 760px) { .wide { grid-template-columns: 1fr; } section { padding: 18px 16px; } }
figure { margin: 0; min-width: 0; } figure svg, figure img { display: block; width: 100%; height: auto; }
figcaption { margin-top: 8px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
caption { caption-side: bottom; text-align: left; padding-top: 10px; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--soft); border-bottom: 1px solid var(--line); }
th, td { padding: 8px 10px; vertical-align: middle; } th.number, td.number { text-align: right; }
td { border-bottom: 1px solid #f0f1f4; } tr:last-child td { border-bottom: 0; }
tr.main td { background: #f3f7fe; font-weight: 600; } tr.limit td { color: var(--soft); font-style: italic; }
td.number { min-width: 150px; white-space: nowrap; }
td .share { display: grid; grid-template-columns: 1fr 58px; gap: 10px; align-items: center; }
td .bar { display: block; height: 8px; border-radius: 4px; background: #eceef2; overflow: hidden; }
td .bar i { display: block; height: 100%; border-radius: 4px; background: #b4bccb; }
tr.main td .bar i { background: var(--main); } tr.limit td .bar i { background: #d9dde5; }
.guesses { display: grid; grid-template-columns: minmax(70px, max-content) 1fr 44px; gap: 7px 12px;
  align-items: center; margin: 2px 0 18px; }
.guesses .soft { text-align: right; } .narrow { max-width: 720px; margin: 0 auto 14px; }
.guesses .track { background: #eceef2; border-radius: 4px; height: 14px; overflow: hidden; }
.guesses .track i { display: block; height: 100%; background: #b4bccb; border-radius: 4px; }
.guesses .right { color: var(--good); font-weight: 600; } .guesses .right + .track i { background: var(--good); }
.pairs { margin: 8px 0 0; padding: 0; list-style: none; font-size: 15px; }
.pairs li { padding: 5px 0; border-top: 1px solid #f0f1f4; } .pairs li:first-child { border-top: 0; }
.pairs b { color: var(--main); font-weight: 600; }
.pairs .wrong { color: #b42318; } .pairs .right { color: var(--good); font-weight: 600; }
pre { background: #f7f8fa; border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto;
  font: 13.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0 0 14px; }
footer { color: var(--soft); font-size: 13px; }
"""


class Html(str):
    """A string that is HTML already."""


def html(value: object) -> Html:
    """Escapes a value, unless it is HTML already.

    >>> html("a < b"), html(Html("<b>"))
    ('a &lt; b', '<b>')
    """
    return value if isinstance(value, Html) else Html(escape(str(value)))


def join(parts: Iterable[object]) -> Html:
    """Puts pieces one after another."""
    return Html("".join(html(part) for part in parts))


def element(name: str, *content: object, css: str = "") -> Html:
    """One element around its content.

    >>> element("p", "a & b", css="soft")
    '<p class="soft">a &amp; b</p>'
    """
    mark = f' class="{escape(css)}"' if css else ""
    return Html(f"<{name}{mark}>{join(content)}</{name}>")


def page(title: str, lead: str, facts: Mapping[str, object], sections: Iterable[Html], footer: str = "") -> str:
    """The whole document.

    Args:
        title: of the page and its heading.
        lead: one sentence below it.
        facts: short name and value, in one line below.
        sections: made by `section`.
        footer: small print.
    """
    items = join(element("li", name, " ", element("b", value)) for name, value in facts.items())
    body = [element("h1", title), element("p", lead, css="lead"), element("ul", items, css="facts"), *sections]
    body.append(element("footer", footer))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{element('main', *body)}\n</body>\n</html>\n"
    )


def section(title: str, *content: object) -> Html:
    """A card with a heading; a plain string in the content becomes a paragraph."""
    parts = (part if isinstance(part, Html) else element("p", part) for part in content)
    return element("section", element("h2", title), *parts)


def figure(image: str, caption: object = "") -> Html:
    """An inline SVG with its caption."""
    return element("figure", Html(inline_svg(image)), element("figcaption", caption) if caption else "")


_serial = iter(range(10**9))


def inline_svg(svg: str) -> str:
    """An SVG document as an element of a page: no XML prologue, and ids that no other picture on the page has.

    >>> inline_svg('<?xml version="1.0"?><svg><g id="a"/><use href="#a"/></svg>').count("a-p")
    2
    """
    body = svg[svg.index("<svg") :]
    prefix = f"p{next(_serial)}"
    ids = set(re.findall(r'\bid="([^"]+)"', body))
    if not ids:
        return body
    # Longest first, so that no id is found inside a longer one.
    choice = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
    body = re.sub(rf'\bid="({choice})"', rf'id="\1-{prefix}"', body)
    return re.sub(rf'(#)({choice})(?=["\')])', rf"\1\2-{prefix}", body)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    main: Iterable[int] = (),
    limit: Iterable[int] = (),
    caption: str = "",
) -> Html:
    """A table whose numbers in [0, 1] are shown as percentages over a bar.

    Args:
        header: names of the columns.
        rows: cells; a float is a share, anything else is text and None is a dash.
        main: rows to stand out.
        limit: rows that are limits and not competitors, set back.
        caption: below the table.
    """
    number = [any(isinstance(row[i], float) for row in rows) for i in range(len(header))]
    kind = [" number" if flag else "" for flag in number]
    head = join(element("th", name, css=css.strip()) for name, css in zip(header, kind, strict=True))
    main_rows, limit_rows = set(main), set(limit)
    body = []
    for i, row in enumerate(rows):
        cells = join(element("td", _cell(value), css=css.strip()) for value, css in zip(row, kind, strict=True))
        body.append(element("tr", cells, css="main" if i in main_rows else "limit" if i in limit_rows else ""))
    parts = [element("thead", element("tr", head)), element("tbody", *body)]
    if caption:
        parts.insert(0, element("caption", caption))
    return element("div", element("table", *parts), css="scroll")


def _cell(value: object) -> Html:
    if value is None:
        return Html("–")
    if not isinstance(value, float):
        return html(value)
    width = min(100.0, max(0.0, 100 * value))
    bar = f'<span class="bar"><i style="width:{width:.1f}%"></i></span>'
    return Html(f'<span class="share">{bar}<span>{100 * value:.1f} %</span></span>')


def guesses(shares: Mapping[str, float], right: str) -> Html:
    """Labels with a bar each, the right one in green."""
    rows = []
    for label, share in shares.items():
        rows.append(element("span", label, css="right" if label == right else ""))
        rows.append(Html(f'<span class="track"><i style="width:{100 * share:.1f}%"></i></span>'))
        rows.append(element("span", f"{100 * share:.0f} %", css="soft"))
    return element("div", *rows, css="guesses")


def curves(
    lines: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str, levels: Mapping[str, float] | None = None
) -> str:
    """A line chart as SVG, drawn by matplotlib: name to (x, y) points.

    Args:
        lines: drawn in order, each named at its end.
        x: what the horizontal axis is.
        y: what the vertical axis is.
        levels: dashed horizontal lines by name.
    """
    import matplotlib

    colours = ("#2f6fde", "#e07b39", "#14804a", "#8a4fd1", "#b42318", "#5b6577")
    settings: Any = {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11, "svg.hashsalt": "usg"}
    with matplotlib.rc_context(settings):
        from matplotlib.figure import Figure

        drawing = Figure(figsize=(6.0, 3.6), layout="constrained")
        axes = drawing.add_subplot()
        for i, (name, points) in enumerate(lines.items()):
            colour = colours[i % len(colours)]
            axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, linewidth=1.8, label=name)
        for name, level in (levels or {}).items():
            axes.axhline(level, color="#98a2b3", linewidth=1, linestyle=(0, (4, 3)))
            axes.annotate(
                name,
                (0.995, level),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                color="#667085",
                fontsize=9.5,
            )
        axes.set_xlabel(x, color="#667085")
        axes.set_ylabel(y, color="#667085")
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#d0d5dd")
        axes.tick_params(colors="#667085")
        axes.grid(axis="y", color="#eef0f3")
        drawing.legend(loc="outside upper center", ncols=3, frameon=False, labelcolor="#1d2433", fontsize=9.5)
        out = StringIO()
        drawing.savefig(out, format="svg", metadata={"Date": None}, transparent=True)
    return out.getvalue()
