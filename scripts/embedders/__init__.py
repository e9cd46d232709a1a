"""Embedders that belong to runs."""
