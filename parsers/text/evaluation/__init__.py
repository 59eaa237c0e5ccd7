"""`usg evaluate text-graph`: parsers of text against gold graphs, floors and hand-checked cases."""
