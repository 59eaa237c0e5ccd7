"""Metrics and their uncertainty. Floor 1: NumPy only."""

from usg.metrics.bootstrap import Estimate, mean_interval, paired_difference

__all__ = ["Estimate", "mean_interval", "paired_difference"]
