"""A patch's envelope and pitch, recovered from its sound by gradient descent through the synth.

`targets` draws the patches and the starts near them, `loss` says how far a sound is from its
target, `descent` follows the gradient, `signals` measures what was recovered, `report` writes it
down and `job` is what `experiment=synth/recover` instantiates.
"""
