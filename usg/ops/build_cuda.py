"""Compiles the CUDA kernels of usg/ops/csrc: `make cuda-compile`, `make ops`, or by itself on first use.

The library has a plain C interface and the CUDA runtime inside, so one binary serves every version of torch. It lies in
usg/ops/lib, where a wheel carries it with code for all of `TARGETS` and PTX for other GPUs, or in the user's
cache with code for the GPUs of this machine alone, under a name made of sources, compiler and flags.

No GPU is needed to compile. `make cuda-compile` compiles for every target with warnings as errors, spilled registers
among them, and prints registers and spills of each kernel.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from usg.files import atomic_path
from usg.ops.build import SOURCES, BuildError, in_cache, source_hash

__all__ = [
    "FLAGS",
    "PACKAGED",
    "STRICT",
    "TARGETS",
    "Kernel",
    "cached",
    "compile_library",
    "compiler",
    "main",
    "report",
]

PACKAGED = Path(__file__).parent / "lib" / "libusg_cuda.so"
TARGETS = ("80", "90", "100", "120")  # compute capabilities
FLAGS = ("-std=c++17", "-O3", "-Xcompiler=-fPIC,-fvisibility=hidden")
STRICT = ("-Werror", "all-warnings", "-Xcompiler=-Wall,-Werror", "-Xptxas", "-v,-warn-spills")

_ENTRY = re.compile(
    r"Compiling entry function '(\S+)' for 'sm_(\d+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads"
    r".*?Used (\d+) registers",
    re.DOTALL,
)


@dataclass(frozen=True)
class Kernel:
    """What the compiler says of a kernel.

    Attributes:
        name: with its template arguments.
        target: compute capability, such as ``"90"``.
        registers: of a thread.
        spilled: bytes written and read for lack of registers.
    """

    name: str
    target: str
    registers: int
    spilled: int


def compiler() -> str:
    """Path of the CUDA compiler: ``$NVCC``, else nvcc on the path, else that of ``$CUDA_HOME``.

    Raises:
        BuildError: there is none.
    """
    home = os.environ.get("CUDA_HOME")
    for name in (os.environ.get("NVCC", ""), "nvcc", f"{home}/bin/nvcc" if home else ""):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise BuildError("there is no CUDA compiler (install the CUDA toolkit, or set NVCC)")


def cached(targets: Sequence[str]) -> Path:
    """The library for some compute capabilities in the user's cache, compiled now if it is not there.

    Raises:
        BuildError: there is no compiler, it fails, or the cache cannot be written.
    """
    nvcc = compiler()
    version = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout
    key = hashlib.sha256("\0".join([source_hash(), version, *FLAGS, *targets]).encode()).hexdigest()[:16]
    return in_cache(
        f"libusg_cuda-{key}.so",
        "usg: compiling the CUDA kernels, once; about two minutes",
        lambda path: compile_library(path, targets, ptx=False),
    )


def compile_library(path: Path, targets: Sequence[str], ptx: bool, strict: bool = False, few: bool = False) -> str:
    """Compiles to `path`, which appears when it is complete.

    Args:
        path: of the library; its folder must exist.
        targets: compute capabilities.
        ptx: also for any other GPU from the first target on, which the driver then compiles for.
        strict: warnings are errors, and the assembler tells of every kernel.
        few: only some types and widths.

    Returns:
        What the compiler said.

    Raises:
        BuildError: there is no compiler, or it fails.
    """
    nvcc = compiler()
    code = [f"-gencode=arch=compute_{target},code=sm_{target}" for target in targets]
    if ptx:
        code.append(f"-gencode=arch=compute_{targets[0]},code=compute_{targets[0]}")
    flags = [
        *FLAGS,
        *(["-DUSG_FEW"] if few else []),
        *(STRICT if strict else ("-w",)),
        f"--threads={os.cpu_count()}",
        *code,
    ]
    said = ""
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        objects = []
        for source in sorted(SOURCES.glob("*.cu")):
            objects.append(Path(folder) / f"{source.stem}.o")
            line = [nvcc, *flags, f'-DUSG_SOURCE="{source_hash()}"', "-c", source, "-o", objects[-1]]
            said += _run(line)
        _run([nvcc, "-shared", *code, "-Xlinker=--exclude-libs,ALL", "-o", temporary, *objects])
    return said


def report(said: str) -> list[Kernel]:
    """The kernels in what the assembler said, by name and target."""
    found = _ENTRY.findall(said)
    names = _demangle([name for name, *_ in found])
    kernels = [
        Kernel(name, target, int(registers), int(stores) + int(loads))
        for name, (_, target, stores, loads, registers) in zip(names, found, strict=True)
    ]
    return sorted(kernels, key=lambda kernel: (kernel.name, int(kernel.target)))


def main(argv: Sequence[str] | None = None) -> int:
    """Compiles for every target with warnings as errors and prints a line per kernel."""
    parser = argparse.ArgumentParser(
        prog="python -m usg.ops.build_cuda", description="Compiles the CUDA kernels for every target."
    )
    parser.add_argument("--package", action="store_true", help="into usg/ops/lib, for a wheel")
    parser.add_argument("--here", action="store_true", help="for the GPUs of this machine alone, into the cache")
    options = parser.parse_args(argv)
    if options.here:
        return _here()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = PACKAGED if options.package else Path(folder) / PACKAGED.name
        try:
            path.parent.mkdir(exist_ok=True)
            kernels = report(compile_library(path, TARGETS, ptx=True, strict=True))
        except BuildError as error:
            print(f"usg: error: {error}", file=sys.stderr)
            return 2
        size = path.stat().st_size / 2**20
    table = {kernel.name: {} for kernel in kernels}  # type: dict[str, dict[str, Kernel]]
    for kernel in kernels:
        table[kernel.name][kernel.target] = kernel
    print(f"{'registers (bytes spilled)':44}" + "".join(f"{'sm_' + target:>10}" for target in TARGETS))
    for name, row in table.items():
        cells = (f"{row[t].registers} ({row[t].spilled})" if t in row else "-" for t in TARGETS)
        print(f"{name:44}" + "".join(f"{cell:>10}" for cell in cells))
    spilled = sum(kernel.spilled for kernel in kernels)
    seconds = time.perf_counter() - start
    print(f"{len(table)} kernels, {spilled} bytes spilled; with PTX {size:.1f} MiB, {seconds:.0f} s")
    return 1 if spilled else 0


def _here() -> int:
    import torch

    from usg.ops import native_cuda

    if not torch.cuda.is_available():
        print("torch sees no CUDA device, so no CUDA kernels are compiled; make cuda-compile does so for all")
        return 0
    try:
        print(native_cuda.library()._name)
    except BuildError as error:
        print(f"usg: error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(line: Sequence[str | Path]) -> str:
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = (result.stdout + result.stderr).splitlines()
        first = next((text for text in lines if "error" in text), "no message")
        raise BuildError(f"the CUDA compiler fails: {first} (set NVCC to another one)")
    return result.stdout + result.stderr


def _demangle(names: list[str]) -> list[str]:
    """``Forward<float, 4, 3, true>`` rather than a symbol, where there is a tool for it."""
    tool = shutil.which("c++filt") or shutil.which("cu++filt")
    if not tool or not names:
        return names
    plain = subprocess.run([tool, *names], capture_output=True, text=True, check=True).stdout.splitlines()
    return [
        match[1] if (match := re.search(r"run_warps<(.*)>\(", name)) else name
        for name in (line.replace("usg::(anonymous namespace)::", "") for line in plain)
    ]


if __name__ == "__main__":
    sys.exit(main())
