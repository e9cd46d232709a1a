"""A prompt as a profile of interpretable descriptors: the scorer that needs no model.

Coarse and explainable: see `CAVEAT`, which every place that prints its scores repeats.
"""

from ctag.scorers.acoustic.explanation import CAVEAT, Explanation
from ctag.scorers.acoustic.scorer import AcousticScorer

__all__ = ["CAVEAT", "AcousticScorer", "Explanation"]
