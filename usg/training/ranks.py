"""What the processes of one training tell each other, so that they learn what one process would.

The processes share a batch, and Lightning averages their gradients. A mean over what one of them has would make that a
mean of means, in which a word counts more where there are few. With S_r the sum of losses and n_r the count on process
r of R, each divides by the same number instead, the mean count:

    (1 / R) sum_r S_r / (n / R) = sum_r S_r / n,        n = sum_r n_r

which is the mean over the whole batch, and so is its gradient.
"""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor

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
