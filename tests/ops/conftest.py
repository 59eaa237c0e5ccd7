import os
from collections.abc import Iterator

import pytest
import torch

from usg.ops import backend


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Inputs here are too small to share between threads, and threads that wait on a busy machine cost minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def order_is_free() -> Iterator[None]:
    """A training that a test ran before may have left torch's deterministic mode on, which forbids atomic sums."""
    before, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    yield
    torch.use_deterministic_algorithms(before, warn_only=warns)


@pytest.fixture(scope="module", params=["torch", "cpu"])
def implementation(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each implementation in turn; the compiled one only where it can be had."""
    if request.param == "cpu" and backend() != "cpu":
        pytest.skip("no compiled kernels here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "USG_OPS", request.param)
        yield request.param
