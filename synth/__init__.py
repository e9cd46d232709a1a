"""A modular synthesizer in JAX: parameters in [0, 1] go in, batches of sounds come out.

Start at `synth.synth` (the instruments), `synth.config` (rate, duration, batch) and `synth.patch`
(saving and loading). The package needs little more than jax and flax, and knows nothing of search,
learning or tracking.
"""
