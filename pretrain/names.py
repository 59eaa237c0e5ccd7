"""What can be named, without importing torch: `usg ls objectives`, `usg ls tasks`, and `class_path` in YAML."""

OBJECTIVES: dict[str, str] = {
    "masked-node": "usg.pretrain.objectives.MaskedNode",
    "endpoint": "usg.pretrain.objectives.Endpoint",
    "masked-caption": "usg.pretrain.objectives.MaskedCaption",
    "alignment": "usg.pretrain.objectives.Alignment",
}

TASKS: dict[str, str] = {
    "name-hidden": "usg.pretrain.tasks.NameHidden",
    "describe": "usg.pretrain.tasks.Describe",
    "match": "usg.pretrain.tasks.Match",
    "answer": "usg.pretrain.tasks.Answer",
    "tell": "usg.pretrain.tasks.Tell",
}
