"""What was wrong while reading or writing many graphs: counted, the first ones kept."""

from __future__ import annotations

from collections.abc import Callable

_KEPT = 10
_LONGEST = 300  # characters of a line


class Problems:
    """Collects problems, each a line with its place, or raises at the first.

    Args:
        strict: raise `ValueError` at the first problem instead of collecting it.
        tell: called with the line of each problem when it is added.

    Attributes:
        count: how many there were.
        first: the first ten.

    Example:
        >>> problems = Problems()
        >>> problems.add("graphs.jsonl:3", "not JSON")
        >>> str(problems)
        'graphs.jsonl:3: not JSON'
        >>> problems.count
        1
    """

    def __init__(self, strict: bool = False, *, tell: Callable[[str], None] | None = None) -> None:
        self.strict = strict
        self._tell = tell
        self.count = 0
        self.first: list[str] = []

    def add(self, where: str, reason: str) -> None:
        """Count a problem.

        Args:
            where: file and line, or the number of a graph.
            reason: what is wrong there.

        Raises:
            ValueError: the collector is strict.
        """
        reason = " ".join(reason.split())
        where = " ".join(where.splitlines())  # the name of a file may hold line ends
        line = f"{where}: {reason[:_LONGEST]}{'...' if len(reason) > _LONGEST else ''}"
        if self.strict:
            raise ValueError(line)
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(line)
        if self._tell is not None:
            self._tell(line)

    def __str__(self) -> str:
        more = self.count - len(self.first)
        return "\n".join([*self.first, f"... and {more:,} more"] if more else self.first)
