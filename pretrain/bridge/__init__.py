"""Training of a bridge from the graph encoder into a language model."""
