"""The training module by itself."""

import pytest
import torch
from lightning.pytorch import Trainer

from usg.parsers.image.embedded.settings import NetworkSettings, Words
from usg.parsers.image.training.module import PictureTraining


def test_vectors_of_words_go_where_the_network_goes() -> None:
    module = PictureTraining(NetworkSettings(side=64))
    before = set(module.state_dict())
    module._build(module.sizes, Words(("cat",), {}, ("on",)))
    module.to("meta")
    assert {module._labels.device, module._predicates.device} == {torch.device("meta")}
    assert module._labels.shape == module._predicates.shape == (1, 128)
    assert {name.partition(".")[0] for name in set(module.state_dict()) - before} == {"network"}  # not in checkpoints


def test_several_devices_are_refused() -> None:
    module = PictureTraining()
    module.trainer = Trainer(accelerator="cpu", devices=2, logger=False, enable_checkpointing=False)
    with pytest.raises(ValueError, match=r"one device, the trainer has 2; pass --trainer\.devices 1"):
        module.setup("fit")


@pytest.mark.parametrize("jitter", [-0.1, 1 / 6])
def test_sides_that_could_meet_are_refused(jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter"):
        PictureTraining(jitter=jitter)
