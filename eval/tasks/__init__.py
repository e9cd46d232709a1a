"""Labelled sets of sounds with their own splits, metric and label kind."""
