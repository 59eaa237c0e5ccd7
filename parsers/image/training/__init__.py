"""Training of the embedded image parser on any graphs with boxes: `usg train-parser image`."""
