"""Sets of sounds and labelled tasks that a synthesizer makes, as `eval` asks for them."""
