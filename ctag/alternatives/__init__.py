"""Alternatives: a grid of different good sounds for a prompt, by quality-diversity search."""
