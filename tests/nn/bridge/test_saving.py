import json
import shutil

import pytest
import torch
from language_models import language_model, tokenizer
from test_bridge import PROMPTS, SCENES, encoder, open_gates

from usg.nn.bridge import (
    BRIDGES,
    BridgeSettings,
    LoRA,
    build_graph_language_model,
    load_graph_language_model,
    save_graph_language_model,
)


def saved(tmp_path, settings, family="llama", inside=True):
    """A model whose LoRA and gates are no longer zero, and its folder."""
    made = build_graph_language_model(settings, encoder(), language_model(family), tokenizer()).eval()
    if settings.bridge == "xattn":
        open_gates(made)
    torch.manual_seed(3)
    for name, weight in made.language_model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    where = None
    if not inside:
        where = str(tmp_path / "words")
        language_model(family).save_pretrained(where)
        made.tokenizer.save_pretrained(where)
    save_graph_language_model(made, settings, tmp_path / "model", where)
    return made, tmp_path / "model"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("lora", [None, LoRA(rank=2, dropout=0.5)])
@pytest.mark.parametrize("bridge", BRIDGES)
def test_loads_as_it_was_saved(tmp_path, bridge, lora, inside):
    settings = BridgeSettings(bridge, latents=3, every=2, lora=lora, max_length=100)
    made, folder = saved(tmp_path, settings, inside=inside)
    again, found = load_graph_language_model(folder)
    assert found == settings
    losses = [each.score(SCENES, PROMPTS, ["red", "on the horse", "nothing"])[0] for each in (made, again)]
    torch.testing.assert_close(*losses)
    assert (folder / "language_model").exists() == inside


@pytest.mark.parametrize("family", ["gpt2", "opt"])
def test_the_language_model_inside_is_the_one_without_lora(tmp_path, family):
    """And with tied weights, which a folder of safetensors holds once."""
    _, folder = saved(tmp_path, BridgeSettings("text", lora=LoRA(rank=2)), family)
    from usg.nn.bridge import load_language_model

    inside, _ = load_language_model(folder / "language_model")
    for name, weight in language_model(family).state_dict().items():
        torch.testing.assert_close(inside.state_dict()[name], weight)


def test_in_half_the_bytes(tmp_path):
    settings = BridgeSettings()
    made = build_graph_language_model(settings, encoder(), language_model("llama"), tokenizer())
    for name, dtype in (("whole", torch.float32), ("half", torch.bfloat16)):
        save_graph_language_model(made, settings, tmp_path / name, dtype=dtype)
    sizes = [(tmp_path / name / "language_model" / "model.safetensors").stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.7 * sizes[0]
    assert load_graph_language_model(tmp_path / "half")[0].language_model.dtype == torch.float32


def test_what_is_no_model_or_fits_no_other_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no bridge\.json; pass a folder that save_graph_language_model"):
        load_graph_language_model(tmp_path)
    _, folder = saved(tmp_path, BridgeSettings(), inside=False)
    (tmp_path / "words").rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError, match="no language model"):
        load_graph_language_model(folder)
    again, _ = load_graph_language_model(folder, str(tmp_path / "moved"))
    assert again.bridge is not None
    small = language_model("gpt2").config
    small.n_embd, small.n_head = 16, 2
    type(language_model("gpt2"))(small).save_pretrained(tmp_path / "other")
    tokenizer().save_pretrained(tmp_path / "other")
    with pytest.raises(ValueError, match=r"does not fit the language model .*other: .*size mismatch"):
        load_graph_language_model(folder, str(tmp_path / "other"))
    said = json.loads((folder / "bridge.json").read_text())
    (folder / "bridge.json").write_text(json.dumps({**said, "later": 1}))
    with pytest.raises(ValueError, match=r"bridge\.json has later, unknown to this version"):
        load_graph_language_model(folder, str(tmp_path / "moved"))
    del said["names"]
    (folder / "bridge.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"bridge\.json lacks names"):
        load_graph_language_model(folder, str(tmp_path / "moved"))


def test_a_folder_without_its_adapter_is_not_looked_for_elsewhere(tmp_path):
    _, folder = saved(tmp_path, BridgeSettings("text", lora=LoRA(rank=2)))
    shutil.rmtree(folder / "adapter")
    with pytest.raises(FileNotFoundError, match="is not complete: it holds no adapter"):
        load_graph_language_model(folder)
