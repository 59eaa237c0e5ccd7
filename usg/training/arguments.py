"""The words of a training command before the parser sees them, and its complaints made into one line.

jsonargparse prints a usage page and several indented lines for a wrong value. Here every mistake is one line that names
the key, the nearest known one, and what to do.
"""

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from pkgutil import resolve_name

import yaml

from usg.listing import config_files
from usg.names import unknown_name

SUBCOMMANDS = ("fit", "validate", "test")
_UNKNOWN_KEY = re.compile(
    r"does not accept option '(?P<config>[^']+)'|unrecognized arguments: -*(?P<word>[^\s=]+)"
    r"|[Kk]ey '(?P<key>[^']+)' is not expected"
)
_CLASS_PATH = re.compile(r"Problem with given class_path '(?P<path>[^']+)':\s*(?P<reason>[^\n]*)")
_OPTION = re.compile(r"Option '(?P<name>[^']+)' is not accepted")
_CONFIG = ("--config", "-c")
_LONGEST = 400  # characters of a complaint that is passed on


def prepare_arguments(argv: Sequence[str], prog: str) -> list[str]:
    """Checks the sub-command and replaces names of shipped configurations by their files.

    Args:
        argv: the words after the command.
        prog: the command, for messages.

    Returns:
        The words for the parser.

    Raises:
        ValueError: there is no sub-command, or something stands before it.
        LookupError: the sub-command does not exist.
        FileNotFoundError: a configuration is neither a file nor a shipped one.

    Example:
        >>> prepare_arguments(["fit", "--seed_everything", "2"], "usg pretrain")
        ['fit', '--seed_everything', '2']
    """
    words = list(argv)
    if not words:
        raise ValueError(f"{prog} needs a sub-command: {prog} {{{','.join(SUBCOMMANDS)}}} --config CONFIG")
    if words[0] in ("-h", "--help"):
        return words
    if words[0].startswith("-"):
        subcommand = next((word for word in words if word in SUBCOMMANDS), "fit")
        raise ValueError(f"{words[0]} stands before the sub-command; write `{prog} {subcommand} {words[0]} ...`")
    if words[0] not in SUBCOMMANDS:
        raise LookupError(unknown_name(f"{prog} sub-command", words[0], SUBCOMMANDS))
    prepared: list[str] = []
    takes_config = False
    for word in words:
        if takes_config:
            word, takes_config = str(find_config(word)), False
        elif word in _CONFIG:
            takes_config = True
        elif word.startswith("--config="):
            word = f"--config={find_config(word.removeprefix('--config='))}"
        elif word == "--print_config":
            word = "--print_config=comments"
        prepared.append(word)
    if takes_config:
        raise ValueError("--config needs a file or the name of a shipped configuration (`usg ls configs`)")
    return prepared


def find_config(name: str) -> Path:
    """The file of a configuration: a path, or a name as `usg ls configs` prints it.

    Raises:
        FileNotFoundError: it is neither.
        ValueError: the file is not YAML, or no mapping.
    """
    file = _config_file(name)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise ValueError(f"{file} holds {found}; expected `key: value` lines")
    return file


def _config_file(name: str) -> Path:
    shipped = config_files()
    # A path of the checkout, as configs/pretrain/world.yaml, works from anywhere.
    key = name.removesuffix(".yaml").removeprefix("configs/")
    if Path(name).is_file():
        return Path(name)
    if key in shipped:
        return shipped[key]
    raise FileNotFoundError(f"--config {name}: no such file; {unknown_name('config', key, shipped)}")


def one_line(message: str, keys: Iterable[str]) -> str:
    """A complaint of the parser in one line, with the nearest known key where a key is unknown.

    Args:
        message: what the parser says, of any number of lines.
        keys: the known keys, as "trainer.max_steps".

    Example:
        >>> one_line("Subcommand 'fit' does not accept option 'data.batchsize'", ["data.batch_size", "seed"])
        "unknown key 'data.batchsize'; did you mean 'data.batch_size'? Known: data.batch_size"
    """
    found = _UNKNOWN_KEY.search(message)
    if found:
        name = next(group for group in found.groups() if group)
        known = set(keys)
        # First the neighbours in the same section: the whole list is long.
        section = name.rpartition(".")[0]
        return unknown_name("key", name, {key for key in known if key.rpartition(".")[0] == section} or known)
    wrong = _CLASS_PATH.search(message)
    if wrong:
        return _wrong_class(wrong["path"], wrong["reason"])
    text = " ".join(message.split())
    text = re.sub(r"<class '([\w.]+)'>", r"\1", text).replace('Parser key "', '"')
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _wrong_class(path: str, reason: str) -> str:
    """What is wrong with a `class_path`: the class does not exist, or does not take an argument."""
    option = _OPTION.search(reason)
    module, _, name = path.rpartition(".")
    if option:
        parameters = inspect.signature(resolve_name(path)).parameters
        return unknown_name(f"argument of {path}", option["name"], parameters)
    try:
        public = getattr(resolve_name(module), "__all__", ())
    except (ImportError, AttributeError, ValueError):
        public = ()
    if public and name not in public:
        return unknown_name(f"class in {module}", name, public)
    return f"class_path {path}: {' '.join(reason.split())}"
