"""A published model: config.json, model.safetensors and vocab.json in one folder; none of them runs code on loading."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from usg.batch import Vocabulary
from usg.files import atomic_path
from usg.hub import is_hub_name, reachable
from usg.nn.config import GraphTransformerConfig, read_config, write_config
from usg.nn.label_embedding import check_digest

if TYPE_CHECKING:
    from usg.nn.transformer import GraphTransformer

CONFIG, WEIGHTS, VOCABULARY = FILES = ("config.json", "model.safetensors", "vocab.json")


def save(model: GraphTransformer, folder: str | os.PathLike[str]) -> None:
    """Writes the three files, each whole or not at all."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().contiguous() for name, weight in model.named_parameters()}
    with atomic_path(path / WEIGHTS) as temporary:
        # Through memory: safetensors' own writer turns a full disk into an error that names no file.
        temporary.write_bytes(to_bytes(weights, metadata={"format": "pt"}))
    model.vocabulary.save(path / VOCABULARY)
    with atomic_path(path / CONFIG) as temporary:
        write_config(temporary, model.config, model.vocabulary.digest())


def locate(
    name: str | os.PathLike[str],
    revision: str | None,
    token: str | bool | None,
    cache_dir: str | os.PathLike[str] | None,
    local_files_only: bool,
) -> Mapping[str, Path]:
    """Where the three files of a folder or of a model on the hub lie; arguments as of `from_pretrained`.

    Raises:
        FileNotFoundError: there is no such folder or model, or a file is missing.
    """
    folder = Path(name)
    if folder.is_dir():
        missing = [file for file in FILES if not (folder / file).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{folder} lacks {', '.join(missing)}; a model folder is what save_pretrained writes"
            )
        return {file: folder / file for file in FILES}
    if not is_hub_name(name):
        raise FileNotFoundError(f"no model folder {name}; pass what save_pretrained wrote, or owner/name on the hub")
    offline = local_files_only or not reachable(str(name), revision, token)
    try:
        return {
            file: Path(
                hf_hub_download(
                    str(name),
                    file,
                    revision=revision,
                    token=token,
                    cache_dir=None if cache_dir is None else Path(cache_dir),
                    local_files_only=offline,
                )
            )
            for file in FILES
        }
    except LocalEntryNotFoundError:
        why = "was not asked" if local_files_only else "cannot be reached"
        raise FileNotFoundError(
            f"no model folder {name}; the hub {why}, and no earlier download has it: pass a folder of save_pretrained"
        ) from None
    except (HfHubHTTPError, HFValidationError, OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileNotFoundError(
            f"no model folder {name}, and the hub did not give it ({reason}); pass a folder that save_pretrained wrote"
        ) from None


def read(files: Mapping[str, Path], expected: Vocabulary | None) -> tuple[GraphTransformerConfig, Vocabulary]:
    """The configuration and the vocabulary of a checkpoint.

    Raises:
        ValueError: a file is broken, or configuration, vocabulary and `expected` do not belong together.
    """
    config, digest = read_config(files[CONFIG])
    vocabulary = Vocabulary.load(files[VOCABULARY])
    folder = files[CONFIG].parent
    check_digest(digest, vocabulary.digest(), str(folder))
    if expected is not None:
        check_digest(digest, expected.digest(), str(folder))
    return config, vocabulary


def load_weights(model: GraphTransformer, files: Mapping[str, Path]) -> None:
    """Fills a model with the weights of a checkpoint.

    Raises:
        ValueError: the file is broken or does not fit the configuration.
    """
    path = files[WEIGHTS]
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file ({error}); copy or train it again") from None
    parameters = dict(model.named_parameters())
    if wrong := sorted(parameters.keys() ^ weights.keys()):
        raise ValueError(
            f"{path} does not fit its {CONFIG}: {wrong[0]} and {len(wrong) - 1} more are in only one of them"
        )
    for name, parameter in parameters.items():
        if parameter.shape != weights[name].shape:
            raise ValueError(
                f"{path} does not fit its {CONFIG}: {name} is {tuple(weights[name].shape)}, "
                f"expected {tuple(parameter.shape)}"
            )
        parameter.data = weights[name].to(parameter.device)
