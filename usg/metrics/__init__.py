"""Metrics and their uncertainty. Floor 1: NumPy only."""

from usg.metrics.bootstrap import Estimate, mean_interval, mean_of_runs, paired_difference, paired_ratio
from usg.metrics.facts import Facts, facts_of
from usg.metrics.ratios import ratio_differences, ratio_intervals
from usg.metrics.spice import SpiceMatcher
from usg.metrics.text_graph import METRICS, TextGraphScores, fact_f1, score_facts, score_graphs
from usg.metrics.wordnet import WordNet, find_wordnet

__all__ = [
    "METRICS",
    "Estimate",
    "Facts",
    "SpiceMatcher",
    "TextGraphScores",
    "WordNet",
    "fact_f1",
    "facts_of",
    "find_wordnet",
    "mean_interval",
    "mean_of_runs",
    "paired_difference",
    "paired_ratio",
    "ratio_differences",
    "ratio_intervals",
    "score_facts",
    "score_graphs",
]
