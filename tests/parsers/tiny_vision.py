"""Tiny vision models with random weights, saved as those of the hub are: `save(kind, folder)`.

What tiny configurations need is said where it is not plain: several of these fail at odd places without it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

NAMES = {0: "N/A", 1: "person", 2: "dining_table", 3: "dog"}
WORDS = (
    "<s> </s> <pad> <unk> . , a an and photo of dog cat red dining table person dogs couch black white riding on "
    "holding next to in front behind wooden striped region"
).split()
SIDE = 64


def save(kind: str, folder: Path) -> Path:
    """Saves the model and its processor, and gives the folder back."""
    torch.manual_seed(0)
    model, processor = _MAKERS[kind]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def decide(model: Any) -> None:
    """Makes a random Mask2Former sure of dogs, and of its masks; as it is it finds nothing."""
    with torch.no_grad():
        model.class_predictor.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 9.0, 0.0]))
        for layer in model.model.transformer_module.decoder.mask_predictor.mask_embedder.parameters():
            layer.mul_(30.0)


def _resnet() -> Any:
    return transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=["stage4"],
    )  # fmt: skip


def _labels() -> dict[str, Any]:
    return {"id2label": NAMES, "label2id": {name: number for number, name in NAMES.items()}}


def _detr() -> tuple[Any, Any]:
    # Without a backbone_config the default is one of timm, which needs torchvision.
    config = transformers.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=_resnet(), d_model=16,
        encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=2,
        decoder_attention_heads=2, num_queries=7, **_labels(),
    )  # fmt: skip
    size = {"shortest_edge": SIDE, "longest_edge": 2 * SIDE}
    return transformers.DetrForObjectDetection(config), transformers.DetrImageProcessorPil(size=size)


def _rt_backbone() -> Any:
    # Layers of the kind "basic" need embedding_size == hidden_sizes[0].
    return transformers.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip


_RT = {
    "encoder_in_channels": [8, 16, 16], "encoder_hidden_dim": 16, "encoder_ffn_dim": 16, "d_model": 16,
    "decoder_in_channels": [16, 16, 16], "decoder_ffn_dim": 16, "decoder_layers": 2, "num_queries": 9,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_denoising": 0, "anchor_image_size": None,
}  # fmt: skip


def _rt_detr_v2() -> tuple[Any, Any]:
    config = transformers.RTDetrV2Config(backbone_config=_rt_backbone(), **_RT, **_labels())
    processor = transformers.RTDetrImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return transformers.RTDetrV2ForObjectDetection(config), processor


def _d_fine() -> tuple[Any, Any]:
    config = transformers.DFineConfig(backbone_config=_rt_backbone(), **_RT, **_labels())
    processor = transformers.RTDetrImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return transformers.DFineForObjectDetection(config), processor


def _swin() -> dict[str, Any]:
    return {
        "embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 1, 1], "window_size": 4, "image_size": SIDE,
    }  # fmt: skip


def _mask2former() -> tuple[Any, Any]:
    config = transformers.Mask2FormerConfig(
        backbone_config=transformers.SwinConfig(**_swin(), out_features=["stage1", "stage2", "stage3", "stage4"]),
        feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=32, encoder_layers=1,
        decoder_layers=2, dim_feedforward=32, num_attention_heads=2, num_queries=5, **_labels(),
    )  # fmt: skip  # feature sizes divide by the 32 groups of its normalisation
    processor = transformers.Mask2FormerImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return transformers.Mask2FormerForUniversalSegmentation(config), processor


def tokenizer(words: list[str] = WORDS) -> PreTrainedTokenizerFast:
    """Words and full stops; the pad is not number 0, since OWLv2 takes a text that begins with 0 for none."""
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words, 1)} | {"<zero>": 0}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        model_max_length=16,
    )  # fmt: skip


_TEXT = {
    "vocab_size": len(WORDS) + 1, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 16, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
}  # fmt: skip
_VISION = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIDE,
    "patch_size": 16,
}  # fmt: skip


def _owlv2() -> tuple[Any, Any]:
    config = transformers.Owlv2Config(text_config=_TEXT, vision_config=_VISION, projection_dim=16)
    processor = transformers.Owlv2Processor(
        transformers.Owlv2ImageProcessorPil(size={"height": SIDE, "width": SIDE}), tokenizer()
    )
    return transformers.Owlv2ForObjectDetection(config), processor


def _grounding_dino() -> tuple[Any, Any]:
    text = {**_TEXT, "max_position_embeddings": 64, "model_type": "bert"}
    # With one decoder layer, whose box head is shared, saving fails.
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(**_swin(), out_features=["stage2", "stage3", "stage4"]),
        text_config=transformers.BertConfig(**{k: v for k, v in text.items() if k != "model_type"}),
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, num_queries=6, max_text_len=64,
    )  # fmt: skip
    words = tokenizer()
    words.model_max_length = 64
    processor = transformers.GroundingDinoProcessor(
        transformers.GroundingDinoImageProcessorPil(size={"shortest_edge": SIDE, "longest_edge": 2 * SIDE}), words
    )
    return transformers.GroundingDinoForObjectDetection(config), processor


def _clip() -> tuple[Any, Any]:
    config = transformers.CLIPConfig(text_config=_TEXT, vision_config=_VISION, projection_dim=16)
    size = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    return transformers.CLIPModel(config), transformers.CLIPProcessor(
        transformers.CLIPImageProcessorPil(**size), tokenizer()
    )


def _siglip() -> tuple[Any, Any]:
    config = transformers.SiglipConfig(text_config=_TEXT, vision_config=_VISION)
    processor = transformers.SiglipProcessor(
        transformers.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}), tokenizer()
    )
    return transformers.SiglipModel(config), processor


def _vit() -> tuple[Any, Any]:
    processor = transformers.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return transformers.ViTModel(transformers.ViTConfig(**_VISION), add_pooling_layer=False), processor


def _convnext() -> tuple[Any, Any]:
    config = transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], image_size=SIDE)
    return transformers.ConvNextModel(config), transformers.ConvNextImageProcessorPil(size={"shortest_edge": SIDE})


_MAKERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "detr": _detr, "rt_detr_v2": _rt_detr_v2, "d_fine": _d_fine, "mask2former": _mask2former, "owlv2": _owlv2,
    "grounding_dino": _grounding_dino, "clip": _clip, "siglip": _siglip, "vit": _vit, "convnext": _convnext,
}  # fmt: skip
