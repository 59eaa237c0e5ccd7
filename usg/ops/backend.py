"""Which implementation answers the ops.

``USG_OPS`` chooses, and is read at every call:

    torch          torch's own sparse and segment kernels, on every device
    cpu            the compiled kernels for tensors on the CPU, torch's for all others; an error where there are none
    cuda           the compiled kernels on CUDA devices too; an error where there is no such device, or no kernels
    torch_scatter  torch's, with the reductions of torch-scatter
    (not set)      the compiled kernels on both, and torch where nothing can be compiled, which is said once

``USG_OPS_ATOMIC=1`` lets the CUDA kernels add up gradients in any order; it too is read at every call, and what
`torch.compile` compiled without it stays without.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib.util import find_spec

from usg.names import unknown_name
from usg.ops.build import BuildError

__all__ = ["atomic", "backend"]

_NAMES = ("torch", "cpu", "cuda", "torch_scatter")


def backend(device: str = "cpu") -> str:
    """The name of the implementation behind the ops.

    Args:
        device: torch's name of the kind of device the tensors are on.

    Raises:
        LookupError: ``USG_OPS`` names none.
        RuntimeError: ``USG_OPS`` names one that cannot be had here.

    Example:
        >>> backend() in ("cpu", "torch", "torch_scatter")
        True
    """
    return _resolve(os.environ.get("USG_OPS", ""), device)


def atomic() -> bool:
    """Whether ``USG_OPS_ATOMIC=1`` allows sums in any order; `torch.use_deterministic_algorithms` forbids them always.

    Raises:
        ValueError: it is neither 0 nor 1.
    """
    import torch

    asked = os.environ.get("USG_OPS_ATOMIC", "0")
    if asked not in ("0", "1"):
        raise ValueError(f"USG_OPS_ATOMIC must be 0 or 1, got {asked!r}")
    return asked == "1" and not torch.are_deterministic_algorithms_enabled()


@functools.cache
def _resolve(name: str, device: str) -> str:
    if name and name not in _NAMES:
        raise LookupError(unknown_name("USG_OPS", name, _NAMES))
    if name == "torch_scatter" and find_spec("torch_scatter") is None:
        raise RuntimeError("USG_OPS=torch_scatter, but that package is not installed; install it or unset USG_OPS")
    if name in ("torch", "torch_scatter"):
        return name
    if name == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("USG_OPS=cuda, but torch sees no CUDA device; unset USG_OPS")
    if device not in ("cpu", "cuda") or (device == "cuda" and name == "cpu"):
        return "torch"
    return _compiled(device, required=name == device)


def _compiled(device: str, required: bool) -> str:
    """The device's name where its kernels are, or can be compiled; else torch, with a line that says so."""
    from usg.ops import native, native_cuda

    try:
        (native_cuda if device == "cuda" else native).library()
    except BuildError as error:
        if required:
            raise RuntimeError(f"USG_OPS={device}, but {error}") from None
        print(f"usg: no {device.upper()} kernels, slower torch ops are used: {error}", file=sys.stderr, flush=True)
        return "torch"
    return device
