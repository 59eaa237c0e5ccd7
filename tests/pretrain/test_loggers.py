"""What loggers beside metrics.csv get: the whole configuration, the curves, the pictures."""

import json
import os
import struct
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = "import sys; from usg.cli import main; sys.exit(main())"
_BLOCK, _HEADER = 1 << 15, 7  # of the log format of LevelDB, in which wandb keeps its records


def records(file: Path) -> Iterator[Any]:
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, whole = file.read_bytes(), _HEADER, b""
    while at + _HEADER <= len(data):
        if _BLOCK - at % _BLOCK < _HEADER:
            at += _BLOCK - at % _BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        whole += data[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if kind in (1, 4):  # a whole record, or the end of one
            yield Record.FromString(whole)
            whole = b""


def test_wandb_offline_has_configuration_curves_and_pictures(small_run: Any, tmp_path: Path) -> None:
    pictures = "[{class_path: usg.pretrain.callbacks.MaskedPictures, init_args: {every: 2}}]"
    words = [*small_run.words(run="wandb"), "--config", "training/wandb", "--trainer.callbacks", pictures]
    environment = {**os.environ, "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}
    argv = [sys.executable, "-c", PROGRAM, *words, "--trainer.max_steps", "4"]
    process = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (folder,) = (tmp_path / "runs/wandb/wandb").glob("offline-run-*")
    config: dict[str, Any] = {}
    curves: dict[str, dict[int, Any]] = defaultdict(dict)
    shown: dict[str, list[Path]] = defaultdict(list)
    for record in records(next(folder.glob("*.wandb"))):
        for item in record.config.update:
            config[item.key] = json.loads(item.value_json)
        row = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
        for name, value in row.items():
            if name.endswith("/path"):
                shown[name.removesuffix("/path")].append(folder / "files" / value)
            else:
                curves[name][row["trainer/global_step"]] = value
    assert config["seed_everything"] == 3
    assert (config["trainer"]["max_steps"], config["model"]["dim"], config["data"]["batch_size"]) == (4, 32, 8)
    for name in ("train/loss", "train/learning_rate", "train/gradient_norm"):
        assert sorted(curves[name]) == [1, 2, 3, 4], name
    assert sorted(curves["val/loss"]) == [2, 4]
    assert set(shown) == {"masked/object", "masked/attribute", "masked/relation"}
    for files in shown.values():
        assert len(files) == 2
        assert all("<svg" in file.read_text(encoding="utf-8") for file in files)


def test_tensorboard_has_configuration_and_curves(small_run: Any, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    where = ["--config", "training/tensorboard", "--trainer.logger.init_args.save_dir", str(tmp_path)]
    small_run.usg(*where, "--trainer.max_steps", "3", run="tensorboard")
    (folder,) = tmp_path.glob("version_*")
    events = EventAccumulator(str(folder)).Reload()
    for name in ("train/loss", "train/learning_rate", "train/gradient_norm"):
        assert [event.step for event in events.Scalars(name)] == [1, 2, 3]
    assert "hp_metric" not in events.Tags()["scalars"]
    assert "batch_size: 8" in (folder / "hparams.yaml").read_text()
