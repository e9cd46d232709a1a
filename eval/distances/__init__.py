"""Distances between sets of sounds, from the vectors that an embedder gives them."""
