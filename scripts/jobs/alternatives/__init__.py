"""The job of `ctag/alternatives`: a grid of different good sounds for every prompt."""
