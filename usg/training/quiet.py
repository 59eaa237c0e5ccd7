"""Silences what Lightning says that no user of this library can act on, each line by name.

Everything else stays: a warning that is not listed here is shown, and fails a test.
"""

import logging
import os
import warnings

_LOGGERS = (
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.seed",
)

# Said by rank_zero_info or rank_zero_warn at every start; matched at the beginning of the message.
_NOISE = (
    "GPU available",
    "TPU available",
    "HPU available",
    "\U0001f4a1 Tip",  # advertisements for services
    "`Trainer.fit` stopped:",  # `max_steps` is what was asked for
    "Restoring states from the checkpoint path",
    "Restored all states from the checkpoint",
    "Loaded model weights from the checkpoint",
    "Loading `train_dataloader` to estimate",
    "`weights_only` was not set",
    "Using default `ModelCheckpoint`",
    "LOCAL_RANK",
    "Seed set to",
    "Found current_model_state",  # averaged weights, resumed
)

_WARNINGS = (
    # torch's own notice to Lightning about its pytree import.
    r".*isinstance\(treespec, LeafSpec\).*",
    # A run of few steps on purpose (tests, demo) logs at its end.
    r"The number of training batches .* is smaller than the logging interval.*",
    # Frozen parts of a bridge's training are in eval mode on purpose.
    r"Found \d+ module\(s\) in eval mode at the start of training.*",
    # Averaged weights: no model here is sharded, and what is scored is the average, as it should be.
    r".*WeightAveraging doesn't support sharding.*",
    r".*using the WeightAveraging callback, but loading a checkpoint outside the 'fit' stage.*",
)


class _NotNoise(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().lstrip().startswith(_NOISE)


def quiet_lightning() -> None:
    """Drops the named messages of Lightning's loggers and the named warnings."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, _NotNoise) for each in logger.filters):
            logger.addFilter(_NotNoise())
    # Lightning calls jsonargparse in ways that the next major version will drop.
    os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    for pattern in _WARNINGS:
        warnings.filterwarnings("ignore", message=pattern)
