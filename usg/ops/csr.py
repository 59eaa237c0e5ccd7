"""The edge list every op reads: compressed sparse rows and their transpose.

Row ``i`` of the CSR lists the edges that end in node ``i``, so a row is what one node hears. The transposed view lists
the same edges by the node they start from; gradients with respect to sources are sums over it, which needs no atomic
addition and is therefore the same bit for bit on every run. The layout follows PyG's ``EdgeIndex`` (Fey et al. 2019,
release 2.5): row pointer, column, and the permutation between the two orders, made once per batch.

Indices are int32. A batch of 2**31 edges does not fit any machine we target, int32 halves the bytes read per edge, and
both sparse libraries under torch (MKL with the LP64 interface, cuSPARSE) want it.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CSR"]

LIMIT = 2**31 - 1


@dataclass(frozen=True, eq=False)
class CSR:
    """Edges sorted by target, and the same edges sorted by source.

    Letters: n targets, m sources, e edges.

    Attributes:
        rowptr: (n + 1,) int32; the edges that end in node i are slots ``rowptr[i]:rowptr[i + 1]``.
        col: (e,) int32; the source of each slot.
        colptr: (m + 1,) int32; the edges that start in node j are transposed slots ``colptr[j]:colptr[j + 1]``.
        row: (e,) int32; the target of each transposed slot.
        position: (e,) int32; for each transposed slot, its slot in the CSR order.
        row_index: (e,) int32; the target of each slot, worked out from `rowptr`.

    Raises:
        TypeError: an array is not an int32 tensor.
        ValueError: shapes, devices, pointers or indices do not fit together. The values are read on the CPU only;
            a handle that moves to another device was checked before.

    Example:
        >>> graph, order = CSR.from_edges([0, 2, 1], [1, 1, 0], num_nodes=3)
        >>> graph.rowptr.tolist(), graph.col.tolist(), order.tolist()
        ([0, 1, 3, 3], [1, 0, 2], [2, 0, 1])
        >>> graph.row_index.tolist()
        [0, 1, 1]
    """

    rowptr: Tensor
    col: Tensor
    colptr: Tensor
    row: Tensor
    position: Tensor
    row_index: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Checks types and shapes, and on the CPU every value; keeps the target of each slot."""
        for name in ("rowptr", "col", "colptr", "row", "position"):
            array = getattr(self, name)
            if not isinstance(array, Tensor) or array.dtype != torch.int32:
                kind = array.dtype if isinstance(array, Tensor) else type(array).__name__
                raise TypeError(f"CSR.{name} must be an int32 tensor, got {kind}; build the handle with CSR.from_edges")
            if array.dim() != 1:
                raise ValueError(f"CSR.{name} must have one dimension, got shape {tuple(array.shape)}")
            if array.device != self.rowptr.device:
                raise ValueError(
                    f"CSR.{name} is on {array.device} but rowptr on {self.rowptr.device}; use CSR.to(device)"
                )
        edges = self.col.numel()
        if not (self.row.numel() == self.position.numel() == edges):
            raise ValueError(
                f"CSR.col, row and position must have one entry per edge, got {edges}, {self.row.numel()}, "
                f"{self.position.numel()}"
            )
        if self.rowptr.numel() == 0 or self.colptr.numel() == 0:
            raise ValueError("CSR.rowptr and colptr need at least one entry, the leading 0")
        if self.rowptr.device.type == "cpu":
            _check_pointer("rowptr", self.rowptr, edges)
            _check_pointer("colptr", self.colptr, edges)
            _check_range("col", self.col, self.num_sources)
            _check_range("row", self.row, self.num_targets)
            _check_range("position", self.position, edges)
        # Kept here rather than on first use, so that torch.compile reads an attribute and runs no Python.
        object.__setattr__(self, "row_index", expand_pointer(self.rowptr, edges))

    @classmethod
    def from_edges(
        cls,
        source: "Tensor | np.ndarray | list[int]",
        target: "Tensor | np.ndarray | list[int]",
        num_nodes: int,
        num_sources: int | None = None,
    ) -> "tuple[CSR, Tensor]":
        """Sorts an edge list by target, keeping the given order inside a row.

        Args:
            source: (e,) the node each edge starts from.
            target: (e,) the node each edge ends in.
            num_nodes: n, the number of targets, and of sources unless `num_sources` says otherwise.
            num_sources: m, for edges between two different sets of nodes.

        Returns:
            The handle, and ``order`` (e,) int64: slot s of the handle is edge ``order[s]`` of the input, so edge
            values follow by ``edge_type[order]``.

        Raises:
            TypeError: indices are not integers.
            ValueError: lengths differ, or an index is outside the nodes.
        """
        num_sources = num_nodes if num_sources is None else num_sources
        source, target = _indices("source", source), _indices("target", target)
        if source.shape != target.shape:
            raise ValueError(f"source and target must be equally long, got {source.numel()} and {target.numel()}")
        if max(source.numel(), num_nodes, num_sources) > LIMIT:
            raise ValueError(f"CSR holds fewer than 2**31 nodes and edges, got {source.numel()} edges; split the batch")
        _check_range("source", source, num_sources)
        _check_range("target", target, num_nodes)
        order = torch.sort(target.int(), stable=True).indices
        col = source[order].int()
        position = torch.sort(col, stable=True).indices
        graph = cls(
            rowptr=_pointer(target, num_nodes),
            col=col,
            colptr=_pointer(source, num_sources),
            row=target[order][position].int(),
            position=position.int(),
        )
        return graph, order

    @property
    def num_targets(self) -> int:
        """n, the number of rows."""
        return self.rowptr.numel() - 1

    @property
    def num_sources(self) -> int:
        """m, the number of nodes that edges may start from."""
        return self.colptr.numel() - 1

    @property
    def num_edges(self) -> int:
        """e, the number of edges."""
        return self.col.numel()

    @property
    def device(self) -> torch.device:
        """Where the handle lies."""
        return self.rowptr.device

    def transpose(self) -> "CSR":
        """The handle of the reversed edges, in transposed slot order; nothing is sorted again."""
        inverse = torch.empty_like(self.position)
        inverse[self.position.long()] = torch.arange(self.num_edges, dtype=torch.int32, device=self.device)
        return CSR(rowptr=self.colptr, col=self.row, colptr=self.rowptr, row=self.col, position=inverse)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "CSR":
        """The same handle on another device; itself where it is already there."""
        if torch.device(device) == self.device:
            return self
        parts = (self.rowptr, self.col, self.colptr, self.row, self.position)
        # On the CPU the values are checked at once, so they must have arrived.
        non_blocking = non_blocking and torch.device(device).type != "cpu"
        return CSR(*(part.to(device, non_blocking=non_blocking) for part in parts))

    def pin_memory(self) -> "CSR":
        """The same handle in page-locked memory, for copies to a GPU beside computation."""
        parts = (self.rowptr, self.col, self.colptr, self.row, self.position)
        return CSR(*(part.pin_memory() for part in parts))

    def validate(self) -> None:
        """Checks that the transposed view lists the same edges, in CSR order inside each source.

        Raises:
            ValueError: it does not; the message names the first slot that differs.
        """
        order = torch.sort(self.col, stable=True).indices.int()
        for name, given, right in (
            ("position", self.position, order),
            ("row", self.row, self.row_index[order.long()]),
            ("colptr", self.colptr, _pointer(self.col.long(), self.num_sources)),
        ):
            wrong = torch.nonzero(given != right)
            if len(wrong):
                slot = int(wrong[0])
                raise ValueError(
                    f"CSR.{name}[{slot}] is {int(given[slot])} but the edges give {int(right[slot])}; "
                    "build the handle with CSR.from_edges"
                )


def expand_pointer(rowptr: Tensor, size: int) -> Tensor:
    """The row of each slot: (n + 1,) pointers to (size,) int32."""
    rows = torch.arange(rowptr.numel() - 1, dtype=torch.int32, device=rowptr.device)
    return torch.repeat_interleave(rows, rowptr.diff(), output_size=size)


def _pointer(index: Tensor, size: int) -> Tensor:
    """Row pointers of a list of row numbers in any order: (e,) to (size + 1,) int32."""
    pointer = torch.zeros(size + 1, dtype=torch.int32, device=index.device)
    torch.cumsum(torch.bincount(index, minlength=size), 0, out=pointer[1:])
    return pointer


def _indices(name: str, values: "Tensor | np.ndarray | list[int]") -> Tensor:
    """Any one-dimensional integer array as int64."""
    if isinstance(values, list) and not values:
        return torch.zeros(0, dtype=torch.int64)
    index = torch.as_tensor(values)
    if index.dtype == torch.bool or index.is_floating_point() or index.is_complex():
        raise TypeError(f"{name} must hold integers, got {index.dtype}")
    if index.dim() != 1:
        raise ValueError(f"{name} must have one dimension, got shape {tuple(index.shape)}")
    return index.long()


def _check_range(name: str, index: Tensor, size: int) -> None:
    """Refuses an index outside [0, size)."""
    if index.numel() == 0:
        return
    low, high = (int(value) for value in index.aminmax())
    if low < 0 or high >= size:
        value = low if low < 0 else high
        slot = int(torch.nonzero(index == value)[0])
        raise ValueError(f"{name}[{slot}] is {value}, outside the {size} nodes or edges [0, {size})")


def _check_pointer(name: str, pointer: Tensor, edges: int) -> None:
    """Refuses pointers that do not rise from 0 to the number of edges."""
    if int(pointer[0]) != 0 or int(pointer[-1]) != edges:
        raise ValueError(f"CSR.{name} must run from 0 to {edges} edges, got {int(pointer[0])} to {int(pointer[-1])}")
    if bool((pointer.diff() < 0).any()):
        slot = int(torch.nonzero(pointer.diff() < 0)[0])
        raise ValueError(f"CSR.{name} falls after entry {slot}; pointers never decrease")
