"""Which implementation answers, and what is said where there is none: no compiler, no cache, a foreign library."""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from usg.ops import backend, build, native

SHOW = "import usg.ops; print(usg.ops.backend())"


def show(code: str = SHOW, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in ("USG_OPS", "CXX")} | environment
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, timeout=120)


def test_the_choice_is_read_at_every_call(monkeypatch):
    monkeypatch.setenv("USG_OPS", "torch")
    assert backend() == "torch"
    monkeypatch.setenv("USG_OPS", "tourch")
    with pytest.raises(LookupError, match="unknown USG_OPS 'tourch'; did you mean 'torch'"):
        backend()


def test_torch_scatter_must_be_there_to_be_chosen(monkeypatch):
    if importlib.util.find_spec("torch_scatter"):
        pytest.skip("torch-scatter is installed")
    monkeypatch.setenv("USG_OPS", "torch_scatter")
    with pytest.raises(RuntimeError, match="that package is not installed; install it or unset USG_OPS"):
        backend()


def test_without_a_compiler_plain_torch_answers_and_says_so_once(tmp_path):
    ask = "import torch; from usg.ops import backend, segment_sum\n" + (
        "print(backend(), *(segment_sum(torch.ones(2), torch.tensor([0, 2])).item() for _ in range(2)))"
    )
    result = show(ask, PATH="", XDG_CACHE_HOME=str(tmp_path))
    if build.PACKAGED.exists():
        pytest.skip("this checkout carries compiled kernels")
    assert result.stdout == "torch 2.0 2.0\n"
    assert result.stderr == (
        "usg: no CPU kernels, slower torch ops are used: there is no C++ compiler (install g++, or set CXX)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_asking_for_the_kernels_fails(tmp_path):
    if build.PACKAGED.exists():
        pytest.skip("this checkout carries compiled kernels")
    result = show(PATH="", XDG_CACHE_HOME=str(tmp_path), USG_OPS="cpu")
    assert result.stderr.splitlines()[-1] == (
        "RuntimeError: USG_OPS=cpu, but there is no C++ compiler (install g++, or set CXX)"
    )


@pytest.fixture
def compiler() -> str:
    try:
        return build.compiler()
    except build.BuildError:
        pytest.skip("no compiler here")


def test_a_cache_that_cannot_be_written_is_named(tmp_path, compiler, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(build.BuildError, match=r"file/usg cannot be written \(.*\); set XDG_CACHE_HOME"):
        build.cached()


def test_code_for_processors_other_than_x86_is_not_for_the_one_at_hand(tmp_path, monkeypatch):
    """What a wheel carries, or a home on many machines keeps, must run on all of them."""
    fake = tmp_path / "c++"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/lines\nwhile [ "$1" ]; do [ "$1" = -o ] && : > "$2"; shift; done\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))
    build.compile_library(tmp_path / "library.so", [0])
    lines = (tmp_path / "lines").read_text()
    assert "-DUSG_LEVEL=0" in lines
    assert "-mcpu" not in lines and "-march" not in lines


def test_without_a_cache_plain_torch_answers_and_says_so_once(tmp_path, compiler):
    if build.PACKAGED.exists():
        pytest.skip("this checkout carries compiled kernels")
    (tmp_path / "file").touch()
    result = show(XDG_CACHE_HOME=str(tmp_path / "file"))
    assert result.stdout == "torch\n"
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("usg: no CPU kernels, slower torch ops are used: ")
    assert "cannot be written" in result.stderr


def test_a_cache_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(build.BuildError, match=r"usg cannot be written \(Permission denied\); set XDG_CACHE_HOME"):
        build.in_cache("libusg_cpu.so", "", lambda path: None)


def test_a_user_without_a_home_is_told_where_to_put_the_kernels(monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(build.BuildError, match="no home folder to compile into; set XDG_CACHE_HOME"):
        build.in_cache("libusg_cpu.so", "", lambda path: None)


def test_of_two_that_build_at_once_one_does(tmp_path, monkeypatch, capsys):
    """The second asks for the lock while the first builds, and finds the library made."""
    fcntl = pytest.importorskip("fcntl")
    flock, asked, second_waits, built = fcntl.flock, [], threading.Event(), []

    def ask(file, operation):
        asked.append(file)
        if len(asked) == 2:
            second_waits.set()
        flock(file, operation)

    def compile_slowly(path):
        built.append(path)
        assert second_waits.wait(60)
        path.touch()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", ask)
    with ThreadPoolExecutor(2) as both:
        paths = list(both.map(lambda _: build.in_cache("libusg_cpu.so", "compiling", compile_slowly), range(2)))
    assert paths == [tmp_path / "usg" / "libusg_cpu.so"] * 2
    assert built == paths[:1]
    assert capsys.readouterr().err == "compiling\n"


def test_a_compiler_that_fails_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "c++"
    broken.write_text("#!/bin/sh\necho 'error: it is Sunday' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(build.BuildError, match="the compiler fails: error: it is Sunday"):
        build.cached()
    assert not list((tmp_path / "usg").glob("*.so"))


def test_another_compiler_is_another_library(tmp_path, compiler, monkeypatch):
    """The name in the cache follows sources, compiler and flags."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = []
    monkeypatch.setattr(build, "compile_library", lambda path, levels: (made.append(path.name), path.touch()))
    assert build.cached() == build.cached()
    monkeypatch.setattr(build, "source_hash", lambda: "other")
    build.cached()
    monkeypatch.setattr(build, "FLAGS", ("-O0",))
    build.cached()
    assert len(made) == len(set(made)) == 3


@pytest.mark.skipif(backend() != "cpu", reason="no compiled kernels here")
class TestLibrary:
    def test_one_of_another_version_is_passed_over(self, tmp_path, monkeypatch):
        copy = tmp_path / "libusg_cpu.so"
        shutil.copy(native.library()._name, copy)
        monkeypatch.setattr(native, "PACKAGED", copy)
        assert native.library.__wrapped__()._name == str(copy)
        monkeypatch.setattr(native, "source_hash", lambda: "of other sources")
        monkeypatch.setattr(native, "cached", lambda: (_ for _ in ()).throw(build.BuildError("no compiler")))
        with pytest.raises(build.BuildError, match="no compiler"):
            native.library.__wrapped__()

    def test_one_that_is_no_library_is_named(self, tmp_path, monkeypatch):
        broken = tmp_path / "libusg_cpu.so"
        broken.write_bytes(b"\x7fELF")
        monkeypatch.setattr(native, "PACKAGED", broken)
        with pytest.raises(build.BuildError, match=r"does not load .*; remove it and run make ops"):
            native.library.__wrapped__()

    def test_arguments_of_another_version_are_refused(self):
        for name, struct in (
            ("usg_graph_attention", native.AttentionArguments),
            ("usg_graph_attention_backward", native.AttentionArguments),
            ("usg_segment_reduce", native.SegmentArguments),
        ):
            arguments = struct(size=ctypes.sizeof(struct) - 8)
            assert getattr(native.library(), name)(ctypes.addressof(arguments)) == 1

    def test_it_asks_for_nothing_but_the_system_and_openmp(self):
        tool = shutil.which("nm")
        if tool is None:
            pytest.skip("no nm here")
        lines = subprocess.run([tool, "-D", "--undefined-only", native.library()._name], capture_output=True, text=True)
        names = [line.split()[-1] for line in lines.stdout.splitlines()]
        assert names
        assert not [name for name in names if "Py" in name or "torch" in name or "c10" in name]
