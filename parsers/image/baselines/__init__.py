"""Baselines beside which a parser is read: colour blobs, mean colours, the frequency prior, and what the gold gives.

    blobs        a detector: regions of one colour, named by how the classes look on average (blobs.py)
    mean-colour  an attribute head: the colour whose mean is nearest to that of the region (colours.py)
    frequency    a relation head: how often two labels are related so in training (frequency.py), frequency-overlap too
    gold         a detector: the regions and labels of a corpus, for PredCls (gold.py)

All but the last learn from the corpus that they are given, in seconds; without one, from the procedural world. On a
command line the corpus stands behind a colon: `--detector gold:world/val --relations frequency:world/train`.
"""
