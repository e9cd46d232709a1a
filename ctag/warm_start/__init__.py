"""Warm starts: what earlier searches found, or a predictor expects, is where the next begins."""
