"""How alike the sounds of pairs are to an embedder, and pictures of its space."""
