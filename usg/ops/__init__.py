"""Segment reductions and graph attention over typed edges, on torch tensors.

Every op is registered with `torch.library` in the namespace ``usg``, has a fake kernel for `torch.compile`, gives the
same bits on every run unless ``USG_OPS_ATOMIC=1`` allows otherwise on a GPU, and is differentiated by a
`torch.autograd.Function` outside the op. On the CPU and on CUDA compiled kernels answer where they can be had
(`backend`), elsewhere torch's own; docs/kernels.md has the whole story.
"""

from usg.ops import attention_native as _attention_native  # noqa: F401  registers the kernels
from usg.ops import segment_native as _segment_native  # noqa: F401
from usg.ops.attention import graph_attention, graph_self_attention
from usg.ops.backend import backend
from usg.ops.csr import CSR
from usg.ops.neighbours import gather_scatter
from usg.ops.segment import segment_max, segment_mean, segment_softmax, segment_sum

__all__ = [
    "CSR",
    "backend",
    "gather_scatter",
    "graph_attention",
    "graph_self_attention",
    "segment_max",
    "segment_mean",
    "segment_softmax",
    "segment_sum",
]
