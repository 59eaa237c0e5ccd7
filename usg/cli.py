"""The front of the command line: `usg COMMAND ...`.

It knows no command. Commands are entry points of the group `usg.commands`, and the kinds of `usg bench` and
`usg evaluate` are entry points of the groups `usg.bench` and `usg.evaluate`, so that any package can add one:

    usg.commands =
        world = usg.world.cli:main        # main(argv: list[str]) -> int, the exit status

A command is imported only when it is called. Help shows one line for each: the first line of the module's docstring
for a function named `main`, else of the function's own, read from the source without importing it.

Exit status: 0 done, 1 some items failed (or the machine or the program did), 2 wrong use, 130 interrupted. Errors are
one line on standard error; `--debug`, anywhere on the line, shows the traceback instead. A command that can go on where
it was interrupted raises `KeyboardInterrupt` with the words that say how.
"""

import ast
import errno
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points, requires
from pathlib import Path

from usg import __version__
from usg.names import unknown_name

# What brings a module that no extra lists by its name.
_PACKAGES = {"yaml": "lightning", "jsonargparse": "lightning", "pil": "pillow"}
_DISTRIBUTION = "universal-scene-graph"

# What a wrong call raises. An OSError outside this list is the machine's, not the caller's; KeyError and IndexError,
# though they are LookupErrors, and TypeError are what a fault of the program raises.
_WRONG_USE = (
    ValueError,
    LookupError,
    ImportError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status.

    Args:
        argv: the words after `usg`; those of the process by default.

    Example:
        >>> main(["--version"])
        usg 0.1.0
        0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        if words[:1] == ["--version"]:
            print(f"usg {__version__}")
            status = 0
        else:
            status = dispatch("usg.commands", "usg", words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as interrupt:
        if debug:
            raise
        remedy = str(interrupt) or "nothing already written is lost"
        print(f"usg: interrupted; {remedy}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted. Nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if debug:
            raise
        print(f"usg: error: {describe(error)}", file=sys.stderr)
        return 2 if _is_wrong_use(error) else 1


def bench(argv: Sequence[str]) -> int:
    """Speed tables, each kind against its peers in one run."""
    return dispatch("usg.bench", "usg bench", argv)


def evaluate(argv: Sequence[str]) -> int:
    """Scores predictions against gold, one kind of prediction at a time."""
    return dispatch("usg.evaluate", "usg evaluate", argv)


def dispatch(group: str, prog: str, argv: Sequence[str]) -> int:
    """Runs the entry point of `group` that the first word names, with the words after it.

    Args:
        group: the entry-point group to look in.
        prog: what the user typed so far, for help and errors.
        argv: the words after `prog`.

    Returns:
        The exit status of the entry point, 0 for help, 2 when no word was given.

    Raises:
        LookupError: the group has no such entry point.
    """
    noun = "command" if prog == "usg" else "kind"
    commands = {entry.name: entry for entry in entry_points(group=group)}
    if not argv or argv[0] in ("-h", "--help"):
        print(_help(prog, noun, commands), file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    name, *rest = argv
    if name not in commands:
        raise LookupError(unknown_name(f"{noun} of {prog}", name, commands))
    run = commands[name].load()
    return int(run(rest))


def describe(error: Exception) -> str:
    """One line for an error: what was wrong, where, and what to do.

    Example:
        >>> describe(ValueError("the score is -1; give one in [0, 1]"))
        'the score is -1; give one in [0, 1]'
        >>> describe(KeyError("dog"))
        "KeyError: 'dog' (run again with --debug for the traceback)"
    """
    return " ".join(line.strip() for line in _message(error).splitlines() if line.strip())


def _message(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("usg"):
        return f"this needs the package {error.name!r}, which is not installed: {_install_line(error.name)}"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        remedy = "; free some space and run again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return f"{where}{error.strerror}{remedy}"
    if _is_wrong_use(error) or (isinstance(error, OSError) and str(error)):
        return str(error)
    first_line = str(error).splitlines()[0] if str(error) else "no message"
    return f"{type(error).__name__}: {first_line} (run again with --debug for the traceback)"


def _is_wrong_use(error: Exception) -> bool:
    """Whether the caller can put it right. Else the machine failed or, most likely, the program."""
    own_module_missing = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "usg"
    if own_module_missing or isinstance(error, (KeyError, IndexError)):
        return False
    # What was raised for the caller to read is a sentence.
    return isinstance(error, _WRONG_USE) and " " in str(error)


def _install_line(module: str) -> str:
    """The pip command that brings a missing module: the first extra that lists it, or all."""
    package = module.partition(".")[0].lower().replace("_", "-")
    package = _PACKAGES.get(package, package)
    extra = "all"
    for requirement in requires(_DISTRIBUTION) or []:
        match = re.fullmatch(rf"{re.escape(package)}\b[^;]*; extra == \"(\w+)\"", requirement.lower())
        if match:
            extra = match.group(1)
            break
    return f"pip install '{_DISTRIBUTION}[{extra}]'"


def _help(prog: str, noun: str, commands: Mapping[str, EntryPoint]) -> str:
    width = max(map(len, commands), default=0)
    lines = [f"usage: {prog} {noun.upper()} ... [--debug]"]
    if prog == "usg":
        lines += [f"       {prog} --version"]
    if not commands:
        lines += ["", f"  (no {noun} is installed)"]
    lines += ["", *(f"  {name:<{width}}  {_summary(entry)}" for name, entry in sorted(commands.items()))]
    lines += ["", f"`{prog} {noun.upper()} --help` tells more; --debug shows the traceback of an error."]
    return "\n".join(lines)


def _summary(entry: EntryPoint) -> str:
    """The first docstring line of a command, read from its source: importing it could take seconds."""
    source = _source(entry.module)
    if source is None:
        return f"(cannot be found: {entry.module})"
    node: ast.Module | ast.FunctionDef = ast.parse(source.read_text(encoding="utf-8"))
    if entry.attr != "main":
        functions = [child for child in node.body if isinstance(child, ast.FunctionDef) and child.name == entry.attr]
        node = functions[0] if functions else node
    return (ast.get_docstring(node) or "(no description)").splitlines()[0]


def _source(module: str) -> Path | None:
    """The file of a module, found without importing its parents as `importlib.util.find_spec` would."""
    name, path, spec = "", None, None
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        found = (finder.find_spec(name, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next((each for each in found if each is not None), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return Path(spec.origin) if spec is not None and spec.origin else None
