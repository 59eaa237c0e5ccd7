"""A callback that writes down how many weights lie on each process."""

import json
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from torch.distributed.tensor import DTensor


class CountParts(Callback):
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        weights = list(pl_module.parameters())
        here = sum((each.to_local() if isinstance(each, DTensor) else each).numel() for each in weights)
        file = Path(trainer.default_root_dir) / f"parts{trainer.global_rank}.json"
        file.write_text(json.dumps({"here": here, "all": sum(each.numel() for each in weights)}))
