"""The kernels for CUDA as Python sees them: the library, and launching on torch's current stream.

Memory between kernels comes from torch's allocator, so a launch can be captured in a CUDA graph. The library holds code
for the GPUs of usg/ops/build_cuda.py and PTX for others, and is linked to the CUDA runtime statically: it asks for a
driver, and for nothing of torch's CUDA.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import c_int32, c_int64, c_void_p
from pathlib import Path

import torch

from usg.ops.build import BuildError, source_hash
from usg.ops.build_cuda import PACKAGED, cached
from usg.ops.native import AttentionArguments, SegmentArguments

__all__ = ["launch", "library", "load"]

_OLDEST = (8, 0)
_FUNCTIONS = ("graph_attention", "graph_attention_backward", "segment_reduce")


@functools.cache
def library() -> ctypes.CDLL:
    """The kernels: those of the wheel if they are of this version, else compiled into the cache.

    Raises:
        BuildError: there are none and none can be made; the message is one line with the remedy.
    """
    if torch.version.cuda is None:
        raise BuildError("this torch is not built for CUDA")
    capabilities = sorted({torch.cuda.get_device_capability(i) for i in range(torch.cuda.device_count())})
    if not capabilities or capabilities[0] < _OLDEST:
        raise BuildError(f"kernels are for compute capability 8.0 and newer, the devices here have {capabilities}")
    if PACKAGED.exists():
        loaded = load(PACKAGED)
        if loaded.usg_source().decode() == source_hash():
            return loaded
    return load(cached([f"{major}{minor}" for major, minor in capabilities]))


def launch(
    loaded: ctypes.CDLL, name: str, arguments: AttentionArguments | SegmentArguments, device: torch.device
) -> int:
    """Launches on the current stream of `device`.

    Args:
        loaded: the library.
        name: of the function, without the library's prefix.
        arguments: its struct, with its size.
        device: where its tensors lie.

    Returns:
        The status, for `usg.ops.native.check`.
    """
    address = ctypes.addressof(arguments)
    size = getattr(loaded, f"usg_cuda_{name}_bytes")(address)
    workspace = torch.empty(size, dtype=torch.uint8, device=device)
    function = getattr(loaded, f"usg_cuda_{name}")
    if device.type != "cuda":  # the same kernels on the host, in tests
        return int(function(address, workspace.data_ptr(), None))
    with torch.cuda.device(device):
        return int(function(address, workspace.data_ptr(), torch.cuda.current_stream(device).cuda_stream))


def load(path: Path) -> ctypes.CDLL:
    """Opens a library.

    Raises:
        BuildError: it does not load; the message names it and the remedy.
    """
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(f"{path} does not load ({error}); remove it and run make ops") from None
    loaded.usg_source.restype = ctypes.c_char_p
    for name in _FUNCTIONS:
        function, size = getattr(loaded, f"usg_cuda_{name}"), getattr(loaded, f"usg_cuda_{name}_bytes")
        function.argtypes, function.restype = [c_void_p, c_void_p, c_void_p], c_int32
        size.argtypes, size.restype = [c_void_p], c_int64
    return loaded
