"""Which parameters of a synthesizer an embedding knows, and how they lie in it."""
