"""The layout: what setup.cfg lists is what exists, and what must stay light is light."""

import ast
import configparser
import subprocess
import sys
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAPPED = ("parsers", "pretrain", "downstream", "configs")


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def python(*code: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *code], capture_output=True, text=True, cwd=cwd, timeout=120)


def test_packages_listed_are_the_packages_on_disk(setup_cfg: configparser.RawConfigParser) -> None:
    listed = setup_cfg["options"]["packages"].split()
    on_disk = []
    for folder in ("usg", *MAPPED):
        for init in (ROOT / folder).rglob("__init__.py"):
            name = ".".join(init.parent.relative_to(ROOT).parts)
            on_disk.append(name if folder == "usg" else f"usg.{name}")
    assert sorted(listed) == sorted(on_disk)


def test_no_module_lies_outside_a_package() -> None:
    for folder in ("usg", *MAPPED):
        for module in (ROOT / folder).rglob("*.py"):
            assert (module.parent / "__init__.py").is_file(), f"{module} would not be installed"


def _folder(package: str) -> Path:
    first, *rest = package.split(".")
    return ROOT.joinpath(*rest) if rest and rest[0] in MAPPED else ROOT.joinpath(first, *rest)


def test_package_data_matches_every_data_file(setup_cfg: configparser.RawConfigParser) -> None:
    packaged: set[Path] = set()
    for package, globs in setup_cfg["options.package_data"].items():
        for pattern in globs.strip().split("\n"):  # as setuptools reads it; spaces on a line part nothing
            packaged.update(_folder(package).glob(pattern) if package != "*" else ())
    data = {
        file
        for folder in ("usg", *MAPPED)
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc", ".typed")
    }
    assert data <= packaged, sorted(map(str, data - packaged))


def test_core_requirements_are_three() -> None:
    core = [line for line in requires("universal-scene-graph") or [] if "extra ==" not in line]
    assert sorted(line.partition(">")[0] for line in core) == ["networkx", "numpy", "pyarrow"]


def test_the_text_parser_needs_its_own_extra_only(setup_cfg: configparser.RawConfigParser) -> None:
    extras = {
        name: {line.partition(">")[0].strip() for line in lines.split("\n") if ">" in line}
        for name, lines in setup_cfg["options.extras_require"].items()
    }
    others = set().union(*extras.values()) - extras["text"]
    assert "lightning" in others
    code = "import sys; from usg.parsers.text import TextParser; TextParser()('a dog'); print(*sys.modules)"
    imported = {name.partition(".")[0] for name in python("-c", code).stdout.split()}
    assert {"spacy", "torch", "safetensors"} <= imported
    assert not {name for name in others if name.partition("[")[0].replace("-", "_") in imported}


def test_entry_points_load(setup_cfg: configparser.RawConfigParser) -> None:
    for group, lines in setup_cfg["options.entry_points"].items():
        listed = [line.partition("=")[0].strip() for line in lines.split("\n") if line]
        ours = [entry for entry in entry_points(group=group) if entry.value.startswith("usg.")]
        assert sorted(entry.name for entry in ours) == sorted(listed), f"{group}: install the checkout again"
        for entry in ours:
            assert callable(entry.load()), entry


def test_every_command_says_what_it_does() -> None:
    lines = python("-c", "import usg.cli; usg.cli.main(['--help'])").stdout.splitlines()
    commands = [line for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert len(commands) >= len(entry_points(group="usg.commands"))
    assert not [line for line in commands if "(no description)" in line or "(cannot be found" in line]


@pytest.mark.parametrize("folder", MAPPED)
def test_bare_folder_name_does_not_import(folder: str) -> None:
    result = python("-c", f"import {folder}")
    assert result.returncode == 1
    assert f"ImportError: the folder {folder}/ is imported as usg.{folder}, not as {folder}" in result.stderr
    assert python("-c", f"import usg.{folder}").returncode == 0


@pytest.mark.parametrize("folder", MAPPED)
def test_mapped_folder_imports_from_elsewhere(folder: str, tmp_path: Path) -> None:
    result = python("-c", f"import usg.{folder} as m; print(m.__file__)", cwd=tmp_path)
    assert Path(result.stdout.strip()) == ROOT / folder / "__init__.py"


@pytest.mark.parametrize(
    "module",
    ["usg.graph", "usg.corpus", "usg.formats", "usg.draw", "usg.world", "usg.listing", "usg.cli", "usg.pretrain.names"],
)
def test_ground_floors_import_no_torch(module: str) -> None:
    result = python("-c", f"import sys, {module}; print('torch' in sys.modules)")
    assert result.stdout.strip() == "False", result.stderr


@pytest.mark.parametrize("code", ["import usg", "import usg.cli; usg.cli.main(['--help'])"])
def test_the_front_imports_only_the_standard_library(code: str) -> None:
    # What keeps `import usg` under 0.3 s of CPU and `usg --help` under 0.5 s, checked without a clock.
    heavy = python(
        "-c", f"import sys; {code}; print(*sorted(set('torch numpy pyarrow networkx'.split()) & set(sys.modules)))"
    )
    assert heavy.returncode == 0, heavy.stderr
    assert heavy.stdout.splitlines()[-1] == ""


def test_floors_import_downwards_only() -> None:
    """The table of docs/layout.md: a package reaches only the floors below it."""
    floors = {
        "graph": 0, "corpus": 1, "metrics": 1, "draw": 1, "ops": 1, "batch": 1.5, "formats": 1.5,
        "nn": 2, "world": 2, "training": 2, "pretrain": 3, "parsers": 3, "downstream": 4,
    }  # fmt: skip
    wrong = []
    for room, floor in floors.items():
        folder = ROOT / room if room in MAPPED else ROOT / "usg" / room
        modules = list(folder.rglob("*.py"))
        assert modules, f"{room} is empty"
        for module in modules:
            if module.name in ("cli.py", "demo.py", "bench.py"):
                continue  # commands stand above the rooms
            for other in _rooms_imported(module.read_text(encoding="utf-8")):
                if other != room and floors.get(other, 0) >= floor:
                    wrong.append(f"{module.relative_to(ROOT)} imports usg.{other}")
    assert not wrong


@pytest.mark.parametrize(
    "source",
    [
        "import usg.world",
        "import numpy, usg.world.scene as scene",
        "from usg import world",
        "from usg.world import scenes",
        "from usg.world.scene import (\n    scenes,\n)",
        "def f():\n    from usg import world as w",
        "try:\n    import usg.world\nexcept ImportError: pass",
    ],
)
def test_every_form_of_import_is_seen(source: str) -> None:
    assert _rooms_imported(source) == {"world"}


def _rooms_imported(source: str) -> set[str]:
    """The packages and modules directly in `usg` that a source imports, in functions too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("usg.")}
