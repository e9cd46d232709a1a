"""Tuning of a search strategy by Bayesian optimisation, and the values that come of it."""
