"""Synthesizer modules, one file a family. Each is a Flax module; a synth is a wiring of them."""
