"""What every test shares: no network, and the shared data where it is present."""

import math
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from usg.progress import progress

_connect = socket.socket.connect


def _connect_locally(self: socket.socket, address: Any) -> None:
    # Unix sockets and the loopback stay open: loggers and multi-process training talk to themselves.
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise RuntimeError(f"a test tried to connect to {address}: tests use no network")
    _connect(self, address)


def pytest_configure() -> None:
    # At configuration, not in a fixture: doctests outside this folder are covered too.
    socket.socket.connect = _connect_locally  # type: ignore[method-assign]
    # On a busy machine anything may take ten seconds, and what is tested of standard error must not depend on it.
    progress.__kwdefaults__["seconds_per_line"] = math.inf


@pytest.fixture
def use_card() -> Callable[[Path], tuple[Any, str, dict[str, Any]]]:
    """Reads a folder's model card as the hub does: its front matter, its text, what its two lines of Python give."""

    def use(folder: Path) -> tuple[Any, str, dict[str, Any]]:
        from huggingface_hub import ModelCard

        card = ModelCard.load(folder / "README.md")
        (block,) = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
        assert block.count("\n") == 2
        names: dict[str, Any] = {}
        exec(block, names)
        return card.data, card.text, names

    return use


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared data beside the checkout; the test is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data is not beside this checkout (../shared/data)")
    return folder
