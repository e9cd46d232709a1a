"""The job of `ctag/refine`: gradients take over where a search ended."""
