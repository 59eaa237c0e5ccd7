import json
from pathlib import Path

import pytest
import torch
from small_network import SMALL, WORDS, small_network

from usg.parsers.image.calibration import Calibration
from usg.parsers.image.embedded import PictureModel
from usg.parsers.image.embedded.settings import NetworkSettings, Words


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    PictureModel(small_network(), Calibration(1.5, -0.25), {"steps": 3}).save(tmp_path)
    loaded = PictureModel.load(tmp_path)
    assert loaded.network.settings == SMALL
    assert loaded.network.words == WORDS
    assert loaded.calibration == Calibration(1.5, -0.25)
    assert loaded.trained == {"steps": 3}
    assert loaded.version.startswith("picture+")


def test_folding_batch_norms_changes_nothing(tmp_path: Path) -> None:
    network = small_network()
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2, generator=generator)  # type: ignore[union-attr]
            module.weight.data.uniform_(0.5, 2, generator=generator)
    for parameter in network.parameters():  # as float16 keeps them
        parameter.data = parameter.data.half().float()
    for _, buffer in network.named_buffers():
        if buffer.is_floating_point():
            buffer.copy_(buffer.half().float())
    PictureModel(network).save(tmp_path)
    loaded = PictureModel.load(tmp_path).network
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in loaded.modules())
    pictures = torch.rand(2, 3, 64, 64, generator=generator)
    with torch.no_grad():
        expected, found = network(pictures), loaded(pictures)
        torch.testing.assert_close(found[1], expected[1], atol=1e-4, rtol=1e-4)
        boxes, of = torch.tensor([[4.0, 4.0, 40.0, 30.0]]), torch.tensor([1])
        one, two = (net.regions(pictures, out[0], boxes, of) for net, out in ((network, expected), (loaded, found)))
    torch.testing.assert_close(two.classes, one.classes, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(two.masks, one.masks, atol=1e-4, rtol=1e-4)


def test_other_weights_have_another_version(tmp_path: Path) -> None:
    for seed in (0, 1):
        PictureModel(small_network(seed)).save(tmp_path / str(seed))
    assert PictureModel.load(tmp_path / "0").version != PictureModel.load(tmp_path / "1").version


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lacks picture\.json"):
        PictureModel.load(tmp_path)


@pytest.mark.parametrize("change", [{"format": 99}, {"words": {"labels": ["cat"], "values": {}, "predicates": []}}])
def test_a_folder_of_something_else(tmp_path: Path, change: dict[str, object]) -> None:
    PictureModel(small_network()).save(tmp_path)
    told = json.loads((tmp_path / "picture.json").read_text())
    (tmp_path / "picture.json").write_text(json.dumps({**told, **change}))
    with pytest.raises(ValueError, match=str(tmp_path)):
        PictureModel.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("weights.safetensors", b"no weights"),
        ("picture.json", b"\xff\xfe"),
        ("picture.json", b"[]"),
        ("picture.json", b'{"format": 1, "settings": {"side": 100}, "words": {}}'),
        ("picture.json", b'{"format": 1, "settings": {}, "words": {"labels": [], "values": [], "predicates": []}}'),
    ],
)
def test_a_broken_file_is_one_line_that_names_the_folder(tmp_path: Path, file: str, content: bytes) -> None:
    PictureModel(small_network()).save(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=f"^{tmp_path} holds no image parser that can be read: .+$"):
        PictureModel.load(tmp_path)


def test_a_calibration_that_cannot_be_names_the_folder(tmp_path: Path) -> None:
    PictureModel(small_network()).save(tmp_path)
    told = json.loads((tmp_path / "picture.json").read_text())
    (tmp_path / "picture.json").write_text(json.dumps({**told, "calibration": {"slope": -1, "intercept": 0}}))
    with pytest.raises(ValueError, match=f"^{tmp_path} holds .*slope"):
        PictureModel.load(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_weights_that_half_precision_has_not_are_not_written(tmp_path: Path, value: float) -> None:
    network = small_network()
    network.classes.bias.data[1] = value
    with pytest.raises(ValueError, match=r"^classes\.bias holds"):
        PictureModel(network).save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_whether_masks_were_trained_is_kept(tmp_path: Path) -> None:
    PictureModel(small_network(), masks=False).save(tmp_path)
    assert not PictureModel.load(tmp_path).masks
    told = json.loads((tmp_path / "picture.json").read_text())
    del told["masks"]  # as earlier versions wrote it
    (tmp_path / "picture.json").write_text(json.dumps(told))
    assert PictureModel.load(tmp_path).masks


@pytest.mark.parametrize("wrong", [{"side": 100}, {"widths": (8, 8, 8, 8)}, {"features": 0}])
def test_sizes_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        NetworkSettings(**wrong)  # type: ignore[arg-type]


def test_words_are_kept_in_order() -> None:
    words = Words(("b", "a"), {"z": ("", "2", "1"), "y": ("",)}, ("on", "in"))
    assert Words.from_dict(json.loads(json.dumps(words.to_dict()))) == words
