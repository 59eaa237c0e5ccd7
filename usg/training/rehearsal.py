"""A few real steps of a training, to know its memory and its speed before it is run; `usg peek` prints them.

The steps are those of the run itself, in its own trainer: its data, precision, devices, accumulation and callbacks.
What a run leaves is left out: the folder is a temporary one, there is no log, no checkpoint and no validation.

Memory is counted where it can be: weights, gradients, the optimiser's state, and the activations that one forward pass
keeps for its backward pass, each storage once, through torch's hooks on saved tensors. What is held in passing comes on
top and is in the peak: on a GPU what torch allocated at most, else what the process had resident at most, with Python,
libraries and data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.distributed.tensor import DTensor

from usg.memory import peak_mib

__all__ = ["Measured", "Rehearsal", "RehearsalOver"]

_WARM_UP = 2  # steps that are not timed: allocators and caches fill

Show = Callable[[Trainer, LightningModule, Any], None]
"""Called with the first batch before it is learnt from."""


class RehearsalOver(Exception):
    """Ends a training after its rehearsal."""


@dataclass(frozen=True)
class Measured:
    """What a few steps of a run say of the whole.

    Attributes:
        weights: bytes of parameters and buffers on this device.
        gradients: bytes of the gradients.
        optimizer: bytes of the optimiser's state.
        activations: bytes that one forward pass keeps for its backward pass.
        peak: bytes held at most.
        seconds: of an optimiser step, waiting for data included.
        steps: that were timed.
        remaining: optimiser steps of the run from where it starts.
        device: what the peak was held by, in words.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    peak: int
    seconds: float
    steps: int
    remaining: int
    device: str


class Rehearsal(Callback):
    """Measures the first steps of a training, then ends it by raising `RehearsalOver`.

    Args:
        show: called with trainer, module and the first batch.
        steps: optimiser steps to time, after two that are not.

    Attributes:
        measured: what was found; None before the end.
        shown: whether this process is the one that shows.
    """

    def __init__(self, show: Show, steps: int = 10) -> None:
        if steps < 1:
            raise ValueError(f"a rehearsal of {steps} steps measures nothing; expected at least 1")
        self.show, self.steps = show, steps
        self.measured: Measured | None = None
        self.shown = False
        self._saved: dict[int, int] = {}
        self._counting = ExitStack()
        self._gradients = self._activations = 0
        self._first = 0
        self._times: list[float] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Show the first batch, and count what its forward pass keeps."""
        if self._times:
            return
        self._first = trainer.global_step
        if trainer.is_global_zero:
            self.shown = True
            self.show(trainer, pl_module, batch)
        self._times.append(_now(pl_module.device))
        held = {each.untyped_storage().data_ptr() for each in _tensors(pl_module)}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in held:
                self._saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        self._counting.enter_context(torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor))

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """The first forward pass is over."""
        self._counting.close()
        if self._saved:
            self._activations = sum(self._saved.values())
            self._saved = {}

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """Weigh the gradients, while they are there."""
        grads = [each.grad for each in pl_module.parameters() if each.grad is not None]
        self._gradients = sum(map(_bytes, grads))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take the time of an optimiser step, and end when there are enough."""
        done = trainer.global_step - self._first
        if done < len(self._times):
            return  # gradients accumulate
        self._times.append(_now(pl_module.device))
        if done == self.steps + _WARM_UP or trainer.global_step == trainer.estimated_stepping_batches:
            self._counting.close()
            self.measured = self._measured(trainer, pl_module)
            raise RehearsalOver

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave nothing behind in torch, whatever happened."""
        self._counting.close()

    def _measured(self, trainer: Trainer, module: LightningModule) -> Measured:
        state = [
            value
            for optimizer in trainer.optimizers
            for values in optimizer.state.values()
            for value in values.values()
            if isinstance(value, Tensor)
        ]
        # A run shorter than the warm-up is timed all the same.
        times = self._times[min(_WARM_UP, len(self._times) - 2) :]
        cuda = module.device.type == "cuda"
        return Measured(
            weights=sum(map(_bytes, _tensors(module))),
            gradients=self._gradients,
            optimizer=sum(map(_bytes, state)),
            activations=self._activations,
            peak=torch.cuda.max_memory_allocated(module.device) if cuda else round(peak_mib() * 2**20),
            seconds=(times[-1] - times[0]) / (len(times) - 1),
            steps=len(times) - 1,
            remaining=int(trainer.estimated_stepping_batches) - self._first,
            device="by tensors on this GPU" if cuda else "by the whole process, with Python, libraries and data",
        )


def _tensors(module: LightningModule) -> list[Tensor]:
    return [_own(each) for each in (*module.parameters(), *module.buffers())]


def _own(tensor: Tensor) -> Tensor:
    """The part of a tensor that this process holds."""
    part: Tensor = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    return part


def _bytes(tensor: Tensor) -> int:
    return _own(tensor).numel() * tensor.element_size()


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
