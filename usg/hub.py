"""The Hugging Face hub, asked once: a name that needs it fails at once where it cannot be reached.

The libraries that download try an unreachable hub for half a minute before they say so. Whoever loads by name asks here
first, and reads what was downloaded before (`local_files_only`) where nobody answers.
"""

from __future__ import annotations

import logging
import os

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = 10.0  # seconds until a hub that does not answer is taken to be out of reach


def is_hub_name(name: str | os.PathLike[str]) -> bool:
    """Whether a name has the form owner/name, and is no path.

    Example:
        >>> [is_hub_name(name) for name in ("owner/name", "name", "./name", "runs/model/labels")]
        [True, False, False, False]
    """
    return isinstance(name, str) and name.count("/") == 1 and not name.startswith((".", "/", "~"))


def reachable(name: str, revision: str | None = None, token: str | bool | None = None) -> bool:
    """Whether the hub answers; a hub that answers that it has no such model is left to say so itself.

    Args:
        name: owner/name of a model.
        revision: branch, tag or commit.
        token: of the user, as `huggingface_hub` takes it.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json", revision=revision), token=token, timeout=_TIMEOUT)
    except HfHubHTTPError:
        return True
    except Exception as error:  # the HTTP client's errors differ between versions of huggingface_hub
        _LOGGER.debug("the hub did not answer: %r", error)
        return False
    return True
