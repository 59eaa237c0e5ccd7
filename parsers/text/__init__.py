"""Scene graphs from captions, sentences and descriptions."""
