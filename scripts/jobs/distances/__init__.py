"""The job of `eval/fad`: how far one set of sounds is from another, to an embedder."""
