"""Compiles the CPU kernels of usg/ops/csrc: `make ops`, or by itself on first use.

The library knows nothing of torch or Python, so one binary serves every version of both. It lies

* in usg/ops/lib, where a wheel carries it, with code for x86-64 v2, v3 and v4, or
* in the user's cache (``$XDG_CACHE_HOME/usg``, else ``~/.cache/usg``), with code for this processor alone, under a name
  made of the sources, the compiler and the flags: another version of any of them is another file.

OpenMP's threads are torch's own: the library is linked to no runtime, and finds the one that torch has loaded.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from usg.files import atomic_path

__all__ = ["PACKAGED", "BuildError", "cached", "compile_library", "in_cache", "main", "processor_level", "source_hash"]

SOURCES = Path(__file__).parent / "csrc"
PACKAGED = Path(__file__).parent / "lib" / "libusg_cpu.so"
FLAGS = ("-std=gnu++17", "-O2", "-fPIC", "-fopenmp", "-fvisibility=hidden", "-w")

# What /proc/cpuinfo lists for the levels of the x86-64 psABI, beyond the level before.
_LEVELS = {
    3: {"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"},
    4: {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}


class BuildError(RuntimeError):
    """The kernels cannot be compiled here; the message is one line with the remedy."""


def source_hash() -> str:
    """Of everything in csrc; a library says which one it was built from."""
    digest = hashlib.sha256()
    for file in sorted(SOURCES.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def processor_level() -> int:
    """The x86-64 level of this processor, 2 to 4; 0 on other processors, whose common instructions are used."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return 0
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return 2
    flags = set(next((line for line in info.splitlines() if line.startswith("flags")), "").split())
    level = 2
    while level + 1 in _LEVELS and _LEVELS[level + 1] <= flags:
        level += 1
    return level


def compiler() -> str:
    """Path of the C++ compiler: ``$CXX``, else c++, g++ or clang++.

    Raises:
        BuildError: there is none.
    """
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise BuildError("there is no C++ compiler (install g++, or set CXX)")


def cached() -> Path:
    """The library for this processor in the user's cache, compiled now if it is not there.

    Raises:
        BuildError: there is no compiler, it fails, or the cache cannot be written.
    """
    cxx = compiler()
    version = subprocess.run([cxx, "--version"], capture_output=True, text=True, check=False).stdout
    key = hashlib.sha256("\0".join([source_hash(), version, *FLAGS, str(processor_level())]).encode()).hexdigest()[:16]
    return in_cache(
        f"libusg_cpu-{key}.so",
        "usg: compiling the CPU kernels, once; about a minute",
        lambda path: compile_library(path, [processor_level()]),
    )


def in_cache(name: str, notice: str, build: Callable[[Path], object]) -> Path:
    """A file of the user's cache, built now if it is not there; of processes that start together one builds.

    Args:
        name: of the file.
        notice: the line to print before building.
        build: makes the file at the path it is given.

    Raises:
        BuildError: the cache cannot be written, or from `build`.
    """
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "usg"
    except RuntimeError:
        raise BuildError("this user has no home folder to compile into; set XDG_CACHE_HOME to a folder") from None
    path = folder / name
    try:
        if path.exists():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{path.stem}.lock"):
            if not path.exists():
                print(notice, file=sys.stderr, flush=True)
                build(path)
    except OSError as error:
        raise BuildError(
            f"{folder} cannot be written ({error.strerror}); set XDG_CACHE_HOME to a folder that can"
        ) from None
    return path


def compile_library(path: Path, levels: Sequence[int]) -> None:
    """Compiles to `path`, which appears when it is complete.

    Args:
        path: of the library; its folder must exist.
        levels: of x86-64, which the library chooses from when it is loaded, lowest first: of functions that are not
            ours, such as std::vector's, the linker keeps the first copy, and every processor must understand it;
            ``[0]`` on other processors.

    Raises:
        BuildError: there is no compiler, or it fails.
    """
    cxx = compiler()
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        objects = [Path(folder) / f"level{level}.o" for level in levels]
        commands: list[list[str | Path]] = [
            [cxx, *FLAGS, *_target(level), f"-DUSG_LEVEL={level}", "-c", SOURCES / "level.cpp", "-o", output]
            for level, output in zip(levels, objects, strict=True)
        ]
        for process in [_start(line) for line in commands]:
            _finish(process)
        known = [f"-DUSG_HAS_{level}" for level in levels] + [f'-DUSG_SOURCE="{source_hash()}"']
        dispatch = Path(folder) / "dispatch.o"
        _finish(_start([cxx, *FLAGS, *known, "-c", SOURCES / "dispatch.cpp", "-o", dispatch]))
        _finish(_start([cxx, "-shared", "-o", temporary, *objects, dispatch]))


def main(argv: Sequence[str] | None = None) -> int:
    """Compiles for this processor into the cache, or for all of x86-64 into the package."""
    parser = argparse.ArgumentParser(prog="python usg/ops/build.py", description="Compiles the CPU kernels.")
    parser.add_argument(
        "--package", action="store_true", help="into usg/ops/lib, for a wheel, with code for all levels"
    )
    options = parser.parse_args(argv)
    start = time.perf_counter()
    try:
        if options.package:
            PACKAGED.parent.mkdir(exist_ok=True)
            compile_library(PACKAGED, [2, 3, 4] if processor_level() else [0])
        library = PACKAGED if options.package else cached()
    except BuildError as error:
        print(f"usg: error: {error}", file=sys.stderr)
        return 2
    print(f"{library}: {library.stat().st_size / 2**20:.1f} MiB, {time.perf_counter() - start:.0f} s")
    return 0


def _target(level: int) -> list[str]:
    if level == 0:
        return []  # a wheel, or a cache in a shared home, meets other processors of the same kind
    return [f"-march=x86-64-v{level}", *(["-mprefer-vector-width=512"] if level == 4 else [])]


def _start(line: Sequence[str | Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate()
    if process.returncode:
        first = next((line for line in errors.splitlines() if "error" in line), errors.strip() or "no message")
        raise BuildError(f"the compiler fails: {first} (set CXX to another one)")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds a lock file, so that of processes that start together one compiles; where none can be had, each does."""
    with path.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass
        yield


if __name__ == "__main__":
    sys.exit(main())
