"""How much of each of several data sets a pass over all of them sees: sampling with a temperature.

Of N items in all, data set i with n_i gives a pass N p_i, where p_i is in proportion to n_i ** (1 / T) (Devlin et al.'s
multilingual BERT; Raffel et al. 2020, section 3.5.2). T = 1 is every item once; the larger T, the more alike are the
shares. Pass after pass goes on where the last one stopped, so that of a data set that is seen less all items come in
turn, and everything is a function of the pass alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_RUN = 1_000  # items that a pass takes one behind the other from one data set


class Mixture:
    """A pass over several data sets whose items are numbered one behind the other.

    Args:
        counts: items of each.
        temperature: T above; at least 1.
        unused: items at the end of the last one that no pass sees.

    Attributes:
        sizes: items of each that a pass sees.

    Raises:
        ValueError: the temperature is below 1, or a data set is empty.

    Example:
        >>> mixture = Mixture([90, 10], temperature=2.0)
        >>> mixture.sizes, mixture.numbers(np.array([0, 74, 75, 99]), epoch=0).tolist()
        ([75, 25], [0, 74, 90, 94])
        >>> mixture.numbers(np.array([0, 74]), epoch=1).tolist()
        [75, 59]
    """

    def __init__(self, counts: Sequence[int], temperature: float = 1.0, unused: int = 0) -> None:
        if not temperature >= 1:
            raise ValueError(f"the temperature of a mixture is {temperature}; expected at least 1, every item once")
        self._starts = np.cumsum([0, *counts])
        self._counts = np.array([*counts[:-1], counts[-1] - unused], np.int64)
        if (self._counts < 1).any():
            raise ValueError(f"data sets of {self._counts.tolist()} items cannot be mixed; leave out the empty ones")
        share = (self._counts / self._counts.max()) ** (1 / temperature)
        wanted = np.maximum(1, np.round(self._counts.sum() * share / share.sum())).astype(np.int64)
        self.sizes: list[int] = (self._counts if temperature == 1 else wanted).tolist()
        self._ends = np.cumsum(self.sizes)

    def __len__(self) -> int:
        """Items of a pass."""
        return int(self._ends[-1])

    @property
    def runs(self) -> Ints:
        """`(k + 1,)` where stretches of a pass begin whose items lie together, then its length."""
        starts = [np.arange(end - size, end, _RUN) for end, size in zip(self._ends, self.sizes, strict=True)]
        return np.unique(np.concatenate([*starts, self._ends[-1:]]))

    def numbers(self, places: Ints, epoch: int) -> Ints:
        """The items at places of a pass.

        Args:
            places: `(b,)` from 0 to `len(self)`.
            epoch: the number of the pass.
        """
        part = np.searchsorted(self._ends, places, side="right")
        size, count = np.array(self.sizes)[part], self._counts[part]
        within = places - (self._ends[part] - size)
        return np.asarray(self._starts[part] + (epoch * size + within) % count)
