"""The compiled kernels as Python sees them: the library for the CPU, the two argument structs, their errors.

The structs mirror usg/ops/csrc/usg_ops.h field by field. Each carries its size, and a library refuses another one. The
library for CUDA, which takes the same structs, is in usg/ops/native_cuda.py.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import c_int32, c_int64, c_void_p
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from usg.ops.build import PACKAGED, BuildError, cached, source_hash

__all__ = [
    "DTYPES",
    "AttentionArguments",
    "SegmentArguments",
    "Unsupported",
    "call",
    "check",
    "check_shapes",
    "check_one_type",
    "indices",
    "library",
    "pointer",
    "wide",
]

DTYPES = {torch.float32: 0, torch.float64: 1, torch.float16: 2, torch.bfloat16: 3}


class AttentionArguments(ctypes.Structure):
    """``usg_attention``."""

    _fields_ = (
        ("size", c_int64),
        ("dtype", c_int32),
        ("threads", c_int32),
        *((name, c_int64) for name in ("targets", "sources", "edges", "heads", "width", "types", "attributes")),
        *((name, c_void_p) for name in ("q", "k", "v", "grad")),
        *((name, c_int64) for name in ("q_row", "k_row", "v_row", "grad_row")),
        *((name, c_void_p) for name in ("key_table", "value_table", "bias", "edge_attr", "key_proj", "value_proj")),
        *((name, c_void_p) for name in ("rowptr", "col", "row_index", "colptr", "row", "position")),
        ("edge_type", c_void_p),
        ("edge_type_is_wide", c_int64),
        *((name, c_void_p) for name in ("keep", "out", "log_sum", "dq", "dk", "dv")),
        *((name, c_int64) for name in ("dq_row", "dk_row", "dv_row")),
        *((name, c_void_p) for name in ("dkey_table", "dvalue_table", "dbias")),
        *((name, c_void_p) for name in ("dedge_attr", "dkey_proj", "dvalue_proj")),
    )


class SegmentArguments(ctypes.Structure):
    """``usg_segment``."""

    _fields_ = (
        ("size", c_int64),
        *((name, c_int32) for name in ("op", "dtype", "threads", "rowptr_is_wide")),
        *((name, c_int64) for name in ("rows", "sources", "slots", "columns")),
        *((name, c_void_p) for name in ("values", "other", "rowptr", "col", "out", "slot")),
    )


@functools.cache
def library() -> ctypes.CDLL:
    """The kernels: those of the wheel if they are of this version, else compiled into the cache.

    Raises:
        BuildError: there are none and none can be made; the message is one line with the remedy.
    """
    loaded = _load(PACKAGED) if PACKAGED.exists() else None
    if loaded is None or _text(loaded.usg_source) != source_hash() or not _text(loaded.usg_level):
        loaded = _load(cached())
        if not _text(loaded.usg_level):
            raise BuildError("the compiled kernels do not fit this processor; remove them from the cache folder of usg")
    for name in ("usg_graph_attention", "usg_graph_attention_backward", "usg_segment_reduce"):
        getattr(loaded, name).argtypes = [c_void_p]
    return loaded


class Unsupported(Exception):
    """The kernels for CUDA have none for this type, width or number of edges; plain torch has."""


def call(name: str, op: str, arguments: AttentionArguments | SegmentArguments, device: torch.device) -> None:
    """Runs a function of the library for a device.

    Args:
        name: of the function, without the library's prefix.
        op: of the op, for messages.
        arguments: its struct.
        device: where its tensors lie, a CPU or a CUDA device.

    Raises:
        IndexError: an edge type is outside the tables (CPU).
        ValueError: row pointers or indices do not fit (CPU); nothing was read through them.
        MemoryError: there is not enough for the sums of the backward pass.
        Unsupported: nothing was done.
        RuntimeError: the kernels are of another version, or CUDA reports an error.
    """
    arguments.size = ctypes.sizeof(arguments)
    if device.type == "cuda":
        from usg.ops import native_cuda

        status = native_cuda.launch(native_cuda.library(), name, arguments, device)
    else:
        arguments.threads = torch.get_num_threads()
        status = getattr(library(), f"usg_{name}")(ctypes.addressof(arguments))
    check(status, op, arguments)


def check(status: int, op: str, arguments: AttentionArguments | SegmentArguments) -> None:
    """Raises what a status of the library stands for; see `call`."""
    if status == 0:
        return
    if status == 1:
        raise RuntimeError(f"{op}: the compiled kernels are of another version; remove usg/ops/lib or run make ops")
    if status == 2:
        raise ValueError(f"{op}: rowptr must rise from 0 to the number of values")
    if status == 3:
        raise ValueError(f"{op}: an index of the graph is out of range; build the handle with CSR.from_edges")
    if status == 4:
        types = getattr(arguments, "types", 0)
        raise IndexError(f"{op}: an edge type is outside the tables, which hold [0, {types})")
    if status == 5:
        raise MemoryError(f"{op}: not enough memory for the sums; use smaller batches")
    if status == 6:
        raise Unsupported(op)
    raise RuntimeError(f"{op}: CUDA error {status - 1000} at launch; USG_OPS=torch does without these kernels")


def check_one_type(op: str, first: Tensor, *rest: Tensor | None) -> None:
    """Refuses tensors that would be read as if they were of another type; the public functions have looked before.

    Raises:
        TypeError: the types differ.
    """
    for tensor in rest:
        if tensor is not None and tensor.dtype != first.dtype:
            raise TypeError(f"{op}: tensors are {first.dtype} and {tensor.dtype}; cast them to one type")


def check_shapes(op: str, *expected: tuple[str, Tensor | None, tuple[int, ...]]) -> None:
    """Refuses tensors that the kernels would read or write beyond their ends.

    Args:
        op: of the op, for messages.
        *expected: names, tensors and the shapes they must have; None for a tensor that is not given.

    Raises:
        ValueError: a shape differs.
    """
    for name, tensor, shape in expected:
        if tensor is not None and tensor.shape != shape:
            raise ValueError(f"{op}: {name} must be {tuple(shape)}, got {tuple(tensor.shape)}")


def pointer(tensor: Tensor | None) -> int | None:
    """Address of the first element; None for no tensor."""
    return None if tensor is None else tensor.data_ptr()


def indices(tensor: Tensor) -> Tensor:
    """Indices as the kernels read them: int32, one behind the other."""
    return tensor.to(torch.int32).contiguous()


def wide(tensor: Tensor) -> torch.dtype:
    """The type in which sums are kept: float64 for float64, else float32."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def _load(path: Path) -> ctypes.CDLL:
    """Opens a library whose OpenMP functions are those of the runtime that torch has loaded, or else the system's."""
    try:
        return _typed(ctypes.CDLL(str(path)))
    except OSError:
        pass
    for runtime in (*sorted((Path(torch.__file__).parent / "lib").glob("lib*omp*")), "libgomp.so.1"):
        try:
            ctypes.CDLL(str(runtime), mode=ctypes.RTLD_GLOBAL)
            return _typed(ctypes.CDLL(str(path)))
        except OSError as error:
            reason = error
    raise BuildError(f"{path} does not load ({reason}); remove it and run make ops")


def _typed(loaded: ctypes.CDLL) -> ctypes.CDLL:
    for name in ("usg_level", "usg_source"):
        getattr(loaded, name).restype = ctypes.c_char_p
    return loaded


def _text(function: Any) -> str:
    return str(function().decode())
