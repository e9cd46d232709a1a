"""Measures of sample-based instruments: timbre consistency and the adapted CLAP score."""
