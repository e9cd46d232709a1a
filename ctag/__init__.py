"""Text or a recording to synthesizer parameters, by search (CTAG, Cherep et al., 2024)."""
