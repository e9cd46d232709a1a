"""The job of `eval/similarity`: pairs of a synthesizer as an embedder hears them."""
