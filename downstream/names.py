"""The heads by short name, without importing torch: `usg ls heads`, and `class_path` in YAML."""

HEADS: dict[str, str] = {
    "qa": "usg.downstream.qa.QuestionAnswering",
}
