"""Two edge-wise products that all the ops are made of, written with what torch ships.

With x (n, D) at the targets, y (m, D) at the sources and w (e,) on the edges i <- j of a CSR:

    edge_dot   s_e = x_i . y_j                         a sampled dense-dense product (SDDMM)
    edge_sum   z_i = sum over e = (i <- j) of w_e y_j  a sparse-dense product (SpMM)

On the CPU both are torch's sparse CSR kernels (the second is MKL's): no (e, D) tensor exists, and each row is summed in
slot order by one thread. Elsewhere (CUDA, a torch without MKL, ``USG_OPS=torch_scatter``) they gather, multiply and
reduce, which is right and deterministic but writes an (e, D) tensor.
"""

import warnings

import torch
from torch import Tensor

from usg.ops.backend import backend

__all__ = ["edge_dot", "edge_sum", "segment_reduce"]

with warnings.catch_warnings():
    # torch says once per process that sparse CSR is in beta; said here, it cannot surface in the middle of a training.
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor(torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1), size=(1, 1))


def edge_dot(
    x: Tensor, y: Tensor, rowptr: Tensor, col: Tensor, row_index: Tensor, start: Tensor, scale: float = 1.0
) -> Tensor:
    """Adds scaled dot products along edges to `start`, in place.

    Args:
        x: (n, D) vectors of the targets.
        y: (m, D) vectors of the sources.
        rowptr: (n + 1,) int32.
        col: (e,) int32.
        row_index: (e,) int32.
        start: (e,) values to add to; overwritten.
        scale: factor of the products.

    Returns:
        (e,), which is `start`.
    """
    if col.numel() == 0:
        return start
    # torch cuts a sparse matrix to as many values as it has places, so repeated edges of a tiny graph go the other way.
    if not _has_sparse_kernels(x) or col.numel() > x.shape[0] * y.shape[0]:
        products = (x.index_select(0, row_index) * y.index_select(0, col)).sum(-1)
        return start.add_(products, alpha=scale)
    matrix = _matrix(rowptr, col, start, (x.shape[0], y.shape[0]))
    torch.sparse.sampled_addmm(matrix, x, y.t(), beta=1.0, alpha=scale, out=matrix)
    return start


def edge_sum(weight: Tensor, y: Tensor, rowptr: Tensor, col: Tensor, out: Tensor, accumulate: bool = False) -> Tensor:
    """Weighted sums over the edges of each row.

    Args:
        weight: (e,).
        y: (m, D) vectors of the sources.
        rowptr: (n + 1,) int32.
        col: (e,) int32.
        out: (n, D) where the sums go; rows may be strided.
        accumulate: add to `out` rather than overwrite it.

    Returns:
        (n, D), which is `out`; a row without edges counts 0.
    """
    if col.numel() == 0 or out.numel() == 0:
        return out if accumulate else out.zero_()
    if not _has_sparse_kernels(y):
        sums = segment_reduce(weight.unsqueeze(-1) * y.index_select(0, col), rowptr, "sum")
        return out.add_(sums) if accumulate else out.copy_(sums)
    matrix = _matrix(rowptr, col, weight, (out.shape[0], y.shape[0]))
    return torch.addmm(out, matrix, y, beta=1.0 if accumulate else 0.0, out=out)


def segment_reduce(values: Tensor, rowptr: Tensor, reduce: str) -> Tensor:
    """Sum or max over the leading dimension by rows: (e, ...) to (n, ...); 0 for a row without edges."""
    if backend() == "torch_scatter":
        from torch_scatter import segment_csr

        reduced: Tensor = segment_csr(values.contiguous(), rowptr.long(), reduce=reduce)
        return reduced
    result = torch.segment_reduce(values.contiguous(), reduce, offsets=rowptr, axis=0, unsafe=True)
    if reduce == "max":
        empty = (rowptr.diff() == 0).view(-1, *[1] * (values.dim() - 1))
        result.masked_fill_(empty, 0.0)
    return result


def _has_sparse_kernels(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and torch.backends.mkl.is_available() and backend() != "torch_scatter"


def _matrix(rowptr: Tensor, col: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(rowptr, col, values, size=size, check_invariants=False)
