"""Two edge-wise products that all the ops are made of, written with what torch ships.

With x (H, n, D) at the targets, y (H, m, D) at the sources and w (H, e) on the edges i <- j of a CSR:

    edge_dot   s[h, e] = x[h, i] . y[h, j]             a sampled dense-dense product (SDDMM)
    edge_sum   z[h, i] = sum_e w[h, e] y[h, j]         a sparse-dense product (SpMM)

On the CPU both are torch's sparse CSR kernels (MKL), one call per head: no (e, D) tensor exists, rows are summed in
slot order by one thread each, and on the batches of docs/results/ops.json they take a twentieth of the time of gather and
index_add. Elsewhere (CUDA, a torch without MKL) they gather, multiply and reduce, which is right and deterministic but
writes (e, D) tensors.

Heads come first, (H, ...), so that one head's matrix is contiguous.
"""

import warnings

import torch
from torch import Tensor

__all__ = ["edge_dot", "edge_sum", "segment_reduce"]

with warnings.catch_warnings():
    # torch says once per process that sparse CSR is in beta; said here, it cannot surface in the middle of a training.
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor(torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1), size=(1, 1))


def edge_dot(x: Tensor, y: Tensor, rowptr: Tensor, col: Tensor, row_index: Tensor, start: Tensor | None = None) -> Tensor:
    """Dot products along edges.

    Args:
        x: (H, n, D) vectors of the targets.
        y: (H, m, D) vectors of the sources.
        rowptr: (n + 1,) int32.
        col: (e,) int32.
        row_index: (e,) int32.
        start: (H, e) values to add to; overwritten. None for zeros.

    Returns:
        (H, e).
    """
    heads, edges = x.shape[0], col.numel()
    result = x.new_zeros(heads, edges) if start is None else start
    if edges == 0:
        return result
    if not _has_sparse_kernels(x):
        for head in range(heads):
            result[head] += (x[head].index_select(0, row_index) * y[head].index_select(0, col)).sum(-1)
        return result
    size = (x.shape[1], y.shape[1])
    for head in range(heads):
        matrix = _matrix(rowptr, col, result[head], size)
        torch.sparse.sampled_addmm(matrix, x[head], y[head].t(), beta=1.0, alpha=1.0, out=matrix)
    return result


def edge_sum(weight: Tensor, y: Tensor, rowptr: Tensor, col: Tensor) -> Tensor:
    """Weighted sums over the edges of each row.

    Args:
        weight: (H, e).
        y: (H, m, D) vectors of the sources.
        rowptr: (n + 1,) int32.
        col: (e,) int32.

    Returns:
        (H, n, D); 0 for a row without edges.
    """
    heads, rows, width = weight.shape[0], rowptr.numel() - 1, y.shape[2]
    if col.numel() == 0 or rows == 0 or width == 0:
        return y.new_zeros(heads, rows, width)
    result = y.new_empty(heads, rows, width)
    if not _has_sparse_kernels(y):
        for head in range(heads):
            terms = weight[head].unsqueeze(-1) * y[head].index_select(0, col)
            result[head] = segment_reduce(terms, rowptr, "sum")
        return result
    size = (rows, y.shape[1])
    for head in range(heads):
        torch.addmm(result[head], _matrix(rowptr, col, weight[head], size), y[head], beta=0.0, out=result[head])
    return result


def segment_reduce(values: Tensor, rowptr: Tensor, reduce: str) -> Tensor:
    """Sum or max over the leading dimension by rows: (e, ...) to (n, ...); 0 for a row without edges."""
    result = torch.segment_reduce(values.contiguous(), reduce, offsets=rowptr, axis=0, unsafe=True)
    if reduce == "max":
        empty = (rowptr.diff() == 0).view(-1, *[1] * (values.dim() - 1))
        result.masked_fill_(empty, 0.0)
    return result


def _has_sparse_kernels(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and torch.backends.mkl.is_available()


def _matrix(rowptr: Tensor, col: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(rowptr, col, values, size=size, check_invariants=False)
