"""Scene graphs of pictures against gold."""
