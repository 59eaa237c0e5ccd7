"""Registration of an op with torch, in one place.

An op is defined, given one implementation for every device, another for CPU and CUDA by the compiled kernels, and a
fake one for tracing, and that is all torch knows of it. Differentiation sits outside, in a `torch.autograd.Function`
beside the public function: four times cheaper per call than `torch.library.register_autograd` when measured on torch
2.13, and the same rule as attention-gym's. Autocast sits outside too: an op computes in the types it was given.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from usg.ops.backend import backend
from usg.ops.native import DTYPES, Unsupported

__all__ = ["autocast_to_one", "register", "register_native"]

_PLAIN: dict[str, Callable[..., Any]] = {}


def register(name: str, schema: str, fake: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function as ``torch.ops.usg.<name>`` and gives back that op.

    Args:
        name: name in the namespace ``usg``.
        schema: torch schema, such as ``"(Tensor values, Tensor rowptr) -> Tensor"``.
        fake: the same signature, giving empty tensors of the right shape.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def without_autocast(first: Tensor, *rest: Any) -> Any:
            if not torch.is_autocast_enabled(first.device.type):
                return function(first, *rest)
            with torch.autocast(first.device.type, enabled=False):
                return function(first, *rest)

        qualified = f"usg::{name}"
        torch.library.define(qualified, schema)
        torch.library.impl(qualified, "default")(without_autocast)
        torch.library.register_fake(qualified)(fake)
        _PLAIN[qualified] = without_autocast
        op: Callable[..., Any] = getattr(torch.ops.usg, name).default
        return op

    return decorate


def register_native(op: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function for tensors on the CPU and on CUDA, to be used where compiled kernels answer.

    It must call no op that autocast would cast. Where it raises `Unsupported`, the one for every device answers.

    Args:
        op: what `register` gave.
    """
    name = op.name()  # type: ignore[attr-defined]
    plain = _PLAIN[name]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def choose(first: Tensor, *rest: Any) -> Any:
            kind = first.device.type
            if first.dtype in DTYPES and backend(kind) == kind:
                try:
                    return function(first, *rest)
                except Unsupported:  # shapes and types that docs/kernels.md lists
                    return plain(first, *rest)
            return plain(first, *rest)

        for key in ("CPU", "CUDA"):
            torch.library.impl(name, key)(choose)
        return function

    return decorate


def autocast_to_one(*tensors: Tensor | None) -> tuple[Tensor | None, ...]:
    """Under autocast, casts every floating tensor to autocast's type; elsewhere gives them back untouched.

    The ops accumulate in float32 whatever they are given, so the narrow type costs only what storing it costs.
    """
    present = next(tensor for tensor in tensors if tensor is not None)
    kind = present.device.type
    if not torch.is_autocast_enabled(kind):
        return tensors
    dtype = torch.get_autocast_dtype(kind)
    return tuple(
        t.to(dtype) if t is not None and t.is_floating_point() and t.dtype != torch.float64 else t for t in tensors
    )
