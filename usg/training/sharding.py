"""Weights, gradients and optimiser states in parts, one on each process: FSDP2 (`torch.distributed.fsdp.fully_shard`).

Lightning's `ModelParallelStrategy` leaves the sharding to `configure_model`, which calls `shard` here. A part's weights
are gathered when it runs and let go after it; its gradients are averaged over the processes and kept in parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor


def is_sharded(module: LightningModule) -> bool:
    """Whether the trainer of a module wants it in parts."""
    return isinstance(module.trainer.strategy, ModelParallelStrategy)


def shard(module: LightningModule, parts: Iterable[tuple[nn.Module, Sequence[str]]]) -> None:
    """Put the weights of parts on all processes, some on each.

    Args:
        module: that trains; its trainer says on how many processes.
        parts: modules, inner ones before those that hold them, each with the methods it is used by besides forward.
            A part without weights is left as it is.

    Raises:
        ValueError: the module is not to be trained, or the strategy is set to write checkpoints in parts.
    """
    if module.trainer.state.fn != "fit":
        raise ValueError("scoring takes whole weights: leave out training/fsdp; the checkpoints are the same")
    strategy: Any = module.trainer.strategy
    if strategy._save_distributed_checkpoint:
        raise ValueError(
            "checkpoints here are one file, which any number of processes resumes: set "
            "trainer.strategy.init_args.save_distributed_checkpoint to false, as `--config training/fsdp` does"
        )
    mesh = init_device_mesh(strategy.root_device.type, (strategy.world_size,))
    for part, methods in parts:
        if any(True for _ in part.parameters()):
            fully_shard(part, mesh=mesh)
            for method in methods:
                register_fsdp_forward_method(part, method)


class NoWeightsApart(Callback):
    """Refuses a training of which some weights would go their own way on every process."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at all that is trained."""
        if is_sharded(pl_module):
            for name, weight in pl_module.named_parameters():
                if weight.requires_grad and not isinstance(weight, DTensor):
                    raise ValueError(f"this training does not put {name} in parts: take training/ddp")


def whole_weights(module: nn.Module, trained: bool = False) -> dict[str, Tensor]:
    """The weights of a sharded module on the CPU of the first process; every process has to call it.

    Args:
        module: all of what is sharded, or a part of it.
        trained: leave out what is frozen.
    """
    weights: dict[str, Any] = get_model_state_dict(
        module, options=StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=trained)
    )
    return weights
