"""Contrastive pretraining: the loop that Lightning runs, and what it needs of ours."""
