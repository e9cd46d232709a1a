"""Contrastive pretraining as an experiment."""
