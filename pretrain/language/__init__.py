"""A small causal language model, trained on what is said of graphs."""
