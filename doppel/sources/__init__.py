"""Where pairs come from: a synthesizer, recordings, or several of these in any proportion."""
