"""Perturbations beyond the isotropic one: by name, in human units, together, or one part alone."""
