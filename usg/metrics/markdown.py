"""Figures and tables in Markdown, as the pages of results have them: per cent, with one decimal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usg.metrics.bootstrap import Estimate

__all__ = ["markdown_table", "mean_and_spread", "percent"]


def percent(estimate: Estimate | None, signed: bool = False) -> str:
    """A share with its interval, in per cent; a dash where there is none.

    Args:
        estimate: the share.
        signed: of a difference.

    >>> percent(Estimate(0.733, 0.705, 0.761, 1000)), percent(Estimate(0.04, -0.01, 0.09, 9), signed=True)
    ('73.3 [70.5, 76.1]', '+4.0 [-1.0, +9.0]')
    """
    if estimate is None:
        return "-"
    sign = "+" if signed else ""
    return f"{100 * estimate.value:{sign}.1f} [{100 * estimate.low:{sign}.1f}, {100 * estimate.high:{sign}.1f}]"


def mean_and_spread(shares: Sequence[float]) -> str:
    """The mean over runs and its standard deviation, which a single run does not have, in per cent.

    >>> mean_and_spread([0.40, 0.44]), mean_and_spread([0.4])
    ('42.0 ± 2.8', '40.0')
    """
    mean = f"{100 * float(np.mean(shares)):.1f}"
    return mean if len(shares) == 1 else f"{mean} ± {100 * float(np.std(shares, ddof=1)):.1f}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], bold: str | None = None, names: int = 1) -> str:
    """A table in Markdown; the first columns hold names, the others figures.

    Args:
        head: names of the columns.
        rows: cells.
        bold: the row whose first cell this is stands out.
        names: how many columns hold names.

    >>> print(markdown_table(["system", "score"], [["ours", "1.0"]], bold="ours"))
    | system | score |
    |---|---:|
    | **ours** | **1.0** |
    """
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * names + "---:|" * (len(head) - names)]
    for row in rows:
        cells = [f"**{cell}**" for cell in row] if row[0] == bold else row
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
