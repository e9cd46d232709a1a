"""One cell of an ablation: a search for many prompts, its curves, and what a classifier says."""
