"""The CUDA sources compile for every target without a warning, and what is said where that, or a device, is missing."""

import os

import pytest
import torch

from usg.ops import backend, build, build_cuda, native_cuda

SAID = """ptxas info    : Compiling entry function '_Z3addPf' for 'sm_90'
ptxas info    : Function properties for _Z3addPf
    8 bytes stack frame, 16 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 48 registers, used 0 barriers, 8 bytes cumulative stack size
ptxas info    : Compiling entry function '_Z3addPf' for 'sm_80'
ptxas info    : Function properties for _Z3addPf
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 50 registers, used 0 barriers
"""


def test_every_target_compiles_without_a_warning_or_a_spill(tmp_path):
    """Some of the types and widths; `make cuda-compile` takes all."""
    try:
        build_cuda.compiler()
    except build.BuildError:
        pytest.skip("no CUDA compiler here")
    path = tmp_path / "libusg_cuda.so"
    said = build_cuda.compile_library(path, build_cuda.TARGETS, ptx=True, strict=True, few=True)
    kernels = build_cuda.report(said)
    assert {kernel.target for kernel in kernels} == set(build_cuda.TARGETS)
    assert sum("Backward" in kernel.name for kernel in kernels) >= 4 * len(build_cuda.TARGETS)
    assert sum(kernel.spilled for kernel in kernels) == 0
    # Four blocks of 128 threads to a multiprocessor.
    assert max(kernel.registers for kernel in kernels) <= 128
    # It loads where there is no driver.
    assert native_cuda.load(path).usg_source().decode() == build.source_hash()


def test_the_report_names_registers_and_spills():
    kernels = build_cuda.report(SAID)
    assert [(k.target, k.registers, k.spilled) for k in kernels] == [("80", 50, 0), ("90", 48, 28)]


def test_without_a_compiler_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("NVCC", raising=False)
    monkeypatch.delenv("CUDA_HOME", raising=False)
    with pytest.raises(build.BuildError, match=r"no CUDA compiler \(install the CUDA toolkit, or set NVCC"):
        build_cuda.cached(["90"])
    assert build_cuda.main([]) == 2


def test_a_compiler_that_fails_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "nvcc"
    broken.write_text("#!/bin/sh\necho 'warp.hpp(3): error: it is Sunday' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("NVCC", str(broken))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(build.BuildError, match=r"the CUDA compiler fails: warp.hpp\(3\): error: it is Sunday"):
        build_cuda.cached(["90"])
    assert not list((tmp_path / "usg").glob("*.so"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_is_refused_without_a_device(monkeypatch):
    monkeypatch.setenv("USG_OPS", "cuda")
    with pytest.raises(RuntimeError, match="USG_OPS=cuda, but torch sees no CUDA device; unset USG_OPS"):
        backend()


def test_the_choice_of_one_device_says_what_answers_on_the_other(monkeypatch):
    for name, answer in (("cpu", "torch"), ("torch", "torch")):
        monkeypatch.setenv("USG_OPS", name)
        assert backend("cuda") == answer
    monkeypatch.delenv("USG_OPS")
    assert backend("mps") == "torch"


def test_devices_that_have_no_kernels_are_named(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(build.BuildError, match="not built for CUDA"):
        native_cuda.library.__wrapped__()
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda i: (7, 5))
    with pytest.raises(build.BuildError, match=r"compute capability 8.0 and newer, the devices here have \[\(7, 5\)\]"):
        native_cuda.library.__wrapped__()


def test_a_library_is_taken_from_the_package_or_compiled_for_the_devices(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda i: [(9, 0), (8, 0)][i])
    asked = []
    monkeypatch.setattr(native_cuda, "cached", lambda targets: asked.append(targets) or tmp_path / "none.so")
    monkeypatch.setattr(native_cuda, "PACKAGED", tmp_path / "packaged.so")
    with pytest.raises(build.BuildError, match=r"none.so does not load .*; remove it and run make ops"):
        native_cuda.library.__wrapped__()
    assert asked == [["80", "90"]]
    (tmp_path / "packaged.so").write_bytes(b"\x7fELF")
    with pytest.raises(build.BuildError, match=r"packaged.so does not load"):
        native_cuda.library.__wrapped__()
    assert os.listdir(tmp_path) == ["packaged.so"]
