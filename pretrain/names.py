"""The objectives by short name, without importing torch: `usg ls objectives`, and `class_path` in YAML."""

OBJECTIVES: dict[str, str] = {
    "masked-node": "usg.pretrain.objectives.MaskedNode",
    "endpoint": "usg.pretrain.objectives.Endpoint",
    "masked-caption": "usg.pretrain.objectives.MaskedCaption",
}
