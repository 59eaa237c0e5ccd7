"""What the processes of one training tell each other, so that they learn what one process would.

The processes share a batch, and Lightning averages their gradients. A mean over what one of them has would make that a
mean of means, in which a word counts more where there are few. With S_r the sum of losses and n_r the count on process
r of R, each divides by the same number instead, the mean count:

    (1 / R) sum_r S_r / (n / R) = sum_r S_r / n,        n = sum_r n_r

which is the mean over the whole batch, and so is its gradient.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.distributed.nn.functional import all_gather

# gloo raises plain RuntimeErrors; some name the file that they come from.
_GLOO = ("gloo/", "Application timeout", "Timed out waiting")


def mean_over_ranks(values: Tensor) -> Tensor:
    """The mean of a tensor over all processes; the tensor itself where there is one process. Without a gradient.

    Every process has to call it, with the same shape.

    Example:
        >>> import torch
        >>> mean_over_ranks(torch.tensor([3.0, 4.0])).tolist()
        [3.0, 4.0]
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return values.detach()
    total = values.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def gather_over_ranks(rows: Tensor) -> tuple[Tensor, int]:
    """The rows of all processes, and how many stand before one's own. With a gradient, to the processes they are of.

    Every process has to call it, with rows of the same width; their number may differ.

    Args:
        rows: `(n, d)`.

    Example:
        >>> import torch
        >>> gather_over_ranks(torch.ones(2, 1))
        (tensor([[1.],
                [1.]]), 0)
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return rows, 0
    mine = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.zeros_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, mine)
    sizes = [int(count) for count in counts]
    padded = F.pad(rows, (0, 0, 0, max(sizes) - len(rows)))
    gathered = all_gather(padded)
    everyone = torch.cat([part[:size] for part, size in zip(gathered, sizes, strict=True)])
    return everyone, sum(sizes[: dist.get_rank()])


def lost_process(error: BaseException) -> bool:
    """Whether an error says that another process of the training is gone or no longer answers.

    Example:
        >>> lost_process(RuntimeError("[gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:29500"))
        True
        >>> lost_process(RuntimeError("CUDA out of memory"))
        False
    """
    if not (dist.is_available() and isinstance(error, RuntimeError)):
        return False
    return isinstance(error, dist.DistError) or any(said in str(error) for said in _GLOO)
