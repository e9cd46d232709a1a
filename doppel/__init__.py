"""Perturbed pairs of sounds, and audio encoders pretrained on them."""
