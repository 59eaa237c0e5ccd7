"""The hub: what is a name on it, and what is taken for an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError

from usg.hub import is_hub_name, reachable


class NotFoundError(HfHubHTTPError):
    """Made without a response, whose type differs between versions of huggingface_hub."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


def test_a_path_is_no_name() -> None:
    names: list[str | Path] = ["owner/name", "/name", "~/name", "../name", "name", "", "a/b/c", Path("owner/name")]
    assert [is_hub_name(name) for name in names] == [True, *[False] * 7]


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (None, True),
        (NotFoundError("404"), True),
        (OSError("no route"), False),
        (TimeoutError(), False),
    ],
)
def test_any_answer_of_the_hub_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, answers: bool
) -> None:
    asked: list[tuple[str, object]] = []

    def metadata(url: str, **settings: object) -> None:
        asked.append((url, settings["token"]))
        if error is not None:
            raise error

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", metadata)
    assert reachable("owner/name", "v2", token="secret") is answers
    [(url, token)] = asked
    assert url.endswith("/owner/name/resolve/v2/config.json") and token == "secret"
