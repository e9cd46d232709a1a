"""The job of `eval/parameters`: which parameters of a synthesizer an embedder hears."""
